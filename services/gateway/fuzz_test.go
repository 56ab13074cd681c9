package gateway

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

// FuzzFrame reads what any client may send as each frame there is: it is refused
// with a code, or taken, and the answer's frame is whole.
func FuzzFrame(f *testing.F) {
	for _, seed := range []string{
		`{"type":"message","context":"server","context_id":"a/b","content":"hi","nonce":"n","request_id":"r"}`,
		`{"type":"webrtc_offer","target":"x","offer":{"type":"offer","sdp":"v=0"},"context":{"server_id":"s","channel_id":"c"}}`,
		`{"type":"update_user_permissions","permissions":{"can_create_channel":1}}`, `{"type":"get_changes","after":1e400}`,
		`{"type":"signup","username":"\ud800","password":"` + "\u2028" + `"}`, `{"TYPE":"login","type":null}`, `{"type":"message","type":"signup"}`,
		`[{}]`, `null`, `"x"`, `{"request_id":"\u0000\"}"}`, `{`, "\xff", `{"type":"reorder_channels","channel_ids":[1,null]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !utf8.Valid(data) {
			return // the socket refuses it before
		}
		_, _ = mayBeLarge(data)
		e, err := parseEnvelope(data)
		if err != nil && fault.Of(err) == nil {
			t.Fatalf("the refusal %v has no code", err)
		}
		answer := wire.Compose("error", e.RequestID, []byte(`{"message":"x"}`))
		var read struct {
			Type      string `json:"type"`
			RequestID string `json:"request_id"`
		}
		if err := json.Unmarshal(answer, &read); err != nil || read.Type != "error" || read.RequestID != e.RequestID {
			t.Fatalf("the answer is %q, %v", answer, err)
		}
		if err != nil {
			return
		}
		context, err := e.context()
		if err != nil && fault.Of(err) == nil {
			t.Fatalf("the refusal %v has no code", err)
		}
		_, _ = contract.Find(e.Type, context)
		for _, route := range contract.Frames {
			requestType, _ := route.Endpoint.Types()
			request := reflect.New(requestType)
			if err := rpc.Decode(data, request.Interface()); err != nil && fault.Of(err) == nil {
				t.Fatalf("%s refuses with %v, which has no code", route.Endpoint.Subject(), err)
			}
		}
	})
}

// FuzzForwardedFor reads what a client may have written before a proxy's own word.
func FuzzForwardedFor(f *testing.F) {
	trusted, err := parseProxies("--proxies", "127.0.0.1,10.0.0.0/8")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"1.2.3.4", "1.2.3.4, 10.0.0.1", "::1", "a,,b", "", "[::]:1", "fe80::1%eth0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, chain string) {
		// Whatever stands before it, the address that the proxy saw is believed.
		if got := trusted.client([]string{chain, "203.0.113.7"}); got.String() != "203.0.113.7" {
			t.Fatalf("behind %q the client is %s", chain, got)
		}
	})
}

// FuzzSplit opens connections that begin with anything: who it is for gets all of it,
// and what nobody is for is closed.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{"GET / HTTP/1.1\r\n\r\n", "\x00\x01\x00\x00\x21\x12\xa4\x42", "\x16\x03\x01", "\x04", "get", "Z", "[", "@", "\xff"} {
		f.Add([]byte(seed))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	s := newSplitter(listener, slog.New(slog.DiscardHandler))
	ended := make(chan error, 1)
	go func() { ended <- s.run() }()
	f.Cleanup(func() {
		_, _, _ = s.http.Close(), s.stun.Close(), s.close()
		<-ended
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 {
			return
		}
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write(data); err != nil {
			t.Fatal(err)
		}
		var to *branch
		switch first := data[0]; {
		case first <= 3:
			to = s.stun
		case first >= 'A' && first <= 'Z':
			to = s.http
		default:
			_ = conn.SetReadDeadline(time.Now().Add(firstByteTimeout / 2))
			if n, err := conn.Read(make([]byte, 1)); err == nil || isTimeout(err) {
				t.Fatalf("%q: %d bytes, %v; want it closed", data, n, err)
			}
			return
		}
		taken, err := to.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer taken.Close()
		got := make([]byte, len(data))
		if _, err := io.ReadFull(taken, got); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("it reads %q, %v; want %q", got, err, data)
		}
	})
}

// FuzzPassedOn reads what a balancer may begin with: nothing behind its line is taken,
// and nobody else than the line says is the client.
func FuzzPassedOn(f *testing.F) {
	for _, seed := range []string{"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET /", "PROXY UNKNOWN\r\n", "PROXY TCP6 ::1 ::1 1 2\r\n", "PROXY TCP4 x x x x\r\n",
		"PROXY " + strings.Repeat("x", 200), "PROXY \r\n", "GET /", "PROXY TCP4 1.2.3.4%x 1.1.1.1 99999 1\r\n"} {
		f.Add([]byte(seed))
	}
	balancer := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 9), Port: 9}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		client, err := readPassedOn(r, balancer)
		if (client == nil) == (err == nil) {
			t.Fatalf("%q: %v, %v", data, client, err)
		}
		line := data[:len(data)-r.Len()]
		if err == nil && (len(line) > passedOnBytes || bytes.Count(line, []byte("\r\n")) != 1 || !bytes.HasSuffix(line, []byte("\r\n"))) {
			t.Fatalf("%q was taken for the line", line)
		}
	})
}
