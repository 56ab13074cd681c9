package e2e

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"decentra.local/e2e/internal/await"
	"decentra.local/pkg/wire"
)

// attackVariable makes the test binary the attackers, as it describes.
const attackVariable = "E2E_ATTACK"

// floodWriters share what is said under a flood, so that none of them is too fast.
const floodWriters = 20

// attack is a flood by clients in a process of their own. What they are told ends
// when the process is killed.
type attack struct {
	Flood     string
	URL       string
	Sockets   int
	Addresses int      // they come from
	Tokens    []string // of those among them who have accounts

	dialled atomic.Int64
	entered atomic.Int64
	acts    atomic.Int64
	whole   atomic.Bool
}

// attackState is the line in which the attackers say how far they are.
const attackState = "%d acts, whole: %t\n"

// floods are what attackers do, by name.
var floods = map[string]func(context.Context, *attack){
	"frames of 4 MiB":                                   floodOfLargeFrames,
	"sockets that ask for much and never read":          floodOfTheDeaf,
	"frames that are begun and never end":               floodOfBeginnings,
	"sockets that never log in, or say nothing":         floodOfTheSilent,
	"one in many loud servers who never reads":          floodOfEverything,
	"wrong passwords":                                   floodOfLogins,
	"connections of one address, again and again":       floodOfConnections,
	"frames that are refused, as fast as they are read": floodOfNonsense,
}

// serveAttack is the body of the attackers' process.
func serveAttack(description string) int {
	a := &attack{}
	if err := json.Unmarshal([]byte(description), a); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go floods[a.Flood](context.Background(), a)
	for {
		fmt.Printf(attackState, a.acts.Load(), a.whole.Load())
		await.Pause(context.Background(), 100*time.Millisecond)
	}
}

// textMessage is a WebSocket text message as a client sends it, masked with zeros
// (RFC 6455, 5.2).
func textMessage(content string) []byte {
	m := []byte{0x81, 0x80 | 127}
	m = binary.BigEndian.AppendUint64(m, uint64(len(content)))
	return append(append(m, 0, 0, 0, 0), content...)
}

// dial opens a connection from the next of the attackers' addresses, with little
// room in the system for what comes.
func (a *attack) dial(ctx context.Context, _, address string) (net.Conn, error) {
	n := int(a.dialled.Add(1)) % a.Addresses
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(n+1))}}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err == nil {
		err = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	}
	return conn, err
}

// deaf opens a socket that nobody reads from.
func (a *attack) deaf(ctx context.Context) (net.Conn, error) {
	dialer := websocket.Dialer{HandshakeTimeout: 30 * time.Second, NetDialContext: a.dial}
	ws, _, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(a.URL, "http")+"/ws", nil)
	if err != nil {
		return nil, err
	}
	return ws.NetConn(), nil
}

// each opens sockets, some at a time, and does something with each over and over;
// one that the server closes is opened anew.
func (a *attack) each(ctx context.Context, n int, act func(ctx context.Context, conn net.Conn) error) {
	var opened sync.WaitGroup
	opened.Add(n)
	doors := make(chan struct{}, 32)
	for range n {
		go func() {
			first := sync.OnceFunc(opened.Done)
			for {
				doors <- struct{}{}
				conn, err := a.deaf(ctx)
				<-doors
				first()
				if err != nil {
					await.Pause(ctx, 100*time.Millisecond)
					continue
				}
				for err == nil {
					if err = act(ctx, conn); err == nil {
						a.acts.Add(1)
					}
				}
				_ = conn.Close()
			}
		}()
	}
	opened.Wait()
	a.whole.Store(true)
}

// login is the frame with which a hostile socket enters.
func (a *attack) login() []byte {
	token := a.Tokens[int(a.entered.Add(1))%len(a.Tokens)]
	return textMessage(`{"type":"auth","token":"` + token + `"}`)
}

// floodOfLargeFrames sends frames as large as they may be, of every sort: such as
// are taken, such as are refused, and such as never end.
func floodOfLargeFrames(ctx context.Context, a *attack) {
	filling := strings.Repeat("x", wire.Bounds.FrameBytes-200)
	frames := [][]byte{
		textMessage(`{"type":"set_avatar","avatar_type":"image","avatar_data":"data:image/png;base64,` + filling + `"}`),
		textMessage(`{"type":"message","content":"` + filling + `"}`),
		textMessage(`{"type":"nothing","x":"` + filling + `"}`),
		textMessage(filling),
	}
	var turn atomic.Int64
	a.each(ctx, min(a.Sockets, 100), func(_ context.Context, conn net.Conn) error {
		n := int(turn.Add(1))
		frame := frames[n%len(frames)]
		if n%5 == 0 {
			frame = frame[:len(frame)-1]
		}
		if _, err := conn.Write(a.login()); err != nil {
			return err
		}
		_, err := conn.Write(frame)
		return err
	})
}

