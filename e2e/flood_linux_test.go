package e2e

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/wire"
)

const (
	// usualFloodSockets is how many sockets a flood opens when nothing else is asked
	// for with DECENTRA_FLOOD_SOCKETS.
	usualFloodSockets = 200
	// floodMemory is what the whole program may take in memory under any flood, and
	// floodMemoryEach for each socket besides.
	floodMemory     = 768 << 20
	floodMemoryEach = 64 << 10
	// floodLatency is what others' messages may take at the 99th percentile in any
	// case: those who attack have the same few processors as the program.
	floodLatency = time.Second
	// floodSamples is how many messages of others are measured in each phase.
	floodSamples = 200
	// floodWriters share what is said, so that none of them is too fast.
	floodWriters = 20
	// socketsPerUser is how many a hostile user has at most.
	socketsPerUser = 90
)

// TestFloods lets hostile clients do their worst while others talk: the program's
// memory stays bounded, and the others notice little.
func TestFloods(t *testing.T) {
	sockets := int(number(t, "DECENTRA_FLOOD_SOCKETS", usualFloodSockets))
	for _, f := range []struct {
		name  string
		flood func(ctx context.Context, s *siege)
	}{
		{"frames of 4 MiB", floodOfLargeFrames},
		{"sockets that never read", floodOfTheDeaf},
		{"sockets that never log in", floodOfTheSilent},
		{"one that subscribes to everything and never reads", floodOfEverything},
		{"logins", floodOfLogins},
	} {
		t.Run(f.name, func(t *testing.T) {
			s := newSiege(t, sockets)
			quiet := s.talk("quiet", floodSamples)
			ctx, cancel := context.WithCancel(t.Context())
			before := s.counted.Load()
			s.hostile.Go(func() { f.flood(ctx, s) })
			await.Until(t, 4*await.Patience, "the flood is there", func() error {
				if s.counted.Load() == before {
					return fmt.Errorf("nothing was sent")
				}
				if !s.ready.Load() {
					return fmt.Errorf("not all of it")
				}
				return nil
			})
			flooded := s.talk("flooded", floodSamples)
			cancel()
			s.hostile.Wait()
			peak := s.peak()
			t.Logf("p99 %s quiet, %s flooded; %d MiB of memory at most; %d hostile acts",
				quiet.Round(100*time.Microsecond), flooded.Round(100*time.Microsecond), peak>>20, s.counted.Load())
			if most := max(2*quiet, floodLatency); flooded > most {
				t.Errorf("others' messages took %s at the 99th percentile, %s before; want at most %s", flooded, quiet, most)
			}
			if most := floodMemory + sockets*floodMemoryEach; peak > most {
				t.Errorf("the program took %d MiB of memory, want at most %d", peak>>20, most>>20)
			}
			s.talk("afterwards", 10)
		})
	}
}

// siege is an installation, two who talk, and who is hostile.
type siege struct {
	t       *testing.T
	inst    *installation.Installation
	sockets int
	anna    *person
	ben     *person
	writers []*person
	mallory []*person // each with as many sockets as a user may have
	server  wire.Server
	place   client.Place
	hostile sync.WaitGroup
	counted atomic.Int64 // hostile acts
	entered atomic.Int64
	ready   atomic.Bool // the flood is whole
	said    int
}

func newSiege(t *testing.T, sockets int) *siege {
	t.Helper()
	inst := installation.Start(t, installation.Options{Topology: installation.AllInOne,
		Flags: []string{"--limits", "on", "--bcrypt-cost", "10"}})
	s := &siege{t: t, inst: inst, sockets: sockets}
	s.anna = signUp(t, inst, "anna", "")
	s.server, s.place = s.anna.createServer("Besieged")
	s.ben = signUp(t, inst, "ben", s.anna.serverInvite(s.server.ID))
	for n := range floodWriters {
		s.writers = append(s.writers, signUp(t, inst, fmt.Sprint("writer", n), s.anna.serverInvite(s.server.ID)))
	}
	for n := range (sockets + socketsPerUser - 1) / socketsPerUser {
		s.mallory = append(s.mallory, signUp(t, inst, fmt.Sprint("mallory", n), s.writers[n%floodWriters].invite()))
	}
	return s
}

