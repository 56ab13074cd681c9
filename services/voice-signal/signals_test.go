package voicesignal

import (
	"testing"

	"decentra.local/pkg/wire"
)

func TestCandidatesThatTellAnAddress(t *testing.T) {
	const host = "a=candidate:1 1 udp 2113937151 192.0.2.1 50000 typ host\r\n"
	const reflexive = "a=candidate:2 1 udp 1677729535 203.0.113.7 50000 typ srflx raddr 192.0.2.1 rport 50000\r\n"
	const relay = "a=candidate:3 1 udp 33562367 198.18.0.1 1024 typ relay raddr 203.0.113.7 rport 50000\r\n"
	const discreet = "a=candidate:3 1 udp 33562367 198.18.0.1 1024 typ relay raddr 0.0.0.0 rport 9\r\n"
	// Once there are candidates, the best of them is where the media go by default.
	const media = "m=audio 50000 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 203.0.113.7\r\na=rtcp:50001 IN IP6 2001:db8::7\r\n"
	const elsewhere = "m=audio 50000 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtcp:50001 IN IP4 0.0.0.0\r\n"
	offer := wire.SessionDescription{Type: "offer", SDP: "v=0\r\n" + media + host + reflexive + relay + "a=mid:0\r\n"}
	for _, c := range []struct {
		name string
		who  place
		want string
	}{
		{"of somebody who does not mind", place{}, offer.SDP},
		{"of somebody who does", place{RelayOnly: true}, "v=0\r\n" + elsewhere + discreet + "a=mid:0\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.who.discreet(offer); got.SDP != c.want || got.Type != "offer" {
				t.Errorf("passed on is %q, want %q", got.SDP, c.want)
			}
		})
	}
	if relayed("candidate:1 1 udp 1 192.0.2.1 9 typ host") || !relayed("") || !relayed("candidate:3 1 udp 1 198.18.0.1 9 typ relay") {
		t.Error("a candidate is taken for another kind")
	}
}

func TestIDsOfCalls(t *testing.T) {
	if id := drawID(); !isID(id) {
		t.Errorf("%q was drawn, and is none", id)
	}
	for _, text := range []string{"", "A", "AAAAAAAAAAAAAAA1", "aaaaaaaaaaaaaaaa", "AAAAAAAA.AAAAAAA", "AAAAAAAAAAAAAAAAA"} {
		if isID(text) {
			t.Errorf("%q is taken for one", text)
		}
	}
}

func TestWhoIsWithWhom(t *testing.T) {
	sofa, bar := wire.VoicePlace{ServerID: "s", ChannelID: "sofa"}, wire.VoicePlace{ServerID: "s", ChannelID: "bar"}
	anna := &place{User: "anna", VoicePlace: sofa}
	for _, c := range []struct {
		name  string
		other *place
		want  bool
	}{
		{"nobody", nil, false},
		{"the same room", &place{VoicePlace: sofa}, true},
		{"another room", &place{VoicePlace: bar}, false},
		{"a call", &place{CallID: "c"}, false},
		{"who has left", &place{VoicePlace: sofa, Ended: wire.VoiceLeft}, false},
	} {
		if anna.with(c.other) != c.want {
			t.Errorf("%s: want %v", c.name, c.want)
		}
	}
	if !(&place{CallID: "c"}).with(&place{CallID: "c"}) || (&place{CallID: "c"}).with(&place{CallID: "d"}) {
		t.Error("calls are taken for another")
	}
}
