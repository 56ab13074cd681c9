package gateway

import (
	"context"
	"fmt"
	"net"

	"github.com/nats-io/nats.go"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/rpc"
	"decentra.local/services/gateway/internal/relay"
)

// portTries bounds the search for a port that is free for TCP and for UDP, where
// any will do.
const portTries = 20

// port is the published port, for TCP and for UDP.
type port struct {
	split   *splitter
	packets net.PacketConn // nil: UDP is not to be had
}

// openPort takes the published port. Without UDP it serves all the same: the
// relay is reached over TCP then.
func (s *Service) openPort() (*port, error) {
	for try := 1; ; try++ {
		listener, err := net.Listen("tcp", s.config.Listen)
		if err != nil {
			return nil, fmt.Errorf("listen on the published address: %w", err)
		}
		packets, err := net.ListenPacket("udp", listener.Addr().String())
		if err == nil {
			return &port{split: s.newSplitter(listener), packets: packets}, nil
		}
		if _, wanted, _ := net.SplitHostPort(s.config.Listen); wanted != "0" || try == portTries {
			s.log.Warn("the published port is taken for UDP; voice through the relay goes over TCP", "error", err)
			return &port{split: s.newSplitter(listener)}, nil
		}
		_ = listener.Close() // on to another port
	}
}

func (s *Service) newSplitter(listener net.Listener) *splitter {
	split := newSplitter(listener, s.log)
	split.balancers, split.proxies, split.arrivals = s.balancers, s.proxies, newArrivals(s.config.Limits)
	return split
}

// closeStreams takes no more connections.
func (p *port) closeStreams() { _ = p.split.close() } // it may be closed already

func (p *port) close() {
	p.closeStreams()
	_ = p.split.http.Close()
	_ = p.split.stun.Close()
	_ = p.split.https.Close()
	if p.packets != nil {
		_ = p.packets.Close()
	}
}

// startRelay serves TURN and STUN on the port until stop is called.
func (s *Service) startRelay(ctx context.Context, p *port) (stop func(), err error) {
	nc, err := s.host.ConnectAside(nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		s.log.Debug("relay", "error", err)
	}))
	if err != nil {
		return nil, err
	}
	r, err := relay.Start(ctx, relay.Options{
		Packets: p.packets, Streams: p.split.stun, NATS: nc,
		Secret: func(ctx context.Context) (contract.Secret, error) {
			return rpc.Call(ctx, s.nc, contract.RelaySecret, rpc.Caller{}, contract.Nothing{})
		},
		Here: s.hub.hasSession,
		Live: func(ctx context.Context, ids []string) (map[string]bool, error) {
			ctx, cancel := context.WithTimeout(ctx, rpc.Timeout)
			defer cancel()
			return s.liveSessions(ctx, ids)
		},
		Limits: s.config.Limits, Now: s.host.Now, Metrics: s.host.Metrics, Log: s.log,
	})
	if err != nil {
		nc.Close()
		return nil, err
	}
	s.hub.onSessionEnd(r.SessionEnded)
	return func() {
		r.Close()
		nc.Close()
	}, nil
}
