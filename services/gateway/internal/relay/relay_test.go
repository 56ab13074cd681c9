package relay_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/pion/turn/v4"
	"github.com/prometheus/client_golang/prometheus"

	"decentra.local/pkg/bus/bustest"
	"decentra.local/pkg/contract"
	"decentra.local/services/gateway/internal/relay"
)

// soon bounds what should happen at once.
const soon = 5 * time.Second

var secret = contract.Secret{Key: []byte("a key of the installation")}

// site is an installation's relay: NATS, and what is known of sessions.
type site struct {
	t       testing.TB
	connect func(service string) *nats.Conn
	limits  bool

	mu    sync.Mutex
	ended []string
	ahead time.Duration // of its clock
}

// gate is one gateway's relay.
type gate struct {
	*relay.Relay
	udp, tcp string
}

func newSite(t testing.TB) *site {
	t.Helper()
	return &site{t: t, connect: bustest.Start(t)}
}

// gate starts a relay.
func (s *site) gate() gate {
	s.t.Helper()
	nc := s.connect("gateway")
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	streams, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := relay.Start(s.t.Context(), relay.Options{
		Packets: packets, Streams: streams, NATS: nc, Limits: s.limits,
		Secret:  func(context.Context) (contract.Secret, error) { return secret, nil },
		Here:    func(string) bool { return false },
		Now:     s.now,
		Live:    s.live,
		Metrics: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(r.Close)
	if err := nc.FlushTimeout(soon); err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		s.t.Fatal(err)
	}
	return gate{r, packets.LocalAddr().String(), streams.Addr().String()}
}

func (s *site) live(_ context.Context, ids []string) (map[string]bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	live := map[string]bool{}
	for _, id := range ids {
		live[id] = !slices.Contains(s.ended, id)
	}
	return live, nil
}

func (s *site) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.ahead)
}

func (s *site) jump(ahead time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead = ahead
}

func (s *site) end(session string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = append(s.ended, session)
}

func grant(user string) contract.RelayGrant {
	return contract.RelayGrant{Expires: time.Now().Add(time.Hour), Session: "session-of-" + user, User: user}
}

// dial makes a TURN client, over UDP or TCP.
func dial(t testing.TB, network, address, name, password string) *turn.Client {
	t.Helper()
	var conn net.PacketConn
	if network == "tcp" {
		stream, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		conn = turn.NewSTUNConn(stream)
	} else {
		var err error
		if conn, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	c, err := turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: address, TURNServerAddr: address, Conn: conn,
		Username: name, Password: password, RTO: 200 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); _ = conn.Close() })
	return c
}

// allocate makes an allocation with credentials of the user's. The secret is
// learnt a moment after the start: it is tried until soon.
func (g gate) allocate(t testing.TB, network, user string) net.PacketConn {
	t.Helper()
	name := grant(user).Name()
	for started := time.Now(); ; {
		conn, err := g.try(t, network, name, secret.Password(name))
		if err == nil {
			return conn
		}
		if time.Since(started) > soon {
			t.Fatalf("no allocation: %v", err)
		}
	}
}

func (g gate) try(t testing.TB, network, name, password string) (net.PacketConn, error) {
	t.Helper()
	address := g.udp
	if network == "tcp" {
		address = g.tcp
	}
	conn, err := dial(t, network, address, name, password).Allocate()
	if err == nil {
		t.Cleanup(func() { _ = conn.Close() })
	}
	return conn, err
}

