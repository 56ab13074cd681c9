// Package gather owns questions that are asked together. One that comes alone is
// asked at once; those that come while it is under way wait for its answer, and then
// are asked all at once. So each sees what was true after it came. None waits long for
// an answer that may never come.
package gather

import (
	"context"
	"sync"
	"time"
)

// patience is how long a question waits for the answer to others.
const patience = 250 * time.Millisecond

// Questions are those for one function.
type Questions[Q, A any] struct {
	ask  func([]Q) ([]A, error)
	most int

	mu      sync.Mutex
	asking  int // how many times at once
	waiting []*question[Q, A]
}

type question[Q, A any] struct {
	ctx    context.Context
	text   Q
	done   chan struct{}
	answer A
	err    error
}

// New makes the questions for a function that answers at most so many at once, in
// their order.
func New[Q, A any](most int, ask func([]Q) ([]A, error)) *Questions[Q, A] {
	return &Questions[Q, A]{ask: ask, most: most}
}

// Ask waits for the answer to a question, or until ctx ends.
func (qs *Questions[Q, A]) Ask(ctx context.Context, text Q) (A, error) {
	q := &question[Q, A]{ctx: ctx, text: text, done: make(chan struct{})}
	qs.mu.Lock()
	qs.waiting = append(qs.waiting, q)
	if qs.asking == 0 {
		qs.begin()
	}
	qs.mu.Unlock()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case <-q.done:
			return q.answer, q.err
		case <-ctx.Done():
			var none A
			return none, ctx.Err()
		case <-late.C:
			qs.mu.Lock()
			if len(qs.waiting) > 0 {
				qs.begin()
			}
			qs.mu.Unlock()
		}
	}
}

// begin asks what waits. The lock is held.
func (qs *Questions[Q, A]) begin() {
	qs.asking++
	go qs.run()
}

// run asks until no question waits.
func (qs *Questions[Q, A]) run() {
	for {
		some := qs.take()
		if some == nil {
			return
		}
		texts := make([]Q, len(some))
		for i, q := range some {
			texts[i] = q.text
		}
		answers, err := qs.ask(texts)
		for i, q := range some {
			if q.err = err; err == nil {
				q.answer = answers[i]
			}
			close(q.done)
		}
	}
}

// take takes those that are asked next; nil: there are none.
func (qs *Questions[Q, A]) take() (some []*question[Q, A]) {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	for len(qs.waiting) > 0 && len(some) < qs.most {
		q := qs.waiting[0]
		qs.waiting[0] = nil
		qs.waiting = qs.waiting[1:]
		if q.ctx.Err() == nil { // else nobody waits for its answer
			some = append(some, q)
		}
	}
	if len(some) == 0 {
		qs.asking, qs.waiting = qs.asking-1, nil
	}
	return some
}
