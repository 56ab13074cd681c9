package bench

import (
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/wire"
)

const (
	password = "correct horse battery staple"
	// atOnce is how many connections are opened, and accounts made, at once.
	atOnce = 32
	// codeUses is how often one invite is used.
	codeUses = 1000
	// clockTick is the unit of processor times (proc_pid_stat(5)); Linux has no other
	// for programs.
	clockTick = 10 * time.Millisecond
)

// system is what is measured: an installation, or the yardstick.
type system struct {
	name  string
	url   string
	urls  []string                   // of every gateway, that one first
	inst  *installation.Installation // nil: the yardstick
	relay *installation.Process
	owner *client.Conn // of every server
	rooms int
}

// yardstick starts the relay.
func yardstick(t *testing.T) *system {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	address := installation.FreeAddress(t)
	s := &system{name: relayColumn, url: "http://" + address, urls: []string{"http://" + address}}
	s.relay = installation.NewProcess(t, "relay", self, []string{relayVariable + "=" + address})
	s.startRelay(t)
	return s
}

func (s *system) startRelay(t *testing.T) {
	t.Helper()
	s.relay.Start()
	await.Until(t, await.Patience, "the relay serves", func() error {
		l, err := connect(t.Context(), s.url, "", "")
		if err == nil {
			err = l.conn.Close()
		}
		return err
	})
}

// decentra starts an installation with nobody but who will own every server.
func decentra(t *testing.T, topology installation.Topology, gateways int, flags ...string) *system {
	t.Helper()
	flags = append([]string{"--limits", "off", "--log-level", "warn"}, flags...)
	s := &system{name: columns[topology]}
	s.inst = installation.Start(t, installation.Options{Topology: topology, Gateways: gateways, Flags: flags})
	s.url, s.urls = s.inst.URL, s.inst.URLs
	var err error
	if s.owner, err = client.SignUp(t.Context(), s.url, "owner", password, ""); err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	return s
}

// stop stops the system.
func (s *system) stop(t *testing.T) {
	t.Helper()
	if s.inst == nil {
		s.relay.Kill()
		return
	}
	s.owner.Close()
	s.inst.StopAll()
}

// configure adds flags to every service, for their next start.
func (s *system) configure(flags ...string) {
	for _, name := range s.inst.Processes() {
		if name != installation.NATS {
			process := s.inst.Process(name).(*installation.Process)
			process.Args = append(process.Args, flags...)
		}
	}
}

// again stops the system and starts it anew, after something was done to its files.
func (s *system) again(t *testing.T, meanwhile func()) {
	t.Helper()
	s.stop(t)
	if s.inst == nil {
		s.startRelay(t)
		return
	}
	if meanwhile != nil {
		meanwhile()
	}
	s.inst.StartAll()
	var err error
	if s.owner, err = client.Resume(t.Context(), s.url, s.owner.Token); err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
}

// processes are the server's, by number.
func (s *system) processes() []int {
	if s.relay != nil {
		return []int{s.relay.PID()}
	}
	var all []int
	for _, name := range s.inst.Processes() {
		all = append(all, s.inst.Process(name).(*installation.Process).PID())
	}
	return all
}

// cpu is the processor time that the server's processes have taken so far.
func (s *system) cpu() (time.Duration, error) {
	var total time.Duration
	for _, pid := range s.processes() {
		took, err := cpuOf(pid)
		if err != nil {
			return 0, err
		}
		total += took
	}
	return total, nil
}