// talk measures how long messages take from who writes to who reads, and returns
// the 99th percentile.
func (s *siege) talk(phase string, samples int) time.Duration {
	s.t.Helper()
	took := make([]time.Duration, 0, samples)
	for range samples {
		s.said++
		writer := s.writers[s.said%floodWriters] // no one of them is too fast
		content := fmt.Sprintf("%s %d", phase, s.said)
		started := time.Now()
		if err := writer.Tell("message", s.place.Fields(client.Fields{"content": content})); err != nil {
			s.t.Fatalf("%s: %v", phase, err)
		}
		s.ben.hears("message", "content", content)
		took = append(took, time.Since(started))
		for _, p := range append(s.writers, s.anna, s.ben) {
			p.Take()
		}
		await.Pause(s.t.Context(), 12*time.Millisecond)
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}

// peak is the most memory that the program has had.
func (s *siege) peak() int {
	s.t.Helper()
	pid := s.inst.Process("decentra").(*installation.Process).PID()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if text, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(text), " kB"))
			if err != nil {
				s.t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	s.t.Fatal("the system does not tell how much memory a process takes")
	return 0
}

// textMessage is a WebSocket text message as a client sends it, masked with zeros
// (RFC 6455, 5.2).
func textMessage(content string) []byte {
	m := []byte{0x81, 0x80 | 127}
	m = binary.BigEndian.AppendUint64(m, uint64(len(content)))
	return append(append(m, 0, 0, 0, 0), content...)
}

// deaf opens a socket that nobody reads from, with little room in the system for
// what comes.
func (s *siege) deaf(ctx context.Context) (net.Conn, error) {
	dialer := websocket.Dialer{HandshakeTimeout: 30 * time.Second, NetDialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
		}
		return conn, err
	}}
	ws, _, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(s.inst.URL, "http")+"/ws", nil)
	if err != nil {
		return nil, err
	}
	return ws.NetConn(), nil
}

// each opens sockets, some at a time, and does something with each until the flood
// ends; one that the server closes is opened anew.
func (s *siege) each(ctx context.Context, n int, act func(ctx context.Context, conn net.Conn) error) {
	var opened sync.WaitGroup
	opened.Add(n)
	doors := make(chan struct{}, 32)
	for range n {
		s.hostile.Go(func() {
			first := true
			for ctx.Err() == nil {
				doors <- struct{}{}
				conn, err := s.deaf(ctx)
				<-doors
				if first {
					first = false
					opened.Done()
				}
				if err != nil {
					await.Pause(ctx, 100*time.Millisecond)
					continue
				}
				stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
				for err == nil && ctx.Err() == nil {
					if err = act(ctx, conn); err == nil {
						s.counted.Add(1)
					}
				}
				stop()
				_ = conn.Close()
			}
			if first {
				opened.Done()
			}
		})
	}
	opened.Wait()
	s.ready.Store(true)
}

// login is the frame with which a hostile socket enters.
func (s *siege) login() []byte {
	one := s.mallory[int(s.entered.Add(1))%len(s.mallory)]
	return textMessage(`{"type":"auth","token":"` + one.Token + `"}`)
}

// floodOfLargeFrames sends frames as large as they may be, of every sort: such as
// are taken, such as are refused, and such as never end.
func floodOfLargeFrames(ctx context.Context, s *siege) {
	filling := strings.Repeat("x", wire.Bounds.FrameBytes-200)
	frames := [][]byte{
		textMessage(`{"type":"set_avatar","avatar_type":"image","avatar_data":"data:image/png;base64,` + filling + `"}`),
		textMessage(`{"type":"message","content":"` + filling + `"}`),
		textMessage(`{"type":"nothing","x":"` + filling + `"}`),
		textMessage(filling),
	}
	var turn atomic.Int64
	s.each(ctx, min(s.sockets, 100), func(ctx context.Context, conn net.Conn) error {
		n := int(turn.Add(1))
		frame := frames[n%len(frames)]
		if n%5 == 0 {
			frame = frame[:len(frame)-1]
		}
		if _, err := conn.Write(s.login()); err != nil {
			return err
		}
		_, err := conn.Write(frame)
		return err
	})
}

