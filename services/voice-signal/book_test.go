package voicesignal

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"decentra.local/pkg/bus/bustest"
	"decentra.local/pkg/contract"
)

// TestWhoMovesWhileABookBeginsAnewHasNotLeft: records that are written while a watch
// begins are not among what it finds first.
func TestWhoMovesWhileABookBeginsAnewHasNotLeft(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	nc := bustest.Start(t)("test")
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.CreateKeyValue(t.Context(), contract.VoiceBucket)
	if err != nil {
		t.Fatal(err)
	}
	put := func(n, step int) {
		key := placeKey(fmt.Sprintf("user%d", n))
		if _, err := kv.Put(context.WithoutCancel(t.Context()), key, fmt.Appendf(nil, `{"User":"user%d","Since":%d}`, n, step)); err != nil {
			t.Error(err)
		}
	}
	const people = 16
	for n := range people {
		put(n, 0)
	}

	left := 0
	b := newBook(nc, quiet, nil, func(before, after *place, _ *occasion) {
		if before.stands() && !after.stands() {
			left++
		}
	}, nil)
	stop := make(chan struct{})
	var moving sync.WaitGroup
	moving.Go(func() {
		for step := 1; ; step++ {
			select {
			case <-stop:
				return
			default:
				put(step%people, step)
			}
		}
	})
	for range 100 {
		b.mu.Lock()
		b.complete = len(b.data) > 0
		b.revision = 0
		b.mu.Unlock()
		ctx, cancel := context.WithCancel(t.Context())
		var following sync.WaitGroup
		following.Go(func() { _ = b.follow(ctx) })
		if err := b.until(t.Context(), func() bool { return b.complete && b.revision > 0 && len(b.data) == people }); err != nil {
			t.Fatal(err)
		}
		cancel()
		following.Wait()
	}
	close(stop)
	moving.Wait()
	if left > 0 {
		t.Errorf("%d times somebody was told to have left", left)
	}
}
