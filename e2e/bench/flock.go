package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/pkg/wire"
)

// flock is everybody in one channel, all of whom come back when their connection is
// lost, as the page does.
type flock struct {
	url     string
	place   client.Place
	birds   []*bird
	running sync.WaitGroup
	writing sync.WaitGroup
	putOff  atomic.Int64          // logins and questions that were to be tried again
	longest atomic.Int64          // time until a message was acknowledged
	err     atomic.Pointer[error] // the first
}

// bird is one of them.
type bird struct {
	*flock
	token  string
	number int
	link   atomic.Pointer[link] // nil: there is none
	held   atomic.Int64         // the number of the last change it has
	since  atomic.Int64         // the time since epoch when it had caught up; 0: it has not

	said         atomic.Int64 // a writer's last message
	heard        atomic.Int64 // and the last that was acknowledged
	acknowledged chan struct{}
}

const (
	// As the page's.
	firstBackoff = 400 * time.Millisecond
	lastBackoff  = 20 * time.Second
	// lostAfter is how long all may take to be there.
	lostAfter = 2 * time.Minute
)

// newFlock lets people come, and come back, until ctx ends.
func newFlock(ctx context.Context, s *system, p people) *flock {
	f := &flock{url: s.url, place: p.place}
	for n, token := range p.tokens {
		f.birds = append(f.birds, &bird{flock: f, token: token, number: n, acknowledged: make(chan struct{}, 1)})
	}
	f.running.Go(func() {
		for n, r := range f.birds {
			f.running.Go(func() { r.live(ctx) })
			if n%atOnce == 0 {
				await.Pause(ctx, 10*time.Millisecond)
			}
		}
	})
	return f
}

func (f *flock) fail(err error) error {
	f.err.CompareAndSwap(nil, &err)
	return err
}

// await waits until all have caught up after a moment, and returns when each had.
func (f *flock) await(t *testing.T, what string, moment time.Duration) []time.Duration {
	t.Helper()
	var back []time.Duration
	await.Until(t, lostAfter, what, func() error {
		if err := f.err.Load(); err != nil {
			t.Fatal(*err)
		}
		back = back[:0]
		for _, r := range f.birds {
			if since := time.Duration(r.since.Load()); since > moment {
				back = append(back, since)
			}
		}
		if len(back) < len(f.birds) {
			return fmt.Errorf("%d of %d", len(back), len(f.birds))
		}
		return nil
	})
	slices.Sort(back)
	return back
}

// awaitAll waits until everybody has everything that was said.
func (f *flock) awaitAll(t *testing.T) {
	t.Helper()
	said := int64(f.saidByAll())
	await.Until(t, lostAfter, "everybody has everything", func() error {
		if err := f.err.Load(); err != nil {
			t.Fatal(*err)
		}
		for n, r := range f.birds {
			if held := r.held.Load(); held != said {
				return fmt.Errorf("client %d holds %d of %d messages", n, held, said)
			}
		}
		return nil
	})
}

func (f *flock) saidByAll() (n int) {
	for _, r := range f.birds {
		n += int(r.said.Load())
	}
	return n
}

// write lets the first few write until ctx ends and their last message is
// acknowledged.
func (f *flock) write(ctx context.Context, writers int) {
	for _, r := range f.birds[:writers] {
		f.writing.Go(func() {
			for ctx.Err() == nil {
				said := time.Now()
				r.said.Add(1)
				r.say()
				select {
				case <-r.acknowledged:
				case <-time.After(lostAfter):
					_ = f.fail(fmt.Errorf("message %d of client %d was not acknowledged", r.said.Load(), r.number))
					return
				}
				took := int64(time.Since(said))
				for before := f.longest.Load(); took > before && !f.longest.CompareAndSwap(before, took); before = f.longest.Load() {
				}
				await.Pause(ctx, restartPace)
			}
		})
	}
}

// live comes back after a lost connection, after a little longer each time.
func (r *bird) live(ctx context.Context) {
	for attempt := 0; ctx.Err() == nil; attempt++ {
		l, err := connect(ctx, r.url, "", r.token)
		var refused *notEntered
		switch {
		case err == nil:
			attempt = 0
			stop := context.AfterFunc(ctx, func() { _ = l.conn.Close() })
			r.link.Store(l)
			r.follow(ctx, l)
			r.link.Store(nil)
			r.since.Store(0)
			stop()
			_ = l.conn.Close()
		case errors.As(err, &refused) && !bytes.Contains(refused.answer, unavailable):
			_ = r.fail(err)
			return
		case refused != nil:
			r.putOff.Add(1)
		}
		await.Pause(ctx, backoff(attempt))
	}
}

