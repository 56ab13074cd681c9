// Package presence owns who is online, and which connections live. Gateways, which
// hold the connections, keep an entry per user (or connection) and gateway in a
// JetStream bucket and renew it; an entry that is not renewed ends. Others watch.
// A bucket is a copy of what gateways know and can be lost at any time.
package presence

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"decentra.local/pkg/bucket"
)

// Bucket is one kind of entries. Gateways make it, others find it.
type Bucket struct {
	Name string
	// Life is how long an entry stands without being renewed, which happens three
	// times as often.
	Life time.Duration
	// Lasting: the entries of a gateway that stops end by themselves; whoever they
	// are about has that long to come back elsewhere.
	Lasting bool
	// Fleeting: an entry may be gone before a watcher saw it; its end is told all
	// the same.
	Fleeting bool
}

var (
	// Users has who is online.
	Users = Bucket{Name: "presence", Life: 45 * time.Second}
	// Connections has the connections that are, or were just now, in voice.
	Connections = Bucket{Name: "connections", Life: 15 * time.Second, Lasting: true, Fleeting: true}
)

func (b Bucket) renewal() time.Duration { return b.Life / 3 }

const (
	// retry is the pause after a failure.
	retry = time.Second
	// look is how often a watcher looks for a bucket that is not there yet.
	look = 200 * time.Millisecond
)

// access is how the bucket is got: create or find.
type access func(context.Context, jetstream.JetStream) (jetstream.KeyValue, error)

// create makes the bucket, for gateways.
func (b Bucket) create(ctx context.Context, js jetstream.JetStream) (jetstream.KeyValue, error) {
	return js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: b.Name, History: 1, TTL: b.Life, LimitMarkerTTL: b.Life, Storage: jetstream.MemoryStorage,
	})
}

// find takes the bucket as it is, for watchers.
func (b Bucket) find(ctx context.Context, js jetstream.JetStream) (jetstream.KeyValue, error) {
	return js.KeyValue(ctx, b.Name)
}