// floodOfBeginnings keeps frames open that are not so long that they wait for others.
func floodOfBeginnings(ctx context.Context, a *attack) {
	frame := textMessage(`{"type":"message","content":"` + strings.Repeat("x", 250<<10) + `"}`)
	a.each(ctx, a.Sockets, func(ctx context.Context, conn net.Conn) error {
		_ = conn.SetWriteDeadline(time.Now().Add(20 * time.Second))
		if _, err := conn.Write(a.login()); err != nil {
			return err
		}
		if _, err := conn.Write(frame[:len(frame)-1]); err != nil {
			return err
		}
		a.acts.Add(1)
		return silent(ctx, conn, time.Minute)
	})
}

// floodOfTheDeaf asks for what is large, again and again, and reads nothing.
func floodOfTheDeaf(ctx context.Context, a *attack) {
	questions := slices.Concat(
		textMessage(`{"type":"get_lobby_history","limit":100}`), textMessage(`{"type":"resync"}`),
		textMessage(`{"type":"get_changes","context":"global","after":0}`))
	a.each(ctx, a.Sockets, func(ctx context.Context, conn net.Conn) error {
		if _, err := conn.Write(a.login()); err != nil {
			return err
		}
		for range 20 {
			if _, err := conn.Write(questions); err != nil {
				return err
			}
			a.acts.Add(1)
		}
		return silent(ctx, conn, 20*time.Second)
	})
}

// silent does nothing with a connection for a while, or until it is closed.
func silent(ctx context.Context, conn net.Conn, d time.Duration) error {
	for end := time.Now().Add(d); time.Now().Before(end); {
		await.Pause(ctx, 5*time.Second)
		if _, err := conn.Write([]byte{0x8a, 0x80, 0, 0, 0, 0}); err != nil { // a pong
			return err
		}
	}
	return nil
}

// floodOfTheSilent opens sockets and does not log in, opens connections and does
// not say for what, and begins requests without an end.
func floodOfTheSilent(ctx context.Context, a *attack) {
	var turn atomic.Int64
	address := strings.TrimPrefix(a.URL, "http://")
	for _, beginning := range []string{"", "GET / HTTP/1.1\r\nHost: x\r\n", "\x00\x01"} {
		for range a.Sockets / 10 {
			go func() {
				for {
					conn, err := a.dial(ctx, "tcp", address)
					if err != nil {
						await.Pause(ctx, 100*time.Millisecond)
						continue
					}
					_, _ = conn.Write([]byte(beginning))
					_, _ = conn.Read(make([]byte, 1)) // until it is closed
					_ = conn.Close()
					a.acts.Add(1)
				}
			}()
		}
	}
	a.each(ctx, a.Sockets, func(ctx context.Context, conn net.Conn) error {
		if turn.Add(1)%2 == 0 {
			if _, err := conn.Write(textMessage(`{"type":"message","content":"hello"}`)); err != nil {
				return err
			}
		}
		a.acts.Add(1)
		return silent(ctx, conn, time.Minute)
	})
}

// floodOfEverything hears all that is said, and never reads.
func floodOfEverything(ctx context.Context, a *attack) {
	a.each(ctx, min(a.Sockets, 100), func(ctx context.Context, conn net.Conn) error {
		if _, err := conn.Write(a.login()); err != nil {
			return err
		}
		a.acts.Add(1)
		return silent(ctx, conn, time.Minute)
	})
}

// floodOfLogins tries passwords on many sockets at once.
func floodOfLogins(ctx context.Context, a *attack) {
	var turn atomic.Int64
	a.each(ctx, min(a.Sockets, 100), func(ctx context.Context, conn net.Conn) error {
		name := fmt.Sprint("writer", turn.Add(1)%(2*floodWriters)) // half of them are nobody's
		_, err := conn.Write(textMessage(`{"type":"login","username":"` + name + `","password":"guess"}`))
		await.Pause(ctx, 20*time.Millisecond)
		return err
	})
}

// floodOfConnections opens more sockets than an address may have without a login,
// and closes them.
func floodOfConnections(ctx context.Context, a *attack) {
	a.Addresses = 1
	a.each(ctx, a.Sockets, func(ctx context.Context, conn net.Conn) error {
		a.acts.Add(1)
		await.Pause(ctx, 100*time.Millisecond)
		return net.ErrClosed
	})
}

// floodOfNonsense sends frames that make no sense, before a login and after.
func floodOfNonsense(ctx context.Context, a *attack) {
	nonsense := []byte(strings.Repeat(string(textMessage(`{"type":"nonsense"}`))+string(textMessage("x")), 20))
	var turn atomic.Int64
	a.each(ctx, min(a.Sockets, 100), func(_ context.Context, conn net.Conn) error {
		if turn.Add(1)%2 == 0 {
			if _, err := conn.Write(a.login()); err != nil {
				return err
			}
		}
		go func() { _, _ = io.Copy(io.Discard, conn) }()
		for {
			if _, err := conn.Write(nonsense); err != nil {
				return err
			}
			a.acts.Add(1)
		}
	})
}
