package fact_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"decentra.local/pkg/fact"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/store"
)

// pair is an owner and a follower, which notes every fact in a table.
type pair struct {
	owner, db *store.DB
	follower  *fact.Follower
	fetches   atomic.Int64
	page      int                          // facts in one answer; 0: the default
	down      atomic.Bool                  // the owner doesn't answer
	reject    atomic.Pointer[func() error] // what Apply does first
	log       logBuffer
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), part)
}

var noted = store.Migrations{Name: "noted", Files: fstest.MapFS{"00001_noted.sql": &fstest.MapFile{
	Data: []byte("-- +goose Up\nCREATE TABLE noted (position INTEGER PRIMARY KEY, number INTEGER NOT NULL);\n"),
}}}

func newPair(t *testing.T) *pair {
	p := &pair{owner: openStore(t, fact.OutboxSchema), db: openStore(t, fact.FollowerSchema, noted)}
	p.follower = p.newFollower()
	return p
}

func (p *pair) close(t *testing.T) {
	closeStore(t, p.owner)
	closeStore(t, p.db)
}

func (p *pair) newFollower() *fact.Follower {
	return fact.NewFollower(fact.FollowerOptions{
		DB:     p.db,
		Source: "auth",
		Fetch: func(ctx context.Context, after int64) ([]fact.Fact, error) {
			p.fetches.Add(1)
			if p.down.Load() {
				return nil, fault.New(fault.Unavailable, "Down.")
			}
			return list(p.owner, after, p.page)
		},
		Apply: func(tx *store.Tx, f fact.Fact) error {
			if _, err := tx.Exec(`INSERT INTO noted (number) VALUES ($1)`, f.Number); err != nil {
				return err
			}
			if fn := p.reject.Load(); fn != nil && f.Number == 3 {
				return (*fn)()
			}
			return nil
		},
		Log: slog.New(slog.NewTextHandler(&p.log, nil)),
	})
}

// wantApplied checks that exactly the facts 1 to n were applied, in order.
func (p *pair) wantApplied(t *testing.T, n int64) {
	t.Helper()
	err := p.db.View(context.Background(), func(tx *store.Tx) error {
		var count, matching, stored int64
		err := tx.QueryRow(`SELECT COUNT(*), COUNT(CASE WHEN position = number THEN 1 END) FROM noted`).Scan(&count, &matching)
		if err != nil {
			return err
		}
		if err := tx.QueryRow(`SELECT COALESCE(MAX(number), 0) FROM applied_fact WHERE source = 'auth'`).Scan(&stored); err != nil {
			return err
		}
		if count != n || matching != n || stored != n {
			t.Errorf("%d applied, %d of them in place, %d stored; want %d", count, matching, stored, n)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// run runs the follower until the returned function is called.
func (p *pair) run(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.follower.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

// bubble runs a test in its own time, where waiting for 15 s takes none.
func bubble(t *testing.T, fn func(t *testing.T, p *pair)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		defer p.close(t)
		fn(t, p)
	})
}

func TestRunCatchesUpAtStartOnWakeAndInTime(t *testing.T) {
	bubble(t, func(t *testing.T, p *pair) {
		p.page = 2
		appendFacts(t, p.owner, 5)
		stop := p.run(t)
		defer func() { stop() }()
		synctest.Wait()
		p.wantApplied(t, 5)

		appendFacts(t, p.owner, 1)
		synctest.Wait()
		p.wantApplied(t, 5)
		p.follower.Wake()
		p.follower.Wake()
		synctest.Wait()
		p.wantApplied(t, 6)

		appendFacts(t, p.owner, 1)
		time.Sleep(15 * time.Second)
		synctest.Wait()
		p.wantApplied(t, 7)

		// A new process goes on where the last one ended.
		stop()
		p.follower = p.newFollower()
		appendFacts(t, p.owner, 1)
		stop = p.run(t)
		synctest.Wait()
		p.wantApplied(t, 8)
	})
}

func TestRunOutlivesAnOwnerThatIsDown(t *testing.T) {
	bubble(t, func(t *testing.T, p *pair) {
		p.down.Store(true)
		appendFacts(t, p.owner, 2)
		stop := p.run(t)
		defer stop()
		time.Sleep(10 * time.Minute)
		if n := p.fetches.Load(); n < 100 || n > 200 {
			t.Errorf("%d fetches in ten minutes", n)
		}
		p.wantApplied(t, 0)
		p.down.Store(false)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		p.wantApplied(t, 2)
		if down, up := p.log.count("can't be followed"), p.log.count("followed again"); down != 1 || up != 1 {
			t.Errorf("logged %d failures and %d recoveries, want one each", down, up)
		}
	})
}

func TestRejectedFactIsLoggedRetriedAndNeverSkipped(t *testing.T) {
	cases := []struct {
		name string
		fn   func() error
	}{
		{"error", func() error { return errors.New("no such server") }},
		{"coded error", func() error { return fault.New(fault.Unavailable, "Nobody there.") }},
		{"panic", func() error { panic("no such server") }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, p *pair) {
				p.reject.Store(&c.fn)
				appendFacts(t, p.owner, 5)
				stop := p.run(t)
				defer stop()
				time.Sleep(150 * time.Second)
				synctest.Wait()
				p.wantApplied(t, 2)
				if n := p.log.count("level=ERROR msg=\"a fact can't be applied, and holds up those after it\" source=auth number=3 kind=made"); n != 3 {
					t.Errorf("logged %d times in 150 s, want 3", n)
				}
				if err := p.follower.UpTo(t.Context(), 2); err != nil {
					t.Errorf("up to what is applied: %v", err)
				}
				err := p.follower.UpTo(t.Context(), 4)
				if f := fault.Of(err); f == nil || f.Code != fault.Unavailable || f.Message != "The server is still catching up. Please try again." {
					t.Errorf("beyond the rejected one: %v", err)
				}
				p.reject.Store(nil)
				time.Sleep(5 * time.Second)
				synctest.Wait()
				p.wantApplied(t, 5)
			})
		})
	}
}

