package voicesignal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"decentra.local/pkg/bucket"
	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/gather"
)

const (
	// retry is the pause after a failure.
	retry = 250 * time.Millisecond
	// lookout is how often it is looked whether the bucket is still the same.
	lookout = 5 * time.Second
	// solitude is after how many looks for the bucket nobody else seems to be there.
	solitude = 4
	// patience bounds one step with the bucket.
	patience = 3 * time.Second
	// mostLooks is for how many one look at the bucket serves.
	mostLooks = 1000
	// contenders bounds how often a change that lost the race is tried again.
	contenders = 16
)

// Keys of the two kinds of records.
const (
	placePrefix = "place."
	callPrefix  = "call."
)

// book is what the bucket holds, as this replica sees it. Changes go to the bucket
// and come back by the watch, in one order for all replicas.
type book struct {
	nc       *nats.Conn
	log      *slog.Logger
	relinked <-chan struct{}
	// What becomes of a record, nil: there is none. Called one after the other, in
	// the order of the changes; the occasion is the same at all replicas.
	placeChanged func(before, after *place, o *occasion)
	callChanged  func(before, after *call, o *occasion)

	looks *gather.Questions[jetstream.KeyValue, uint64] // how far the bucket is

	missed int // how often there was no bucket; run's own

	mu       sync.Mutex
	kv       jetstream.KeyValue
	epoch    string // tells one bucket from the next
	complete bool   // all that was there has been seen
	data     map[string][]byte
	since    map[string]time.Time // when this replica learnt that a record is as it is
	revision uint64
	changed  chan struct{} // closed and replaced whenever any of it changes
}

func newBook(nc *nats.Conn, log *slog.Logger, relinked <-chan struct{},
	placeChanged func(before, after *place, o *occasion), callChanged func(before, after *call, o *occasion)) *book {
	return &book{nc: nc, log: log, relinked: relinked, placeChanged: placeChanged, callChanged: callChanged,
		data: map[string][]byte{}, since: map[string]time.Time{}, changed: make(chan struct{}),
		looks: gather.New(mostLooks, howFar)}
}

// howFar is how far the bucket is, for all who want to know.
func howFar(all []jetstream.KeyValue) ([]uint64, error) {
	look, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, last, err := bucket.Look(look, all[len(all)-1]) // who had another sees that it is another
	return slices.Repeat([]uint64{last}, len(all)), err
}

// run keeps the book until ctx ends.
func (b *book) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := b.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, bucket.ErrAnew) {
			continue
		}
		if !errors.Is(err, jetstream.ErrBucketNotFound) { // else no gateway has come yet to make it
			b.log.Warn("voice is not known for now", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(retry):
		}
	}
}

// follow opens the bucket and applies what happens in it.
func (b *book) follow(ctx context.Context) error {
	js, err := jetstream.New(b.nc)
	if err != nil {
		return fmt.Errorf("open jetstream: %w", err)
	}
	attempt, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	kv, err := js.KeyValue(attempt, contract.VoiceBucket.Bucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) && b.alone() {
		kv, err = js.CreateKeyValue(attempt, contract.VoiceBucket)
	}
	if err != nil {
		return fmt.Errorf("open the bucket: %w", err)
	}
	b.missed = 0
	epoch, last, err := bucket.Look(attempt, kv)
	if err != nil {
		return err
	}
	if err := b.renew(attempt, kv, epoch); err != nil {
		return err
	}
	watcher, err := kv.WatchAll(ctx)
	if err != nil {
		return fmt.Errorf("watch the bucket: %w", err)
	}
	defer func() { _ = watcher.Stop() }()
	return b.watch(ctx, watcher, kv, epoch, last)
}

// alone reports whether it was looked for the bucket for a while and no gateway made
// it. Then it is made here, once: where services have keys NATS lets gateways alone.
func (b *book) alone() bool {
	b.missed++
	return b.missed == solitude
}

