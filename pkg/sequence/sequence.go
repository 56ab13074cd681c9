// Package sequence owns the order of things done at the same time: functions that
// start one after the other, each as soon as the one before has taken its place
// in some queue, and that then wait together.
package sequence

import (
	"context"
	"sync"

	"decentra.local/pkg/workers"
)

type turnKey struct{}

// Run calls fn for 0 to n-1 and returns when all have returned. The next is called
// when the one before has returned or called Yield with its context.
func Run(ctx context.Context, n int, fn func(ctx context.Context, i int)) {
	var running sync.WaitGroup
	for i := range n {
		yielded := make(chan struct{})
		yield := sync.OnceFunc(func() { close(yielded) })
		running.Add(1)
		workers.Go(func() {
			defer running.Done()
			defer yield()
			fn(context.WithValue(ctx, turnKey{}, yield), i)
		})
		<-yielded
	}
	running.Wait()
}

// Yield lets the next function of a Run begin: what this one does takes effect
// before it. Without a Run it does nothing.
func Yield(ctx context.Context) {
	if yield, ok := ctx.Value(turnKey{}).(func()); ok {
		yield()
	}
}