// meet lets two allocations permit each other. A packet that is sent before the
// other side has permitted it is lost, as the protocol has it.
func meet(t testing.TB, a, b net.PacketConn) {
	t.Helper()
	for _, pair := range [][2]net.PacketConn{{a, b}, {b, a}} {
		if _, err := pair[0].WriteTo([]byte("knock"), pair[1].LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	exchange(t, a, b, "hello")
	exchange(t, b, a, "hello too")
}

// exchange sends until it arrives.
func exchange(t testing.TB, from, to net.PacketConn, text string) {
	t.Helper()
	buffer := make([]byte, 1500)
	for started := time.Now(); time.Since(started) < soon; {
		if _, err := from.WriteTo([]byte(text), to.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		_ = to.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		n, source, err := to.ReadFrom(buffer)
		if err != nil || string(buffer[:n]) != text {
			continue
		}
		if source.String() != from.LocalAddr().String() {
			t.Fatalf("it came from %s, want %s", source, from.LocalAddr())
		}
		return
	}
	t.Fatalf("%q from %s did not reach %s", text, from.LocalAddr(), to.LocalAddr())
}

func TestTwoAllocationsAreJoined(t *testing.T) {
	s := newSite(t)
	one, other := s.gate(), s.gate()
	for _, c := range []struct {
		name string
		a, b func(t *testing.T) net.PacketConn
	}{
		{"over UDP", func(t *testing.T) net.PacketConn { return one.allocate(t, "udp", "anna") }, func(t *testing.T) net.PacketConn { return one.allocate(t, "udp", "ben") }},
		{"over TCP", func(t *testing.T) net.PacketConn { return one.allocate(t, "tcp", "anna") }, func(t *testing.T) net.PacketConn { return one.allocate(t, "tcp", "ben") }},
		{"one over UDP, one over TCP", func(t *testing.T) net.PacketConn { return one.allocate(t, "udp", "anna") }, func(t *testing.T) net.PacketConn { return one.allocate(t, "tcp", "ben") }},
		{"at two gateways", func(t *testing.T) net.PacketConn { return one.allocate(t, "udp", "anna") }, func(t *testing.T) net.PacketConn { return other.allocate(t, "tcp", "ben") }},
	} {
		t.Run(c.name, func(t *testing.T) { meet(t, c.a(t), c.b(t)) })
	}
}

func TestNothingElseIsReached(t *testing.T) {
	g := newSite(t).gate()
	relayed := g.allocate(t, "udp", "mallory")
	host, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	_, port, _ := net.SplitHostPort(host.LocalAddr().String())
	for _, to := range []string{
		host.LocalAddr().String(), "0.0.0.0:" + port, "127.0.0.2:" + port, "10.0.0.1:" + port,
		"192.168.1.1:53", "172.17.0.1:8765", "169.254.169.254:80", "198.51.100.1:53", "224.0.0.1:5353", "255.255.255.255:9",
	} {
		address, err := net.ResolveUDPAddr("udp", to)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := relayed.WriteTo([]byte("intruder"), address); err == nil {
			t.Errorf("a permission for %s was given", to)
		}
	}
	// Nor is a virtual address that nobody has more than a hole.
	if _, err := relayed.WriteTo([]byte("intruder"), &net.UDPAddr{IP: net.IPv4(198, 18, 7, 7), Port: 7777}); err != nil {
		t.Errorf("a packet to nobody: %v", err)
	}
	_ = host.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	if n, from, err := host.ReadFrom(make([]byte, 1500)); err == nil {
		t.Errorf("%d bytes of %s reached another port of the host", n, from)
	}
}

func TestAnAllocationHearsOnlyWhomItPermitted(t *testing.T) {
	g := newSite(t).gate()
	anna, ben, mallory := g.allocate(t, "udp", "anna"), g.allocate(t, "udp", "ben"), g.allocate(t, "udp", "mallory")
	host := func(c net.PacketConn) string { return c.LocalAddr().(*net.UDPAddr).IP.String() }
	for host(mallory) == host(ben) {
		mallory = g.allocate(t, "udp", "mallory") // permissions are per address, and these two had the same
	}
	meet(t, anna, ben)
	for range 20 {
		if _, err := mallory.WriteTo([]byte("intruder"), anna.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	exchange(t, ben, anna, "last")
	_ = anna.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	buffer := make([]byte, 1500)
	for {
		n, from, err := anna.ReadFrom(buffer)
		if err != nil {
			return
		}
		if from.String() == mallory.LocalAddr().String() {
			t.Fatalf("%q of a stranger arrived", buffer[:n])
		}
	}
}

func TestCredentialsThatAreNotGoodAreRefused(t *testing.T) {
	s := newSite(t)
	g := s.gate()
	g.allocate(t, "udp", "anna") // the secret is known
	good := grant("mallory").Name()
	expired := contract.RelayGrant{Expires: time.Now().Add(-time.Second), Session: "s", User: "mallory"}.Name()
	later := strings.Replace(expired, ":", "9:", 1)
	foreign := contract.Secret{Key: []byte("of another installation")}
	for _, c := range []struct{ name, username, password string }{
		{"none", "", ""},
		{"expired", expired, secret.Password(expired)},
		{"prolonged", later, secret.Password(expired)},
		{"of another installation", good, foreign.Password(good)},
		{"of somebody else", good, secret.Password(grant("anna").Name())},
		{"without a session", "99999999999::mallory", secret.Password("99999999999::mallory")},
		{"a name alone", "mallory", secret.Password("mallory")},
	} {
		for _, network := range []string{"udp", "tcp"} {
			t.Run(c.name+" over "+network, func(t *testing.T) {
				if conn, err := g.try(t, network, c.username, c.password); err == nil {
					t.Errorf("they gave the address %s", conn.LocalAddr())
				}
			})
		}
	}
}

func TestARelayEndsWithItsSession(t *testing.T) {
	s := newSite(t)
	g := s.gate()
	anna, ben := g.allocate(t, "udp", "anna"), g.allocate(t, "tcp", "ben")
	meet(t, anna, ben)
	name := grant("ben").Name()

	s.end("session-of-ben")
	g.SessionEnded("session-of-ben")
	if conn, err := g.try(t, "udp", name, secret.Password(name)); err == nil {
		t.Errorf("credentials of a session that has ended gave %s", conn.LocalAddr())
	}
	buffer := make([]byte, 1500)
	for range 5 {
		_, _ = anna.WriteTo([]byte("still there?"), ben.LocalAddr())
	}
	_ = ben.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	for {
		n, _, err := ben.ReadFrom(buffer)
		if err != nil {
			break
		}
		if string(buffer[:n]) == "still there?" {
			t.Fatal("the relay of a session that has ended goes on")
		}
	}
}

// Where the session has no connection, it is asked for.
func TestASessionThatEndedUnnoticedIsFoundOut(t *testing.T) {
	s := newSite(t)
	g := s.gate()
	s.end("session-of-ben")
	g.allocate(t, "udp", "ben")
	for started := time.Now(); ; {
		name := grant("ben").Name()
		if _, err := g.try(t, "udp", name, secret.Password(name)); err != nil {
			break
		}
		if time.Since(started) > soon {
			t.Fatal("credentials of a session that has ended stay good")
		}
	}
}

func TestAUserHasAQuota(t *testing.T) {
	s := newSite(t)
	s.limits = true
	g := s.gate()
	g.allocate(t, "udp", "anna")
	name := grant("anna").Name()
	made := 1
	for ; made < 200; made++ {
		if _, err := g.try(t, "udp", name, secret.Password(name)); err != nil {
			break
		}
	}
	if made != 64 {
		t.Errorf("a user could make %d allocations, want 64", made)
	}
	g.allocate(t, "udp", "ben")
}

// A call that is longer than the life of its credentials goes on.
func TestAnAllocationOutlivesItsCredentials(t *testing.T) {
	g := newSite(t).gate()
	g.allocate(t, "udp", "anna") // the secret is known
	short := contract.RelayGrant{Expires: time.Now().Add(2 * time.Second), Session: "s", User: "ben"}.Name()
	ben, err := g.try(t, "udp", short, secret.Password(short))
	if err != nil {
		t.Fatal(err)
	}
	for started := time.Now(); ; {
		if _, err := g.try(t, "udp", short, secret.Password(short)); err != nil {
			break // they have expired for new allocations
		}
		if time.Since(started) > soon {
			t.Fatal("expired credentials stay good for new allocations")
		}
	}
	meet(t, g.allocate(t, "udp", "anna"), ben) // takes new permissions
}

// What credentials are good for goes by the clock; what began goes on, and a wrong
// clock spoils nothing.
func TestTheClockOfARelayMayJump(t *testing.T) {
	const year = 365 * 24 * time.Hour
	s := newSite(t)
	g := s.gate()
	anna, ben := g.allocate(t, "udp", "anna"), g.allocate(t, "tcp", "ben")
	meet(t, anna, ben)
	old := grant("carl").Name()
	s.jump(year)
	late := contract.RelayGrant{Expires: s.now().Add(contract.RelayLife), Session: "session-of-carl", User: "carl"}.Name()
	for _, step := range []struct {
		name      string
		ahead     time.Duration
		old, late bool
	}{
		{"a year ahead", year, false, true},
		{"right again", 0, true, true},
		{"a day back", -24 * time.Hour, true, true},
		{"after their time", contract.RelayLife + time.Minute, false, true},
	} {
		s.jump(step.ahead)
		for name, good := range map[string]bool{old: step.old, late: step.late} {
			if _, err := g.try(t, "udp", name, secret.Password(name)); (err == nil) != good {
				t.Errorf("%s: %s of %s: %v", step.name, name, s.now().Format(time.DateTime), err)
			}
		}
		exchange(t, anna, ben, step.name)
	}

	// Whatever the clock says, they end with their session.
	s.end("session-of-carl")
	g.SessionEnded("session-of-carl")
	s.jump(-24 * time.Hour)
	for _, name := range []string{old, late} {
		if _, err := g.try(t, "udp", name, secret.Password(name)); err == nil {
			t.Errorf("%s of a session that has ended is good", name)
		}
	}
}
