// Package relay owns TURN and STUN (RFC 8656, RFC 8489): what two clients need
// that reach each other neither directly nor through their routers. It opens no
// sockets: allocations have virtual addresses and are joined in memory, or over
// NATS between gateways, so that the relay reaches nothing but other allocations
// of the installation.
package relay

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/pion/turn/v4"
	"github.com/prometheus/client_golang/prometheus"

	"decentra.local/pkg/contract"
)

const (
	// realm is TURN's, for nothing but its form.
	realm = "decentra"
	// sessionPeriod is how often it is asked whether the sessions here still live.
	sessionPeriod = time.Minute
	// sessionBatch bounds the sessions asked for at once.
	sessionBatch = 500
	// retry is the pause after a failure.
	retry = time.Second
)

// Options say what the relay is made of.
type Options struct {
	Packets net.PacketConn // for UDP; nil: none
	Streams net.Listener   // for TCP
	NATS    *nats.Conn     // a connection of its own: packets stand in nobody's way
	// Secret asks for the key that credentials are signed with.
	Secret func(ctx context.Context) (contract.Secret, error)
	// Here reports whether a session has a connection here: it lives, then.
	Here func(session string) bool
	// Live picks, of at most 500 sessions, those that have not ended.
	Live    func(ctx context.Context, sessions []string) (map[string]bool, error)
	Limits  bool             // quotas per user
	Now     func() time.Time // when credentials expire goes by it
	Metrics prometheus.Registerer
	Log     *slog.Logger
}

// Relay is the running relay.
type Relay struct {
	options  Options
	server   *turn.Server
	board    *switchboard
	accounts *accounts
	streams  *streams
	secret   atomic.Pointer[contract.Secret] // nil: not known yet, nobody is admitted
	first    chan string                     // sessions seen for the first time
	running  sync.WaitGroup
	stop     context.CancelFunc
}

// Start serves until Close. Options' connections are closed with it.
func Start(ctx context.Context, o Options) (*Relay, error) {
	m := newMetrics(o.Metrics)
	board, err := newSwitchboard(o.NATS, m)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &Relay{
		options: o, board: board, accounts: newAccounts(o.Limits), streams: newStreams(o.Streams),
		first: make(chan string, sessionBatch), stop: stop,
	}
	config := turn.ServerConfig{
		Realm:         realm,
		LoggerFactory: quiet{o.Log},
		AuthHandler:   r.key,
		QuotaHandler: func(name, _ string, _ net.Addr) bool {
			grant, ok := contract.ParseRelayName(name)
			return ok && r.accounts.mayAllocate(grant.User)
		},
		ListenerConfigs: []turn.ListenerConfig{{
			Listener: r.streams, RelayAddressGenerator: board, PermissionHandler: permitted,
		}},
	}
	if o.Packets != nil {
		config.PacketConnConfigs = []turn.PacketConnConfig{{
			PacketConn: o.Packets, RelayAddressGenerator: board, PermissionHandler: permitted,
		}}
	}
	config.EventHandler.OnAuth = func(from, _ net.Addr, _, _, _, _ string, passed bool) {
		if passed {
			r.streams.trust(from)
		}
	}
	config.EventHandler.OnAllocationCreated = func(from, _ net.Addr, _, name, _ string, relayed net.Addr, _ int) {
		m.allocations.Inc()
		r.opened(from, name, relayed)
	}
	config.EventHandler.OnAllocationDeleted = func(from, _ net.Addr, _, _, _ string) {
		m.allocations.Dec()
		r.accounts.close(from)
	}
	if r.server, err = turn.NewServer(config); err != nil {
		stop()
		return nil, fmt.Errorf("start the relay: %w", err)
	}
	r.running.Go(func() { r.learnSecret(ctx) })
	r.running.Go(func() { r.watchSessions(ctx) })
	return r, nil
}

// Close ends the relay and what goes through it.
func (r *Relay) Close() {
	r.stop()
	_ = r.server.Close() // its connections may be closed already
	r.running.Wait()
}

// permitted lets a client send to virtual addresses alone.
func permitted(_ net.Addr, peer net.IP) bool {
	four := peer.To4()
	return four != nil && virtual.Contains(addrOf(four))
}

// key finds the key of credentials that are good (turn.AuthHandler).
func (r *Relay) key(name, _ string, from net.Addr) ([]byte, bool) {
	secret := r.secret.Load()
	grant, ok := contract.ParseRelayName(name)
	if secret == nil || !ok || !r.accounts.admits(name, grant, from, r.options.Now()) {
		return nil, false
	}
	return turn.GenerateAuthKey(name, realm, secret.Password(name)), true
}

// opened notes a new allocation.
func (r *Relay) opened(from net.Addr, name string, relayed net.Addr) {
	grant, ok := contract.ParseRelayName(name)
	udp, isUDP := relayed.(*net.UDPAddr)
	if !ok || !isUDP {
		return
	}
	e := r.board.find(unmapped(udp.AddrPort()))
	if e == nil {
		return
	}
	r.accounts.open(from, allocation{name: name, grant: grant, endpoint: e})
	if r.options.Here(grant.Session) {
		return
	}
	select {
	case r.first <- grant.Session:
	default: // the next round has it
	}
}

// SessionEnded closes what a session has, and refuses its credentials.
func (r *Relay) SessionEnded(session string) { r.accounts.end(session, time.Now()) }

// learnSecret asks for the secret until it is known.
func (r *Relay) learnSecret(ctx context.Context) {
	for ctx.Err() == nil {
		secret, err := r.options.Secret(ctx)
		if err == nil {
			r.secret.Store(&secret)
			return
		}
		r.options.Log.Warn("the relay can't check credentials yet", "error", err)
		pause(ctx, retry)
	}
}

// watchSessions ends what belongs to sessions that have ended: at the first
// allocation of one that has no connection here, and of all now and then.
func (r *Relay) watchSessions(ctx context.Context) {
	look := time.NewTicker(sessionPeriod)
	defer look.Stop()
	for {
		var ask []string
		select {
		case <-ctx.Done():
			return
		case session := <-r.first:
			ask = []string{session}
		case <-look.C:
			ask = r.accounts.sessions()
		}
		for ids := range slices.Chunk(ask, sessionBatch) {
			live, err := r.options.Live(ctx, ids)
			if err != nil {
				r.options.Log.Warn("sessions of the relay not known", "error", err)
				break
			}
			for _, id := range ids {
				if !live[id] {
					r.SessionEnded(id)
				}
			}
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
