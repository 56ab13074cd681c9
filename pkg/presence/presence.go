// Package presence owns who is online, and which connections live. Gateways, which
// hold the connections, keep entries with the names of users (or connections) in a
// JetStream bucket and renew them; an entry that is not renewed ends. Others watch.
// A bucket is a copy of what gateways know and can be lost at any time.
package presence

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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
	// Shared is over how many entries the names of a gateway are spread, so that
	// renewing them costs the same however many they are; 0: each has its own.
	Shared uint32
}

var (
	// Users has who is online.
	Users = Bucket{Name: "presence", Life: 45 * time.Second, Shared: 16}
	// Connections has the connections that are, or were just now, in voice.
	Connections = Bucket{Name: "connections", Life: 15 * time.Second, Lasting: true, Fleeting: true}
)

func (b Bucket) renewal() time.Duration { return b.Life / 3 }

const (
	// retry is the pause after a failure.
	retry = time.Second
	// together is how long it is waited for more changes, to tell them together.
	together = 50 * time.Millisecond
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

// place is the entry that a name is in, at every gateway. Names may have any
// letters, keys may not.
func (b Bucket) place(name string) string {
	if b.Shared == 0 {
		return base64.RawURLEncoding.EncodeToString([]byte(name))
	}
	return strconv.Itoa(int(crc32.ChecksumIEEE([]byte(name)) % b.Shared))
}

// names are those in an entry.
func (b Bucket) names(key string, value []byte) (names []string, err error) {
	if b.Shared == 0 {
		name, err := base64.RawURLEncoding.DecodeString(placeOf(key))
		return []string{string(name)}, err
	}
	if len(value) > 0 {
		err = json.Unmarshal(value, &names)
	}
	return names, err
}

// value is what an entry has of its names.
func (b Bucket) value(names set) ([]byte, error) {
	if b.Shared == 0 {
		return nil, nil
	}
	return json.Marshal(slices.Collect(maps.Keys(names)))
}

// set are names, of users or of connections. What follows speaks of users.
type set map[string]struct{}

func placeOf(key string) string {
	place, _, _ := strings.Cut(key, ".")
	return place
}

func gatewayOf(key string) string {
	_, gateway, _ := strings.Cut(key, ".")
	return gateway
}

// Keep maintains the entries of one gateway until ctx ends, then removes them,
// unless they are lasting.
// Changed is woken when the users online here may have changed; users lists them.
func (b Bucket) Keep(ctx context.Context, nc *nats.Conn, gateway string, changed <-chan struct{}, users func() map[string]bool, log *slog.Logger) {
	kept := entries{bucket: b, gateway: gateway}
	for ctx.Err() == nil {
		kv, err := open(ctx, nc, b.create, log)
		if err != nil {
			break
		}
		kept.written, kept.revision = map[string]written{}, 0
		links := nc.Stats().Reconnects
		for err == nil {
			if now := nc.Stats().Reconnects; now != links {
				break // what was written may be lost with the server
			}
			err = kept.update(ctx, kv, users())
			if err != nil {
				break
			}
			select {
			case <-ctx.Done():
				err = ctx.Err()
			case <-changed:
				err = sleep(ctx, together)
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
			_ = kept.update(farewell, kv, nil) // else the entries end by themselves
		}
	}
}

// entries are what a gateway has written.
type entries struct {
	bucket   Bucket
	gateway  string
	written  map[string]written // by place
	revision uint64             // of the last one
}

type written struct {
	names set
	at    time.Time
}

// update writes what has changed or is old, and removes what is there no more.
func (e *entries) update(ctx context.Context, kv jetstream.KeyValue, online map[string]bool) error {
	now := time.Now()
	places := map[string]set{}
	for user := range online {
		place := e.bucket.place(user)
		if places[place] == nil {
			places[place] = make(set, len(e.written[place].names))
		}
		places[place][user] = struct{}{}
	}
	for place, names := range places {
		if last := e.written[place]; maps.Equal(last.names, names) && now.Sub(last.at) < e.bucket.renewal() {
			continue
		}
		value, err := e.bucket.value(names)
		if err != nil {
			return fmt.Errorf("encode presence: %w", err)
		}
		revision, err := kv.Put(ctx, place+"."+e.gateway, value)
		if err != nil {
			return fmt.Errorf("put presence: %w", err)
		}
		if revision <= e.revision {
			return bucket.ErrAnew
		}
		e.written[place], e.revision = written{names, now}, revision
	}
	for place := range e.written {
		if places[place] != nil {
			continue
		}
		if err := kv.Delete(ctx, place+"."+e.gateway); err != nil && !errors.Is(err, jetstream.ErrKeyNotFound) {
			return fmt.Errorf("delete presence: %w", err)
		}
		delete(e.written, place)
	}
	return nil
}

// Roster is who is online, as a watcher sees it.
type Roster struct {
	bucket  Bucket
	mu      sync.RWMutex
	entries map[string]map[string]set // by place and gateway
	lapsed  map[string]time.Time      // gateways that renew nothing any more
	change  Change
	version atomic.Uint64
}

// Change is told of users that came, or that went. The revision, together with the
// user, names the occasion: the same for all watchers, and 0 for who is no more in
// a bucket that was looked at anew.
type Change func(users []string, online bool, revision uint64)

// Roster makes a roster; change is called, one after the other, when somebody
// came or went.
func (b Bucket) Roster(change Change) *Roster {
	return &Roster{bucket: b, entries: map[string]map[string]set{}, lapsed: map[string]time.Time{}, change: change}
}

// Version grows with every change of who is online. What was looked up after one was
// read is at least as new.
func (r *Roster) Version() uint64 { return r.version.Load() }

// Online reports whether a user has a connection somewhere. When one entry of a
// gateway ran out, the others soon will: they count no more.
func (r *Roster) Online(user string) bool {
	place := r.bucket.place(user)
	r.mu.RLock()
	defer r.mu.RUnlock()
	for gateway, names := range r.entries[place] {
		if _, here := names[user]; !here {
			continue
		}
		if _, lapsed := r.lapsed[gateway]; !lapsed {
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
	gateway := gatewayOf(key)
	switch {
	case operation == jetstream.KeyValuePut:
		if _, lapsed := r.lapsed[gateway]; lapsed {
			delete(r.lapsed, gateway)
			r.version.Add(1)
		}
	case operation == jetstream.KeyValuePurge && r.entries[placeOf(key)][gateway] != nil:
		now := time.Now()
		maps.DeleteFunc(r.lapsed, func(_ string, since time.Time) bool { return now.Sub(since) > 2*r.bucket.Life })
		r.lapsed[gateway] = now
		r.version.Add(1)
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
			names, err := r.bucket.names(entry.Key(), entry.Value())
			if err != nil {
				continue // not a gateway's
			}
			r.note(entry.Key(), entry.Operation())
			r.apply(entry.Key(), names, online, entry.Revision())
		}
	}
}

// forgetOthers ends the entries that a new watch did not find any more.
func (r *Roster) forgetOthers(ctx context.Context, kv jetstream.KeyValue, seen map[string]bool) error {
	r.mu.RLock()
	var held []string
	for place, gateways := range r.entries {
		for gateway := range gateways {
			held = append(held, place+"."+gateway)
		}
	}
	r.mu.RUnlock()
	gone, err := bucket.Gone(ctx, kv, held, seen)
	for _, key := range gone {
		r.apply(key, nil, false, 0)
	}
	return err
}

// apply takes in what is in an entry now, or was in one that is over, and tells
// who came and who went with that.
func (r *Roster) apply(key string, names []string, online bool, revision uint64) {
	place, gateway := placeOf(key), gatewayOf(key)
	named := make(set, len(names))
	for _, name := range names {
		named[name] = struct{}{}
	}
	r.mu.Lock()
	before, now := r.entries[place][gateway], named
	if !online {
		now = nil
		if r.bucket.Fleeting {
			before = named
		}
	}
	r.enter(place, gateway, nil)
	came, went := r.gained(place, before, now), r.gained(place, now, before)
	r.enter(place, gateway, now)
	if len(came)+len(went) > 0 {
		r.version.Add(1)
	}
	r.mu.Unlock()
	if len(came) > 0 {
		r.change(came, true, revision)
	}
	if len(went) > 0 {
		r.change(went, false, revision)
	}
}

// enter makes names those of an entry. The lock is held.
func (r *Roster) enter(place, gateway string, names set) {
	if len(names) > 0 {
		if r.entries[place] == nil {
			r.entries[place] = map[string]set{}
		}
		r.entries[place][gateway] = names
		return
	}
	delete(r.entries[place], gateway)
	if len(r.entries[place]) == 0 {
		delete(r.entries, place)
	}
}

// gained are the names that are in b, but neither in a nor in any entry of their
// place. The lock is held.
func (r *Roster) gained(place string, a, b set) (gained []string) {
	for name := range b {
		_, known := a[name]
		for _, elsewhere := range r.entries[place] {
			if known {
				break
			}
			_, known = elsewhere[name]
		}
		if !known {
			gained = append(gained, name)
		}
	}
	return gained
}
