package gateway

import (
	"encoding/json"
	"reflect"
	"testing"
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
