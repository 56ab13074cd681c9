package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"decentra.local/pkg/sequence"
)

const (
	maxQueue = 1024 // Update calls that wait; more block with their context
	maxBatch = 256  // functions in one transaction
	// After a transaction that busyBatch functions or more shared, and while fewer
	// wait than those were, the next is put off for half as long as it took, at most
	// for mostRest: where much is written at the same time, more of it shares a sync.
	busyBatch = 8
	mostRest  = time.Millisecond
)

// writer owns the writing connection. Its goroutine takes whatever has queued
// while the last transaction was committed and commits it as the next one.
type writer struct {
	log  *slog.Logger
	pool *sql.DB

	queue    chan *job
	closing  chan struct{}
	stopped  chan struct{}
	stopOnce sync.Once

	s *session // nil: to be opened anew; the goroutine's own

	metrics            *metrics
	commits, functions atomic.Uint64
	commitTime         atomic.Int64
}

// A job is taken either by the writer or, when its context ends first, back by
// its caller.
const (
	waiting int32 = iota
	taken
	abandoned
)

type job struct {
	ctx   context.Context
	fn    func(tx *Tx) error
	state atomic.Int32
	tx    Tx
	err   error
	done  chan struct{} // closed once err is final
}

func startWriter(ctx context.Context, pool *sql.DB, r prometheus.Registerer, log *slog.Logger) (*writer, error) {
	s, err := openSession(ctx, pool)
	if err != nil {
		return nil, err
	}
	w := &writer{
		log:     log,
		pool:    pool,
		queue:   make(chan *job, maxQueue),
		closing: make(chan struct{}),
		stopped: make(chan struct{}),
		s:       s,
	}
	w.metrics = newMetrics(r, func() float64 { return float64(len(w.queue)) })
	go w.loop()
	return w, nil
}

func (w *writer) update(ctx context.Context, fn func(tx *Tx) error) error {
	select {
	case <-w.closing:
		return errClosed()
	default:
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("wait for the database writer: %w", err)
	}
	j := &job{ctx: ctx, fn: fn, done: make(chan struct{})}
	select {
	case w.queue <- j:
		sequence.Yield(ctx)
	case <-ctx.Done():
		return fmt.Errorf("wait for the database writer: %w", ctx.Err())
	case <-w.closing:
		return errClosed()
	}
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		if j.state.CompareAndSwap(waiting, abandoned) {
			return fmt.Errorf("wait for the database writer: %w", ctx.Err())
		}
	case <-w.stopped:
		// It was queued after the writer had emptied the queue for the last time.
		if j.state.CompareAndSwap(waiting, abandoned) {
			return errClosed()
		}
	}
	<-j.done
	return j.err
}

func (w *writer) loop() {
	defer close(w.stopped)
	batch := make([]*job, 0, maxBatch)
	var took time.Duration // by the last transaction
	for {
		select {
		case j := <-w.queue:
			runtime.Gosched() // whoever is about to queue something comes along
			if len(batch) >= busyBatch && 1+len(w.queue) < len(batch) {
				time.Sleep(min(took/2, mostRest))
			}
			batch = w.gather(append(batch[:0], j))
			start := time.Now()
			w.run(batch)
			took = time.Since(start)
			clear(batch)
		case <-w.closing:
			for {
				batch = w.gather(batch[:0])
				if len(batch) == 0 {
					return
				}
				w.run(batch)
			}
		}
	}
}

func (w *writer) gather(batch []*job) []*job {
	for len(batch) < maxBatch {
		select {
		case j := <-w.queue:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// run runs a batch in one transaction and answers its callers.
func (w *writer) run(batch []*job) {
	mine := batch[:0]
	err := w.begin()
	for _, j := range batch {
		if j.ctx.Err() != nil || !j.state.CompareAndSwap(waiting, taken) {
			continue // its caller is gone, or about to be
		}
		mine = append(mine, j)
		if err == nil {
			err = w.call(j)
		}
	}
	if err == nil {
		start := time.Now()
		if err = w.s.run(context.Background(), w.ending()); err == nil {
			took := time.Since(start)
			w.commits.Add(1)
			w.functions.Add(uint64(len(mine)))
			w.commitTime.Add(int64(took))
			w.metrics.commit.Observe(took.Seconds())
			w.metrics.batch.Observe(float64(len(mine)))
		}
	}
	if err != nil {
		w.abort()
		err = writeFault(err)
		for _, j := range mine {
			j.err, j.tx.after = err, nil
		}
	}
	for _, j := range mine {
		for _, fn := range j.tx.after {
			w.publish(fn)
		}
	}
	for _, j := range mine {
		close(j.done)
	}
	if w.s != nil {
		w.s.trim()
	}
}

// begin starts a transaction, on a new connection if the old one can't.
func (w *writer) begin() error {
	if w.s != nil {
		err := w.s.run(context.Background(), beginImmediate)
		if err == nil {
			return nil
		}
		w.s.discard()
		w.s = nil
		if passing(err) {
			return fmt.Errorf("begin: %w", err)
		}
	}
	s, err := openSession(context.Background(), w.pool)
	if err != nil {
		return err
	}
	if err := s.run(context.Background(), beginImmediate); err != nil {
		s.discard()
		return fmt.Errorf("begin: %w", err)
	}
	w.s = s
	return nil
}

// abort undoes the transaction. SQLite may have done so already, in which case
// its refusal means nothing; begin notices a connection that is beyond use.
func (w *writer) abort() {
	if w.s != nil {
		_ = w.s.run(context.Background(), rollback)
	}
}

// call runs one function inside a savepoint. The error returned is one that
// ends the whole transaction; that of the function alone goes to its job.
func (w *writer) call(j *job) error {
	ctx := context.Background()
	if err := w.s.run(ctx, savepoint); err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	j.tx = Tx{ctx: ctx, s: w.s, write: true}
	j.err = w.contain(j)
	broken := j.tx.err
	j.tx.finish(errFinished)
	if broken != nil {
		return broken
	}
	if j.err != nil {
		j.tx.after = nil
		if err := w.s.run(ctx, rollbackTo); err != nil {
			return fmt.Errorf("undo a function: %w", err)
		}
	}
	if err := w.s.run(ctx, release); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	return nil
}

// contain runs the function of a job and turns a panic into an error.
func (w *writer) contain(j *job) (err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		p := recover()
		if p == nil {
			// The function called runtime.Goexit, which nothing can stop. Better
			// a crash with a reason than a program whose writes hang for ever.
			panic("store: an Update function ended the writer's goroutine")
		}
		w.log.Error("update function panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		err = fmt.Errorf("update function panicked: %v", p)
	}()
	err = j.fn(&j.tx)
	returned = true
	return err
}

func (w *writer) publish(fn func()) {
	defer func() {
		if p := recover(); p != nil {
			w.log.Error("after-commit function panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	fn()
}

// stop refuses new work, commits what waits and ends the goroutine.
func (w *writer) stop() {
	w.stopOnce.Do(func() { close(w.closing) })
	<-w.stopped
}

// checkpoint folds the write-ahead log into the file and closes the
// connection; call it after stop.
func (w *writer) checkpoint() error {
	if w.s == nil {
		return nil
	}
	defer w.s.discard()
	if err := w.s.run(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}
