// Package bucket owns what watchers of a JetStream bucket need that keep a copy of
// it: whether it is still the same one, and what is gone when a watch begins anew.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// patience bounds one look.
const patience = 3 * time.Second

// ErrAnew says that a bucket is not the one it was: it was lost and made anew, its
// revisions begin again, and its watchers are told nothing of that.
var ErrAnew = errors.New("the bucket was made anew")

// Look tells one bucket from the next, and how far this one is.
func Look(ctx context.Context, kv jetstream.KeyValue) (epoch string, last uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	status, err := kv.Status(ctx)
	if err != nil {
		return "", 0, fmt.Errorf("look at the bucket: %w", err)
	}
	detailed, ok := status.(*jetstream.KeyValueBucketStatus)
	if !ok {
		return "", 0, errors.New("the bucket is none of JetStream's")
	}
	info := detailed.StreamInfo()
	return strconv.FormatInt(info.Created.UnixNano(), 36), info.State.LastSeq, nil
}

// Same is ErrAnew if the bucket is another than that of the epoch, or none.
func Same(ctx context.Context, kv jetstream.KeyValue, epoch string) error {
	now, _, err := Look(ctx, kv)
	if err == nil && now != epoch || errors.Is(err, jetstream.ErrBucketNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
		return ErrAnew
	}
	return err
}

// Gone picks, of the keys that a watcher holds, those that are there no more: it has
// seen what a new watch found first. What was written while that began comes yet.
func Gone(ctx context.Context, kv jetstream.KeyValue, held []string, seen map[string]bool) ([]string, error) {
	var gone []string
	for _, key := range held {
		if seen[key] {
			continue
		}
		_, err := kv.Get(ctx, key)
		switch {
		case errors.Is(err, jetstream.ErrKeyNotFound):
			gone = append(gone, key)
		case err != nil:
			return nil, fmt.Errorf("look for a record: %w", err)
		}
	}
	slices.Sort(gone)
	return gone, nil
}