func backoff(attempt int) time.Duration {
	full := min(lastBackoff, firstBackoff<<min(attempt, 10))
	return full/2 + rand.N(full/2)
}

// follow takes what comes until the connection is lost.
func (r *bird) follow(ctx context.Context, l *link) {
	newest := int64(0) // change that came while older ones are asked for
	asked, tries := true, 0
	for err := r.ask(l); err == nil; {
		var frame []byte
		if frame, err = l.next(); err != nil {
			return
		}
		switch {
		case bytes.HasPrefix(frame, messageFrame):
			seq := seqOf(frame)
			if asked {
				newest = max(newest, seq)
			} else if err = r.hold(seq); err == nil {
				r.acknowledge(frame)
			}
		case bytes.HasPrefix(frame, okFrame):
			r.acknowledge(frame)
		case bytes.HasPrefix(frame, changesFrame):
			if err = r.take(frame); err != nil {
				break
			}
			if asked = newest > r.held.Load(); asked {
				err = r.ask(l)
				break
			}
			r.since.CompareAndSwap(0, int64(time.Since(epoch)))
			r.say()
		case bytes.HasPrefix(frame, resyncFrame):
			if err = l.send([]byte(`{"type":"resync"}`)); err == nil {
				asked = true
				err = r.ask(l)
			}
		case bytes.HasPrefix(frame, errorFrame):
			if bytes.Contains(frame, writerID) || !bytes.Contains(frame, unavailable) {
				err = r.fail(fmt.Errorf("refused: %.200s", frame))
				break
			}
			r.putOff.Add(1)
			await.Pause(ctx, backoff(tries))
			tries++
			err = r.ask(l)
		}
	}
}

func (r *bird) ask(l *link) error {
	return l.send(fmt.Appendf(nil, `{"type":"get_changes","context":%q,"context_id":%q,"after":%d}`, r.place.Context, r.place.ID, r.held.Load()))
}

// hold takes the next change. One that it has already may come once more; a hole is
// a loss.
func (r *bird) hold(seq int64) error {
	held := r.held.Load()
	if seq > held+1 {
		return r.fail(fmt.Errorf("client %d got change %d after %d", r.number, seq, held))
	}
	r.held.Store(max(held, seq))
	return nil
}

// take takes the changes that were asked for.
func (r *bird) take(frame []byte) error {
	var changes wire.Changes
	if err := json.Unmarshal(frame, &changes); err != nil || changes.Reset {
		return r.fail(fmt.Errorf("the changes can't be used: %v, %.200s", err, frame))
	}
	for _, m := range changes.Messages {
		if err := r.hold(m.Seq); err != nil {
			return err
		}
	}
	if held := r.held.Load(); held < changes.Seq {
		return r.fail(fmt.Errorf("client %d got changes up to %d of %d", r.number, held, changes.Seq))
	}
	r.acknowledge(frame)
	return nil
}

// nonce is that of the last message it wrote.
func (r *bird) nonce() []byte { return fmt.Appendf(nil, `"nonce":"%d-%d"`, r.number, r.said.Load()) }

// say sends the last message, unless it was acknowledged. One that gets lost is sent
// again on the next connection.
func (r *bird) say() {
	l := r.link.Load()
	if l == nil || r.said.Load() == r.heard.Load() {
		return
	}
	_ = l.send(fmt.Appendf(nil, `{"type":"message","content":%q,"context":%q,"context_id":%q,%s,%s}`,
		content, r.place.Context, r.place.ID, writerID, r.nonce()))
}

// acknowledge looks for the last message in a frame.
func (r *bird) acknowledge(frame []byte) {
	if said := r.said.Load(); said != r.heard.Load() && bytes.Contains(frame, r.nonce()) {
		r.heard.Store(said)
		r.acknowledged <- struct{}{}
	}
}

var (
	seqField    = []byte(`"seq":`)
	unavailable = []byte(`"code":"unavailable"`)
	// writerID marks a message, and its answer.
	writerID = []byte(`"request_id":"w"`)
)

// seqOf is the number of the change that an event tells of.
func seqOf(event []byte) int64 {
	_, rest, _ := bytes.Cut(event, seqField)
	end := bytes.IndexAny(rest, ",}")
	n, _ := strconv.ParseInt(string(rest[:max(end, 0)]), 10, 64) // 0 holds nothing
	return n
}
