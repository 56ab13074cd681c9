package gateway

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"decentra.local/pkg/contract"
)

const (
	// bucketPeriod is how often it is looked whether the bucket is there.
	bucketPeriod = 5 * time.Second
	// bucketLook is how often it is looked whether NATS was away, and the bucket with it.
	bucketLook = 200 * time.Millisecond
)

// keepVoiceBucket makes the bucket of voice-signal until ctx ends. Whoever makes a
// bucket says what goes into it, which may be all that is said over NATS: that is for
// gateways, who hear it anyway.
func (s *Service) keepVoiceBucket(ctx context.Context, nc *nats.Conn) {
	look := time.NewTicker(bucketLook)
	defer look.Stop()
	var made time.Time
	var links uint64
	for {
		if now := nc.Stats().Reconnects; now != links || time.Since(made) > bucketPeriod {
			if err := makeVoiceBucket(ctx, nc); err == nil {
				made, links = time.Now(), now
			} else if nc.IsConnected() && ctx.Err() == nil {
				s.log.Warn("no bucket for voice", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

func makeVoiceBucket(ctx context.Context, nc *nats.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, bucketPeriod)
	defer cancel()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	_, err = js.CreateOrUpdateKeyValue(ctx, contract.VoiceBucket)
	return err
}
