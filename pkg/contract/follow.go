package contract

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/nats-io/nats.go"

	"decentra.local/pkg/fact"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
)

// FollowAuth makes the follower of auth's facts for a service: fetched over
// NATS, applied to its database.
func FollowAuth(db *store.DB, nc *nats.Conn, apply func(*store.Tx, fact.Fact) error, log *slog.Logger) *fact.Follower {
	return fact.NewFollower(fact.FollowerOptions{
		DB:     db,
		Source: Auth,
		Fetch: func(ctx context.Context, after int64) ([]fact.Fact, error) {
			answer, err := rpc.Call(ctx, nc, Facts, rpc.Caller{}, FactsRequest{After: after, Limit: 500})
			return answer.Facts, err
		},
		Apply: apply,
		Log:   log,
	})
}

// Follow runs the follower until stop is called, woken by auth.
func Follow(ctx context.Context, nc *nats.Conn, follower *fact.Follower) (stop func(), err error) {
	wake, err := nc.Subscribe(FactsWake, func(*nats.Msg) { follower.Wake() })
	if err != nil {
		return nil, fmt.Errorf("listen for facts: %w", err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { _ = follower.Run(ctx) }) // ends with ctx alone
	return func() {
		_ = wake.Unsubscribe() // the connection may be gone already
		cancel()
		running.Wait()
	}, nil
}
