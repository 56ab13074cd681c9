// Package gateway is the edge: it ends HTTP and WebSocket connections, knows who
// is at the other side, leads frames to the services that own their subject and
// fans events out. It has no business rule and no state but the connections, and
// copies of answers whose owners say each time whether they are as they were.
package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/nats-io/nats.go"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/host"
	"decentra.local/pkg/presence"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
	"decentra.local/services/gateway/internal/certificate"
)

// Name is the gateway's name among the services.
const Name = contract.Gateway

// Config is what the gateway needs to know.
type Config struct {
	Listen string // address of the published port
	Limits bool   // rate limits per address and user
	// Proxies are addresses and networks, with commas between, of reverse proxies
	// whose word about the client is believed.
	Proxies string
	// Balancers are those that pass connections on as they are, after a line that
	// says whose they are.
	Balancers string
	// TLS says which certificate the published port shows.
	TLS certificate.Options
}

// Unit makes the gateway from the settings of a process.
var Unit = host.Unit{Name: Name, New: func(s host.Settings, h *host.Host) host.Service {
	return New(Config{
		Listen: s.Listen, Limits: s.Limits == "on", Proxies: s.Proxies, Balancers: s.Balancers,
		TLS: certificate.Options{
			CertFile: s.TLS.Cert, KeyFile: s.TLS.Key, Domains: listed(s.TLS.ACME), Directory: s.TLS.ACMEDirectory,
			SelfMade: listed(s.TLS.Self), Store: filepath.Join(s.Data, "tls"), Log: h.Log,
		},
	}, h)
}}

// Service is the gateway.
type Service struct {
	config    Config
	host      *host.Host
	log       *slog.Logger
	nc        *nats.Conn
	aside     *nats.Conn // for what is large
	gathered  gathered
	hub       *hub
	limits    *limits
	metrics   *metrics
	upgrader  websocket.Upgrader
	proxies   proxies
	balancers proxies
	draining  atomic.Bool
	waiting   atomic.Int64 // bytes that wait for connections
	large     *largeFrames
	long      chan struct{} // turns of what has a long answer
	entries   chan struct{} // turns of those who enter
	lobby     atomic.Pointer[lobby]
	kept      *keptAnswers
	voices    *voices
}

// New makes the gateway; Run starts it.
func New(config Config, h *host.Host) *Service {
	s := &Service{
		config:   config,
		host:     h,
		log:      h.Log,
		limits:   newLimits(config.Limits),
		metrics:  newMetrics(h.Metrics),
		upgrader: newUpgrader(),
		large:    newLargeFrames(),
		voices:   newVoices(),
		long:     make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
		entries:  make(chan struct{}, 8*runtime.GOMAXPROCS(0)),
	}
	s.lobby.Store(&lobby{})
	return s
}

// Run serves until ctx ends, then answers what was asked and closes.
func (s *Service) Run(ctx context.Context) error {
	var err error
	if s.proxies, err = parseProxies("--proxies", s.config.Proxies); err != nil {
		return err
	}
	if s.balancers, err = parseProxies("--balancers", s.config.Balancers); err != nil {
		return err
	}
	relink := make(chan struct{}, 1)
	lost := func() {
		select {
		case relink <- struct{}{}:
		default: // one is waiting already
		}
	}
	nc, err := s.host.Connect(
		nats.ReconnectHandler(func(*nats.Conn) { lost() }),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			s.log.Warn("nats", "error", err, "subject", subject)
			// An answer that is dropped is one request that fails.
			if errors.Is(err, nats.ErrSlowConsumer) && !strings.HasPrefix(subject, nats.InboxPrefix) {
				lost()
			}
		}),
	)
	if err != nil {
		return err
	}
	defer nc.Close()
	s.nc, s.gathered, s.kept = nc, newGathered(nc), newKeptAnswers(nc)
	if s.aside, err = s.host.ConnectAside(nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		s.log.Warn("nats", "error", err)
	})); err != nil {
		return err
	}
	defer s.aside.Close()
	s.hub, err = newHub(nc, s.log, s.metrics)
	if err != nil {
		return err
	}
	hubCtx, stopHub := context.WithCancel(context.WithoutCancel(ctx))
	defer func() { stopHub(); s.hub.wait() }()
	s.hub.run(hubCtx, relink, directory{memberships: s.memberships, live: s.liveSessions, joined: s.joined})
	self := rand.Text()[:16]
	s.hub.running.Go(func() { presence.Users.Keep(hubCtx, nc, self, s.hub.changed, s.hub.online, s.log) })
	s.hub.running.Go(func() { s.keepVoiceBucket(hubCtx, nc) })
	s.hub.running.Go(func() { presence.Connections.Keep(hubCtx, nc, self, s.voices.changed, s.voices.living, s.log) })

	server, err := rpc.NewServer(nc, Name, contract.Version, "the edge: HTTP and WebSocket", s.log)
	if err != nil {
		return err
	}
	defer server.Close()
	return s.listen(ctx)
}

// listen serves the published port until ctx ends.
func (s *Service) listen(ctx context.Context) error {
	secure, err := certificate.Open(s.config.TLS)
	if err != nil {
		return err
	}
	port, err := s.openPort()
	if err != nil {
		return err
	}
	defer port.close()
	stopRelay, err := s.startRelay(ctx, port)
	if err != nil {
		return err
	}
	defer stopRelay()
	failed := make(chan error, 3)
	front := s.openFront(port, secure, failed)
	go func() { failed <- port.split.run() }()
	s.host.Announce("Decentra is ready on " + front.url)
	if front.note != "" {
		s.host.Say(front.note)
	}
	s.host.Ready()
	var beside sync.WaitGroup
	defer beside.Wait()
	beside.Go(func() { s.printClaim(ctx, front.url) })
	if secure != nil {
		beside.Go(func() { secure.Obtain(ctx) })
	}

	select {
	case err := <-failed:
		return fmt.Errorf("serve the published port: %w", err)
	case <-ctx.Done():
	}
	s.draining.Store(true)
	port.closeStreams()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = front.close(drain)
	s.hub.closeAll(drain, websocket.CloseServiceRestart, "The server is restarting.")
	if err != nil {
		return fmt.Errorf("stop http: %w", err)
	}
	return nil
}

// listed are the words between commas.
func listed(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

func newUpgrader() websocket.Upgrader {
	return websocket.Upgrader{
		HandshakeTimeout: 10 * time.Second,
		WriteBufferPool:  new(sync.Pool), // none is ever taken: all that is written with it are goodbyes
		Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
			writeJSON(w, status, map[string]any{"success": false, "error": reason.Error()})
		},
	}
}

// refusal words an error for a client.
func refusal(err error) wire.Refusal {
	coded := fault.Of(err)
	return wire.Refusal{
		Message: coded.Message, Code: string(coded.Code),
		RetryAfter: coded.RetryAfter.Round(100 * time.Millisecond).Seconds(),
	}
}