// open gets the bucket, however long it takes, until ctx ends.
func open(ctx context.Context, nc *nats.Conn, get access, log *slog.Logger) (jetstream.KeyValue, error) {
	logged := false
	for {
		js, err := jetstream.New(nc)
		if err == nil {
			var kv jetstream.KeyValue
			attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
			kv, err = get(attempt, js)
			cancel()
			if err == nil {
				return kv, nil
			}
		}
		pause := retry
		if errors.Is(err, jetstream.ErrBucketNotFound) {
			pause = look // no gateway has come yet: nobody is online
		} else if !logged {
			log.Warn("presence is not known for now", "error", err)
			logged = true
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// key is the entry of a user at a gateway: user names may have any letters, keys
// may not. What follows speaks of users; they may as well be connections.
func key(user, gateway string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(user)) + "." + gateway
}

func userOf(key string) (string, bool) {
	name, _, ok := strings.Cut(key, ".")
	user, err := base64.RawURLEncoding.DecodeString(name)
	return string(user), ok && err == nil
}

func gatewayOf(key string) string {
	_, gateway, _ := strings.Cut(key, ".")
	return gateway
}

// Keep maintains the entries of one gateway until ctx ends, then removes them,
// unless they are lasting.
// Changed is woken when the users online here may have changed; users lists them.
func (b Bucket) Keep(ctx context.Context, nc *nats.Conn, gateway string, changed <-chan struct{}, users func() map[string]bool, log *slog.Logger) {
	kept := entries{}
	for ctx.Err() == nil {
		kv, err := open(ctx, nc, b.create, log)
		if err != nil {
			break
		}
		kept = entries{renewal: b.renewal(), written: map[string]time.Time{}}
		links := nc.Stats().Reconnects
		for err == nil {
			if now := nc.Stats().Reconnects; now != links {
				break // what was written may be lost with the server
			}
			err = kept.update(ctx, kv, gateway, users())
			if err != nil {
				break
			}
			select {
			case <-ctx.Done():
				err = ctx.Err()
			case <-changed:
			case <-time.After(b.renewal() / 3):
			}
		}
		if err != nil && ctx.Err() == nil {
			log.Warn("presence not written", "error", err)
			_ = sleep(ctx, retry) // ended by the loop's condition
		}
	}
	if b.Lasting {
		return
	}
	farewell, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if js, err := jetstream.New(nc); err == nil {
		if kv, err := js.KeyValue(farewell, b.Name); err == nil {
			_ = kept.update(farewell, kv, gateway, nil) // else the entries end by themselves
		}
	}
}

// entries are what a gateway has written.
type entries struct {
	renewal  time.Duration
	written  map[string]time.Time // by user
	revision uint64               // of the last one
}

// update writes what is missing or old, and removes what is there no more.
func (e *entries) update(ctx context.Context, kv jetstream.KeyValue, gateway string, online map[string]bool) error {
	now := time.Now()
	for user := range online {
		if written, ok := e.written[user]; ok && now.Sub(written) < e.renewal {
			continue
		}
		revision, err := kv.Put(ctx, key(user, gateway), nil)
		if err != nil {
			return fmt.Errorf("put presence: %w", err)
		}
		if revision <= e.revision {
			return bucket.ErrAnew
		}
		e.written[user], e.revision = now, revision
	}
	for user := range e.written {
		if online[user] {
			continue
		}
		if err := kv.Delete(ctx, key(user, gateway)); err != nil && !errors.Is(err, jetstream.ErrKeyNotFound) {
			return fmt.Errorf("delete presence: %w", err)
		}
		delete(e.written, user)
	}
	return nil
}

// Roster is who is online, as a watcher sees it.
type Roster struct {
	bucket  Bucket
	mu      sync.RWMutex
	entries map[string]map[string]bool // user, gateway keys
	lapsed  map[string]time.Time       // gateways that renew nothing any more
	change  func(user string, online bool, revision uint64)
}

// Roster makes a roster; change is called, one after the other, when somebody
// came or went. The revision names the occasion: the same for all watchers, and 0
// for who is no more in a bucket that was looked at anew.
func (b Bucket) Roster(change func(user string, online bool, revision uint64)) *Roster {
	return &Roster{bucket: b, entries: map[string]map[string]bool{}, lapsed: map[string]time.Time{}, change: change}
}

// Online reports whether a user has a connection somewhere. When one entry of a
// gateway ran out, the others soon will: they count no more.
func (r *Roster) Online(user string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for key := range r.entries[user] {
		if _, lapsed := r.lapsed[gatewayOf(key)]; !lapsed {
			return true
		}
	}
	return false
}

// note takes in whether the gateway of an entry renews what it has. Entries that
// are taken away are deleted; those that run out are purged.
func (r *Roster) note(key string, operation jetstream.KeyValueOp) {
	r.mu.Lock()
	defer r.mu.Unlock()
	user, _ := userOf(key)
	switch {
	case operation == jetstream.KeyValuePut:
		delete(r.lapsed, gatewayOf(key))
	case operation == jetstream.KeyValuePurge && r.entries[user][key]:
		now := time.Now()
		maps.DeleteFunc(r.lapsed, func(_ string, since time.Time) bool { return now.Sub(since) > 2*r.bucket.Life })
		r.lapsed[gatewayOf(key)] = now
	}
}

// Start watches until stop is called.
func (r *Roster) Start(ctx context.Context, nc *nats.Conn, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { r.run(ctx, nc, log) })
	return func() {
		cancel()
		running.Wait()
	}
}

func (r *Roster) run(ctx context.Context, nc *nats.Conn, log *slog.Logger) {
	for ctx.Err() == nil {
		kv, err := open(ctx, nc, r.bucket.find, log)
		if err != nil {
			return
		}
		if err := r.watch(ctx, kv); err != nil && ctx.Err() == nil {
			log.Warn("presence not watched", "error", err)
			_ = sleep(ctx, retry) // ended by the loop's condition
		}
	}
}

func (r *Roster) watch(ctx context.Context, kv jetstream.KeyValue) error {
	watcher, err := kv.WatchAll(ctx)
	if err != nil {
		return fmt.Errorf("watch presence: %w", err)
	}
	defer func() { _ = watcher.Stop() }()
	seen := map[string]bool{} // the entries there when the watch began
	replaying := true
	// A bucket that was lost and made anew is not noticed by its watchers.
	check := time.NewTicker(r.bucket.renewal())
	defer check.Stop()
	epoch, _, err := bucket.Look(ctx, kv)
	if err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-check.C:
			if err := bucket.Same(ctx, kv, epoch); err != nil {
				return err
			}
		case entry, ok := <-watcher.Updates():
			if !ok {
				return errors.New("the watch ended")
			}
			if entry == nil {
				replaying = false
				if err := r.forgetOthers(ctx, kv, seen); err != nil {
					return err
				}
				continue
			}
			online := entry.Operation() == jetstream.KeyValuePut
			if replaying && online {
				seen[entry.Key()] = true
			}
			r.note(entry.Key(), entry.Operation())
			r.apply(entry.Key(), online, entry.Revision())
		}
	}
}

// forgetOthers ends the entries that a new watch did not find any more.
func (r *Roster) forgetOthers(ctx context.Context, kv jetstream.KeyValue, seen map[string]bool) error {
	r.mu.RLock()
	var held []string
	for _, keys := range r.entries {
		held = slices.AppendSeq(held, maps.Keys(keys))
	}
	r.mu.RUnlock()
	gone, err := bucket.Gone(ctx, kv, held, seen)
	for _, key := range gone {
		r.apply(key, false, 0)
	}
	return err
}

func (r *Roster) apply(key string, online bool, revision uint64) {
	user, ok := userOf(key)
	if !ok {
		return
	}
	r.mu.Lock()
	keys := r.entries[user]
	before := len(keys) > 0
	if online {
		if keys == nil {
			keys = map[string]bool{}
			r.entries[user] = keys
		}
		keys[key] = true
	} else {
		delete(keys, key)
		if len(keys) == 0 {
			delete(r.entries, user)
		}
	}
	after := len(r.entries[user]) > 0
	r.mu.Unlock()
	if before != after || !online && r.bucket.Fleeting {
		r.change(user, after, revision)
	}
}