// cpuOf is the processor time that a process has taken so far.
func cpuOf(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	ticks := 0
	for _, field := range fields[11:13] { // utime, stime
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0, fmt.Errorf("read processor time: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick, nil
}

// memory is how much of it the server's processes have, in bytes.
func (s *system) memory() (int, error) {
	total := 0
	for _, pid := range s.processes() {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return 0, err
		}
		_, rest, _ := strings.Cut(string(status), "VmRSS:")
		kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
		if err != nil {
			return 0, fmt.Errorf("read memory: %w", err)
		}
		total += kilobytes << 10
	}
	return total, nil
}

// settle waits until the server has nothing left to do.
func (s *system) settle(t *testing.T) {
	t.Helper()
	const look = 300 * time.Millisecond
	before := must(s.cpu())(t)
	await.Until(t, 2*time.Minute, s.name+" comes to rest", func() error {
		await.Pause(t.Context(), look)
		now := must(s.cpu())(t)
		took := now - before
		before = now
		if took > look/10 {
			return fmt.Errorf("it took %s of processor time in %s", took, look)
		}
		return nil
	})
}

// people are who may enter a room: their tokens, and the room.
type people struct {
	place  client.Place
	tokens []string
	names  []string
}

// server makes a server of the owner's and returns it with its channel.
func (s *system) server(t *testing.T, name string) (wire.Server, client.Place) {
	t.Helper()
	var created wire.ServerCreated
	answer, err := s.owner.Ask(t.Context(), "create_server", client.Fields{"name": name})
	if err == nil {
		err = answer.Into(&created)
	}
	if err != nil {
		t.Fatalf("%s: make a server: %v", s.name, err)
	}
	return created.Server, client.Channel(created.Server.ID, created.Server.Channels[0].ID)
}

// code makes one for many to join a server.
func (s *system) code(t *testing.T, server wire.Server) string {
	t.Helper()
	answer, err := s.owner.Ask(t.Context(), "generate_server_invite", client.Fields{"server_id": server.ID, "max_uses": codeUses})
	if err != nil {
		t.Fatalf("%s: make a code: %v", s.name, err)
	}
	return answer.Field("code")
}

// people makes accounts that are members of a new server.
func (s *system) people(t *testing.T, n int) people {
	t.Helper()
	s.rooms++
	p := people{place: client.Place{ID: "room-" + strconv.Itoa(s.rooms)}, tokens: make([]string, n), names: make([]string, n)}
	if s.inst == nil {
		return p
	}
	server, place := s.server(t, p.place.ID)
	p.place = place
	var codes []string
	for range (n + codeUses - 1) / codeUses {
		codes = append(codes, s.code(t, server))
	}
	t.Logf("%s: %d sign up", s.name, n)
	each(t, n, func(i int) error {
		p.names[i] = fmt.Sprintf("u%d-%d", s.rooms, i)
		conn, err := client.SignUp(t.Context(), s.url, p.names[i], password, codes[i/codeUses])
		if err != nil {
			return err
		}
		p.tokens[i] = conn.Token
		conn.Close()
		return nil
	})
	return p
}

// join makes somebody a member of the servers that codes are for.
func (s *system) join(t *testing.T, token string, codes ...string) error {
	conn, err := client.Resume(t.Context(), s.url, token)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, code := range codes {
		if _, err := conn.Ask(t.Context(), "join_server_with_invite", client.Fields{"invite_code": code}); err != nil {
			return err
		}
	}
	return nil
}

// gather connects everybody of a room, at the gateways in turn.
func (s *system) gather(t *testing.T, p people) *crowd {
	t.Helper()
	c := &crowd{links: make([]*link, len(p.tokens)), begin: beginEvent()}
	if s.inst != nil {
		c.begin = beginMessage(p.place)
	}
	each(t, len(p.tokens), func(i int) (err error) {
		c.links[i], err = connect(t.Context(), s.urls[i%len(s.urls)], url.QueryEscape(p.place.ID), p.tokens[i])
		return err
	})
	c.listen()
	return c
}

// each does something for every number below n, some at once.
func each(t *testing.T, n int, do func(i int) error) {
	t.Helper()
	var workers sync.WaitGroup
	next := make(chan int)
	errs := make(chan error, atOnce)
	for range atOnce {
		workers.Go(func() {
			var first error
			for i := range next {
				if err := do(i); err != nil && first == nil {
					first = err
				}
			}
			errs <- first
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	workers.Wait()
	for range atOnce {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
}

// must ends the test if there is an error.
func must[T any](value T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}
