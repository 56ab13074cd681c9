// Package bus owns the way to NATS: a server of our own inside the process, one
// on loopback that services started by hand share, or one that somebody else
// runs. Whoever holds a Bus does not know which it is.
package bus

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// DevelopmentAddress is where services that were started one by one, without a
// NATS URL, find each other.
const DevelopmentAddress = "127.0.0.1:4222"

// Bounds of a NATS server that Decentra runs over, in bytes: one message, what
// waits for one connection, and JetStream in memory and on disk.
const (
	MaxPayload = 8 << 20
	MaxPending = 256 << 20
	MaxMemory  = 64 << 20
	MaxStore   = 1 << 30
)

const (
	startTimeout   = 10 * time.Second
	takeOverPeriod = 250 * time.Millisecond
)

// Config says how NATS is reached.
type Config struct {
	// URL of an external server; empty: one inside this process.
	URL string
	// Credentials is the file that shows the external server who connects; empty:
	// it asks nobody.
	Credentials string
	// Listen is the loopback address on which the embedded server also serves
	// other processes; empty: it opens no port.
	Listen string
	// Store is the directory of the embedded server's JetStream.
	Store string
	Log   *slog.Logger
}

// Bus is an open way to NATS.
type Bus struct {
	config Config
	stop   context.CancelFunc
	done   sync.WaitGroup

	mu     sync.Mutex
	server *server.Server // nil while another process runs it
}

// Open makes NATS reachable. With an external server it returns at once, also
// when that server is not there yet: connections wait for it.
func Open(config Config) (*Bus, error) {
	ctx, stop := context.WithCancel(context.Background())
	b := &Bus{config: config, stop: stop}
	switch {
	case config.URL != "":
		return b, nil
	case config.Listen == "":
		if err := b.embed(); err != nil {
			stop()
			return nil, err
		}
		return b, nil
	default:
		b.offer()
		b.done.Go(func() { b.keepOffering(ctx) })
		return b, nil
	}
}

// Connect opens a connection for one service. It does not wait for the server
// and reconnects for ever; requests meanwhile fail or wait as their caller
// decides. Replies arrive on an inbox of the service's own.
func (b *Bus) Connect(service string, options ...nats.Option) (*nats.Conn, error) {
	all := []nats.Option{
		nats.Name(service),
		nats.CustomInboxPrefix("_INBOX." + service),
		nats.MaxReconnects(-1),
		nats.RetryOnFailedConnect(true),
		nats.ReconnectWait(100 * time.Millisecond),
		nats.ReconnectJitter(100*time.Millisecond, 100*time.Millisecond),
		nats.PingInterval(10 * time.Second),
		nats.MaxPingsOutstanding(2),
		// Nothing is kept back while the link is down: what could not be sent
		// fails at once, and what was missed is fetched again.
		nats.ReconnectBufSize(-1),
	}
	identity, err := credentials(b.config.Credentials)
	if err != nil {
		return nil, err
	}
	all = append(all, identity)
	url := b.config.URL
	if url == "" && b.config.Listen != "" {
		url = "nats://" + b.config.Listen
	}
	if url == "" {
		all = append(all, nats.InProcessServer(b.server))
	}
	nc, err := nats.Connect(url, append(all, options...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to nats: %w", err)
	}
	return nc, nil
}

// Address is where the embedded server listens; empty: nowhere.
func (b *Bus) Address() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.server == nil || b.server.Addr() == nil {
		return ""
	}
	return b.server.Addr().String()
}

// Close ends the embedded server, if this process runs it. Connections must be
// closed before.
func (b *Bus) Close() {
	b.stop()
	b.done.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.server != nil {
		b.server.Shutdown()
		b.server.WaitForShutdown()
		b.server = nil
	}
}

// embed starts the server inside this process. JetStream is switched on only
// after the address is ours, so that two processes never share a store.
func (b *Bus) embed() error {
	options := &server.Options{
		ServerName:            "decentra",
		DontListen:            b.config.Listen == "",
		NoSigs:                true,
		NoLog:                 true,
		MaxPayload:            MaxPayload,
		MaxPending:            MaxPending,
		DisableShortFirstPing: true,
	}
	if b.config.Listen != "" {
		address, err := net.ResolveTCPAddr("tcp", b.config.Listen)
		if err != nil {
			return fmt.Errorf("nats address %q: %w", b.config.Listen, err)
		}
		options.Host, options.Port = address.IP.String(), address.Port
		probe, err := net.ListenTCP("tcp", address)
		if err != nil {
			return fmt.Errorf("listen for nats: %w", err)
		}
		if err := probe.Close(); err != nil {
			return fmt.Errorf("listen for nats: %w", err)
		}
	}
	s, err := server.NewServer(options)
	if err != nil {
		return fmt.Errorf("make nats server: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(startTimeout) {
		s.Shutdown()
		return fmt.Errorf("the embedded nats server did not start within %s", startTimeout)
	}
	if b.config.Store != "" {
		if err := os.MkdirAll(b.config.Store, 0o700); err != nil {
			s.Shutdown()
			return fmt.Errorf("make nats store: %w", err)
		}
		err := s.EnableJetStream(&server.JetStreamConfig{
			StoreDir:  filepath.Clean(b.config.Store),
			MaxMemory: MaxMemory,
			MaxStore:  MaxStore,
		})
		if err != nil {
			s.Shutdown()
			return fmt.Errorf("start jetstream: %w", err)
		}
	}
	b.mu.Lock()
	b.server = s
	b.mu.Unlock()
	return nil
}

// offer embeds the shared server unless another process already does.
func (b *Bus) offer() {
	if err := b.embed(); err == nil {
		b.config.Log.Info("embedded nats serves", "address", b.config.Listen)
	} else {
		b.config.Log.Debug("nats is served by another process", "reason", err.Error())
	}
}

// keepOffering takes the shared server over when the process that ran it ends.
func (b *Bus) keepOffering(ctx context.Context) {
	ticker := time.NewTicker(takeOverPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		b.mu.Lock()
		ours := b.server != nil
		b.mu.Unlock()
		if ours {
			return
		}
		conn, err := net.DialTimeout("tcp", b.config.Listen, time.Second)
		if err == nil {
			_ = conn.Close()
			continue
		}
		b.offer()
	}
}