// renew writes what this replica knows to a bucket that is another one than before.
func (b *book) renew(ctx context.Context, kv jetstream.KeyValue, epoch string) error {
	b.mu.Lock()
	known := maps.Clone(b.data)
	anew := b.epoch != "" && b.epoch != epoch
	b.mu.Unlock()
	if anew {
		for key, data := range known {
			if _, err := kv.Create(ctx, key, data); err != nil && !errors.Is(err, jetstream.ErrKeyExists) {
				return fmt.Errorf("write anew: %w", err)
			}
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kv, b.epoch = kv, epoch
	if anew {
		b.revision = 0
	}
	return nil
}

// watch applies what there is in the bucket, which was at the revision last when the
// watch began, and then what happens in it.
func (b *book) watch(ctx context.Context, watcher jetstream.KeyWatcher, kv jetstream.KeyValue, epoch string, last uint64) error {
	look := time.NewTicker(lookout)
	defer look.Stop()
	seen := map[string]bool{} // what there is, until all of it has been seen
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-b.relinked:
			if err := bucket.Same(ctx, kv, epoch); err != nil {
				return err
			}
		case <-look.C:
			if err := bucket.Same(ctx, kv, epoch); err != nil {
				return err
			}
		case entry, ok := <-watcher.Updates():
			switch {
			case !ok:
				return errors.New("the watch ended")
			case entry == nil:
				if err := b.forgetOthers(ctx, kv, seen, last); err != nil {
					return err
				}
				seen = nil
			default:
				if seen != nil {
					seen[entry.Key()] = true
				}
				data := entry.Value()
				if entry.Operation() != jetstream.KeyValuePut {
					data = nil
				}
				b.apply(entry.Key(), data, entry.Revision())
			}
		}
	}
}

// apply takes one change in and has it told, unless it was there before this
// replica.
func (b *book) apply(key string, data []byte, revision uint64) {
	b.mu.Lock()
	before, tell := b.data[key], b.complete
	o := &occasion{name: b.epoch + "." + strconv.FormatUint(revision, 36)}
	switch {
	case data == nil:
		delete(b.data, key)
		delete(b.since, key)
	case string(before) != string(data):
		b.data[key], b.since[key] = data, time.Now()
	}
	b.revision = max(b.revision, revision)
	close(b.changed)
	b.changed = make(chan struct{})
	b.mu.Unlock()
	if !tell || string(before) == string(data) {
		return
	}
	switch {
	case strings.HasPrefix(key, placePrefix):
		b.placeChanged(decode[place](before), decode[place](data), o)
	case strings.HasPrefix(key, callPrefix):
		b.callChanged(decode[call](before), decode[call](data), o)
	}
}

// forgetOthers ends the records that a new watch did not find, and tells those who
// wait for the book. It has everything up to a revision, whose record may be gone.
func (b *book) forgetOthers(ctx context.Context, kv jetstream.KeyValue, seen map[string]bool, last uint64) error {
	b.mu.Lock()
	held := slices.Collect(maps.Keys(b.data))
	b.mu.Unlock()
	gone, err := bucket.Gone(ctx, kv, held, seen)
	if err != nil {
		return err
	}
	for _, key := range gone {
		b.apply(key, nil, 0)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complete, b.revision = true, max(b.revision, last)
	close(b.changed)
	b.changed = make(chan struct{})
	return nil
}

// known is when this replica learnt that a record is as it is; zero: there is none.
func (b *book) known(key string) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.since[key]
}

// old reports whether a record has been as it is for that long. It goes by when this
// replica learnt of that, not by the time in the record: the clocks of replicas may
// differ, and jump.
func (b *book) old(key string, d time.Duration) bool {
	since := b.known(key)
	return !since.IsZero() && time.Since(since) > d
}

// until waits until the condition, for which the lock is held, is true.
func (b *book) until(ctx context.Context, condition func() bool) error {
	for {
		b.mu.Lock()
		met, changed := condition(), b.changed
		b.mu.Unlock()
		if met {
			return nil
		}
		select {
		case <-ctx.Done():
			return fault.New(fault.Unavailable, "Voice is not available right now. Please try again.")
		case <-changed:
		}
	}
}

// loaded waits until the book has everything.
func (b *book) loaded(ctx context.Context) error {
	return b.until(ctx, func() bool { return b.complete })
}

