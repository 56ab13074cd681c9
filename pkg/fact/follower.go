package fact

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync/atomic"
	"time"

	"decentra.local/pkg/fault"
	"decentra.local/pkg/store"
)

const (
	interval     = 15 * time.Second // between catch-ups when nothing wakes the follower
	fetchTimeout = 5 * time.Second  // of one call of Fetch
	minBackoff   = 50 * time.Millisecond
	maxBackoff   = 5 * time.Second
	logAgain     = time.Minute // a fact that can't be applied is logged this often
)

// FollowerOptions says whose facts to follow and what to do with them. All
// but Log are needed.
type FollowerOptions struct {
	// DB has the tables of FollowerSchema.
	DB *store.DB
	// Source names the owner; each source has its own last number.
	Source string
	// Fetch asks the owner for the facts after a number, in order and as many
	// as it likes to give; none: there are no more.
	Fetch func(ctx context.Context, after int64) ([]Fact, error)
	// Apply makes a fact true here. It must know every kind: one it has no
	// use for is applied by doing nothing.
	Apply func(tx *store.Tx, f Fact) error
	Log   *slog.Logger
}

// Follower applies the facts of one owner, each once and in order.
type Follower struct {
	o       FollowerOptions
	applied atomic.Int64  // at least this number is applied and on disk
	turn    chan struct{} // held by whoever fetches and applies
	wake    chan struct{}
}

// NewFollower makes a follower. It does nothing until Run or UpTo.
func NewFollower(o FollowerOptions) *Follower {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Follower{o: o, turn: make(chan struct{}, 1), wake: make(chan struct{}, 1)}
}

// Wake tells Run that there is probably something new. It never blocks.
func (f *Follower) Wake() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Run keeps up with the owner until ctx ends, then returns nil: at the start,
// when woken, and every 15 seconds. What fails is tried again, after 50 ms at
// first and 5 s at last; no fact is ever skipped. A streak of failures is
// logged once, a fact that can't be applied every minute.
func (f *Follower) Run(ctx context.Context) error {
	var (
		pause    = minBackoff
		failing  bool
		rejected int64     // the last fact logged as such
		logged   time.Time // when
	)
	for {
		err := f.catchUp(ctx, math.MaxInt64)
		if ctx.Err() != nil {
			return nil
		}
		if err == nil {
			if failing {
				f.o.Log.Info("facts are followed again", "source", f.o.Source, "number", f.applied.Load())
			}
			failing, rejected, pause = false, 0, minBackoff
			if !sleep(ctx, interval, f.wake) {
				return nil
			}
			continue
		}
		var rej *rejection
		switch {
		case errors.As(err, &rej):
			if rej.fact.Number != rejected || time.Since(logged) >= logAgain {
				rejected, logged = rej.fact.Number, time.Now()
				f.o.Log.Error("a fact can't be applied, and holds up those after it",
					"source", f.o.Source, "number", rej.fact.Number, "kind", rej.fact.Kind, "error", rej.err)
			}
		case !failing:
			f.o.Log.Warn("facts can't be followed for now", "source", f.o.Source, "error", err)
		}
		failing = true
		if !sleep(ctx, pause, nil) {
			return nil
		}
		pause = min(2*pause, maxBackoff)
	}
}

// UpTo returns when the facts up to number are applied, and fetches them
// itself if they are not; Run need not run. A number the owner doesn't have is
// no error: then all there is has been applied. Errors: fault.Unavailable if
// the owner doesn't answer before ctx ends, or a fact can't be applied.
func (f *Follower) UpTo(ctx context.Context, number int64) error {
	pause := minBackoff
	for number > f.applied.Load() {
		err := f.catchUp(ctx, number)
		if err == nil {
			return nil
		}
		var rej *rejection
		if errors.As(err, &rej) || !sleep(ctx, pause, nil) {
			return fmt.Errorf("%w (facts of %s up to %d: %w)",
				fault.New(fault.Unavailable, "The server is still catching up. Please try again."), f.o.Source, number, err)
		}
		pause = min(2*pause, maxBackoff)
	}
	return nil
}

// Applied is the number of the last fact that tx has applied.
func (f *Follower) Applied(tx *store.Tx) (int64, error) { return lastApplied(tx, f.o.Source) }

// rejection is an error of Apply itself; what the database could not store is
// none.
type rejection struct {
	fact Fact
	err  error
}

func (r *rejection) Error() string {
	return fmt.Sprintf("apply fact %d (%s): %v", r.fact.Number, r.fact.Kind, r.err)
}

func (r *rejection) Unwrap() error { return r.err }

// catchUp fetches and applies until number is reached or the owner has no
// more.
func (f *Follower) catchUp(ctx context.Context, number int64) error {
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if f.applied.Load() >= number {
		return nil // somebody else's turn did it
	}
	var last int64
	err := f.o.DB.View(ctx, func(tx *store.Tx) (err error) {
		last, err = lastApplied(tx, f.o.Source)
		return err
	})
	if err != nil {
		return err
	}
	f.applied.Store(last)
	for last < number {
		facts, err := f.fetch(ctx, last)
		if err != nil {
			return err
		}
		if len(facts) == 0 {
			return nil
		}
		for _, fact := range facts {
			if fact.Number <= last {
				return fmt.Errorf("fetch facts: number %d came after %d", fact.Number, last)
			}
			if err := f.apply(ctx, fact); err != nil {
				return err
			}
			last = fact.Number
			f.applied.Store(last)
		}
	}
	return nil
}

func (f *Follower) fetch(ctx context.Context, after int64) ([]Fact, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	facts, err := f.o.Fetch(ctx, after)
	if err != nil {
		return nil, fmt.Errorf("fetch facts: %w", err)
	}
	return facts, nil
}

func (f *Follower) apply(ctx context.Context, fact Fact) error {
	applying := false
	err := f.o.DB.Update(ctx, func(tx *store.Tx) error {
		last, err := lastApplied(tx, f.o.Source)
		if err != nil {
			return err
		}
		if fact.Number <= last {
			return nil // another process with this database was faster
		}
		applying = true
		err = f.o.Apply(tx, fact)
		applying = false
		if err != nil {
			return &rejection{fact: fact, err: err}
		}
		_, err = tx.Exec(`
			INSERT INTO applied_fact (source, number) VALUES ($1, $2)
			ON CONFLICT (source) DO UPDATE SET number = excluded.number`, f.o.Source, fact.Number)
		if err != nil {
			return fmt.Errorf("store the number of a fact: %w", err)
		}
		return nil
	})
	if err != nil && applying { // it panicked
		return &rejection{fact: fact, err: err}
	}
	return err
}

func lastApplied(tx *store.Tx, source string) (number int64, err error) {
	err = tx.QueryRow(`SELECT number FROM applied_fact WHERE source = $1`, source).Scan(&number)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("read the number of the last fact: %w", err)
	}
	return number, nil
}

// sleep waits, for less if woken, and reports whether ctx goes on.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-wake:
	case <-ctx.Done():
		return false
	}
	return true
}
