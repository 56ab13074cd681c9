// Package await waits for something to become true, with a deadline.
package await

import (
	"context"
	"testing"
	"time"
)

// Patience is how long a test waits for what should happen soon.
const Patience = 30 * time.Second

// period is how often a condition is looked at.
const period = 10 * time.Millisecond

// Until asks check until it returns nil, and ends the test with its last error
// when that takes longer than limit.
func Until(tb testing.TB, limit time.Duration, what string, check func() error) {
	tb.Helper()
	if err := Try(limit, check); err != nil {
		tb.Fatalf("%s: not within %s: %v", what, limit, err)
	}
}

// Try is Until for what may fail: it returns check's last error.
func Try(limit time.Duration, check func() error) error {
	started := time.Now()
	for {
		err := check()
		if err == nil || time.Since(started) > limit {
			return err
		}
		Pause(context.Background(), period)
	}
}

// Pause lets time pass, less if ctx ends, and reports whether ctx goes on.
func Pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