// current waits until the book has everything that any replica has written by now.
// While the bucket is away, it is what this replica knows.
func (b *book) current(ctx context.Context) error {
	kv, err := b.bucket(ctx)
	if err != nil {
		return err
	}
	last, err := b.looks.Ask(ctx, kv)
	if err != nil {
		b.log.Debug("the bucket is away", "error", err)
		return nil
	}
	return b.until(ctx, func() bool { return b.kv != kv || b.revision >= last })
}

func (b *book) bucket(ctx context.Context) (jetstream.KeyValue, error) {
	if err := b.loaded(ctx); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kv, nil
}

// list has the records of one kind, in no order.
func list[T any](b *book, prefix string) []*T {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []*T
	for key, data := range b.data {
		if strings.HasPrefix(key, prefix) {
			if record := decode[T](data); record != nil {
				all = append(all, record)
			}
		}
	}
	return all
}

// lookUp finds a record in the book, nil: there is none.
func lookUp[T any](b *book, key string) *T {
	b.mu.Lock()
	defer b.mu.Unlock()
	return decode[T](b.data[key])
}

// read reads a record as it is now, nil: there is none.
func read[T any](ctx context.Context, b *book, key string) (*T, error) {
	kv, err := b.bucket(ctx)
	if err != nil {
		return nil, err
	}
	record, _, err := readRevision[T](ctx, kv, key)
	return record, err
}

func readRevision[T any](ctx context.Context, kv jetstream.KeyValue, key string) (*T, uint64, error) {
	entry, err := kv.Get(ctx, key)
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
		return nil, 0, nil
	case err != nil:
		return nil, 0, unreachable(err)
	}
	return decode[T](entry.Value()), entry.Revision(), nil
}

// change has decide say what follows a record, and writes that; nil: it stays as it
// is. When somebody was faster it is decided anew. It returns when the book has it.
func change[T any](ctx context.Context, b *book, key string, decide func(before *T) (after *T, err error)) (before, after *T, err error) {
	for range contenders {
		kv, err := b.bucket(ctx)
		if err != nil {
			return nil, nil, err
		}
		before, revision, err := readRevision[T](ctx, kv, key)
		if err != nil {
			return nil, nil, err
		}
		after, err := decide(before)
		if err != nil || after == nil {
			return before, before, err
		}
		data, err := json.Marshal(after)
		if err != nil {
			return nil, nil, fmt.Errorf("encode a record: %w", err)
		}
		if before == nil {
			revision, err = kv.Create(ctx, key, data)
		} else {
			revision, err = kv.Update(ctx, key, data, revision)
		}
		if outrun(err) {
			continue
		}
		if err != nil {
			return nil, nil, unreachable(err)
		}
		return before, after, b.until(ctx, func() bool { return b.revision >= revision })
	}
	return nil, nil, fault.New(fault.Unavailable, "Too much happens at once. Please try again.")
}

// forget takes a record away, unless it has changed since.
func forget(ctx context.Context, b *book, key string) error {
	kv, err := b.bucket(ctx)
	if err != nil {
		return err
	}
	entry, err := kv.Get(ctx, key)
	if err == nil {
		err = kv.Purge(ctx, key, jetstream.LastRevision(entry.Revision()), jetstream.PurgeTTL(contract.VoiceBucket.LimitMarkerTTL))
	}
	if errors.Is(err, jetstream.ErrKeyNotFound) || outrun(err) {
		return nil
	}
	return err
}

// outrun reports whether somebody else changed the record first.
func outrun(err error) bool {
	var refused *jetstream.APIError
	return errors.Is(err, jetstream.ErrKeyExists) ||
		errors.As(err, &refused) && refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence
}

func unreachable(err error) error {
	return fmt.Errorf("%w (%w)", fault.New(fault.Unavailable, "Voice is not available right now. Please try again."), err)
}

func decode[T any](data []byte) *T {
	if data == nil {
		return nil
	}
	record := new(T)
	if err := json.Unmarshal(data, record); err != nil {
		return nil // of a version that we don't know
	}
	return record
}

// occasion names a change, and counts what is told of it.
type occasion struct {
	name string
	told int
}