// floodOfTheDeaf asks for what is large, again and again, and reads nothing.
func floodOfTheDeaf(ctx context.Context, s *siege) {
	for n := range 100 {
		who := s.writers[n%floodWriters]
		if err := who.Tell("message", client.Fields{"content": fmt.Sprint(n, strings.Repeat("ü", 3900))}); err != nil {
			return
		}
	}
	questions := slices.Concat(
		textMessage(`{"type":"get_lobby_history","limit":100}`), textMessage(`{"type":"resync"}`),
		textMessage(`{"type":"get_changes","context":"global","after":0}`))
	s.each(ctx, s.sockets, func(ctx context.Context, conn net.Conn) error {
		if _, err := conn.Write(s.login()); err != nil {
			return err
		}
		for range 20 {
			if _, err := conn.Write(questions); err != nil {
				return err
			}
		}
		buffer := make([]byte, 1)
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		await.Pause(ctx, 20*time.Second)
		_, err := conn.Read(buffer)
		return err
	})
}

// floodOfTheSilent opens sockets and does not log in, opens connections and does
// not say for what, and begins requests without an end.
func floodOfTheSilent(ctx context.Context, s *siege) {
	var turn atomic.Int64
	address := strings.TrimPrefix(s.inst.URL, "http://")
	for _, beginning := range []string{"", "GET / HTTP/1.1\r\nHost: x\r\n", "\x00\x01"} {
		for range s.sockets / 10 {
			s.hostile.Go(func() {
				for ctx.Err() == nil {
					conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
					if err != nil {
						await.Pause(ctx, 100*time.Millisecond)
						continue
					}
					stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
					_, _ = conn.Write([]byte(beginning))
					_, _ = conn.Read(make([]byte, 1)) // until it is closed
					stop()
					_ = conn.Close()
					s.counted.Add(1)
				}
			})
		}
	}
	s.each(ctx, s.sockets, func(ctx context.Context, conn net.Conn) error {
		if turn.Add(1)%2 == 0 {
			if _, err := conn.Write(textMessage(`{"type":"message","content":"hello"}`)); err != nil {
				return err
			}
		}
		s.counted.Add(1)
		await.Pause(ctx, time.Minute)
		return nil
	})
}

// floodOfEverything is in many servers where much is said, and never reads.
func floodOfEverything(ctx context.Context, s *siege) {
	talker := signUp(s.t, s.inst, "talker", s.anna.invite())
	var places []client.Place
	for n := range 20 {
		server, place := talker.createServer(fmt.Sprint("Loud ", n))
		s.mallory[0].join(talker, server.ID)
		places = append(places, place)
	}
	s.hostile.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			fields := places[n%len(places)].Fields(client.Fields{"content": strings.Repeat("x", 3900)})
			if err := talker.Tell("message", fields); err != nil {
				return
			}
			talker.Take()
			s.mallory[0].Take()
			await.Pause(ctx, 200*time.Millisecond)
		}
	})
	s.each(ctx, min(s.sockets, 100), func(ctx context.Context, conn net.Conn) error {
		if _, err := conn.Write(s.login()); err != nil {
			return err
		}
		s.counted.Add(1)
		await.Pause(ctx, time.Minute)
		return nil
	})
}

// floodOfLogins tries passwords on many sockets at once.
func floodOfLogins(ctx context.Context, s *siege) {
	s.each(ctx, min(s.sockets, 100), func(ctx context.Context, conn net.Conn) error {
		_, err := conn.Write(textMessage(`{"type":"login","username":"anna","password":"guess"}`))
		await.Pause(ctx, 20*time.Millisecond)
		return err
	})
}