func TestOwnerOutOfOrderIsNotBelieved(t *testing.T) {
	for name, facts := range map[string][]fact.Fact{
		"descending":                   {{Number: 2}, {Number: 1}},
		"twice":                        {{Number: 1}, {Number: 1}},
		"nothing new, again and again": {{Number: 0}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, p *pair) {
				f := fact.NewFollower(fact.FollowerOptions{
					DB: p.db, Source: "other",
					Fetch: func(context.Context, int64) ([]fact.Fact, error) { return facts, nil },
					Apply: func(*store.Tx, fact.Fact) error { return nil },
				})
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if err := f.UpTo(ctx, 9); !fault.Is(err, fault.Unavailable) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestUpTo(t *testing.T) {
	cases := []struct {
		name    string
		facts   int
		number  int64
		calls   int
		applied int64
		fetches int64
	}{
		{"zero is immediate", 3, 0, 1, 0, 0},
		{"the last", 3, 3, 1, 3, 1},
		{"what is applied needs no fetch", 3, 3, 5, 3, 1},
		{"one in the middle takes its page along", 3, 1, 1, 3, 1},
		{"one the owner doesn't have", 3, 99, 1, 3, 2},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, p *pair) {
				appendFacts(t, p.owner, c.facts)
				for range c.calls {
					if err := p.follower.UpTo(t.Context(), c.number); err != nil {
						t.Error(err)
					}
				}
				p.wantApplied(t, c.applied)
				if n := p.fetches.Load(); n != c.fetches {
					t.Errorf("%d fetches, want %d", n, c.fetches)
				}
			})
		})
	}
	t.Run("waits for an owner that comes back in time", func(t *testing.T) {
		bubble(t, func(t *testing.T, p *pair) {
			appendFacts(t, p.owner, 1)
			p.down.Store(true)
			time.AfterFunc(time.Second, func() { p.down.Store(false) })
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			if err := p.follower.UpTo(ctx, 1); err != nil {
				t.Error(err)
			}
			p.wantApplied(t, 1)
		})
	})
	t.Run("gives up with its context", func(t *testing.T) {
		bubble(t, func(t *testing.T, p *pair) {
			appendFacts(t, p.owner, 1)
			p.down.Store(true)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			err := p.follower.UpTo(ctx, 1)
			if f := fault.Of(err); f == nil || f.Code != fault.Unavailable || f.Message != "The server is still catching up. Please try again." {
				t.Errorf("got %v", err)
			}
			if err := p.follower.UpTo(ctx, 0); err != nil {
				t.Errorf("up to 0: %v", err)
			}
		})
	})
}

func TestEachFactIsAppliedOnceHoweverManyAsk(t *testing.T) {
	p := newPair(t)
	defer p.close(t)
	p.page = 3
	stop := p.run(t)
	second := p.newFollower() // stands for another process with this database
	var wg sync.WaitGroup
	for range 20 {
		number := appendFacts(t, p.owner, 2)
		for _, f := range []*fact.Follower{p.follower, second} {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
				defer cancel()
				if err := f.UpTo(ctx, number); err != nil {
					t.Error(err)
				}
			})
		}
		p.follower.Wake()
	}
	wg.Wait()
	stop()
	p.wantApplied(t, 40)
}

func BenchmarkUpToWhenApplied(b *testing.B) {
	owner, db := openStore(b, fact.OutboxSchema), openStore(b, fact.FollowerSchema)
	defer closeStore(b, owner)
	defer closeStore(b, db)
	number := appendFacts(b, owner, 1)
	f := fact.NewFollower(fact.FollowerOptions{
		DB: db, Source: "auth",
		Fetch: func(_ context.Context, after int64) ([]fact.Fact, error) { return list(owner, after, 0) },
		Apply: func(*store.Tx, fact.Fact) error { return nil },
	})
	b.ReportAllocs()
	for b.Loop() {
		if err := f.UpTo(b.Context(), number); err != nil {
			b.Fatal(err)
		}
	}
}
