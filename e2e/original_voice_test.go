package e2e

import (
	"decentra.local/e2e/internal/client"
	"decentra.local/pkg/wire"
)

// description is what the first page sends of an offer or answer.
func description(kind string) client.Fields { return client.Fields{"type": kind, "sdp": "v=0\r\n"} }

// connects: one offers, the other answers, and candidates trickle both ways.
func connects(from, to *visitor, context client.Fields) {
	offer := client.Fields{"target": to.name, "offer": description("offer")}
	if context != nil {
		offer["context"] = context
	}
	from.tell("webrtc_offer", offer)
	var pairs []string
	for name, value := range context {
		pairs = append(pairs, "context."+name, value.(string))
	}
	to.gets("webrtc_offer", append(pairs, "from", from.name)...)
	to.tell("webrtc_answer", client.Fields{"target": from.name, "answer": description("answer")})
	from.gets("webrtc_answer", "from", to.name)
	for _, way := range [][2]*visitor{{from, to}, {to, from}} {
		way[0].tell("webrtc_ice_candidate", client.Fields{"target": way[1].name, "candidate": client.Fields{
			"candidate": "candidate:1 1 udp 2113937151 192.0.2.1 50000 typ host", "sdpMid": "0", "sdpMLineIndex": 0}})
		way[1].gets("webrtc_ice_candidate", "from", way[0].name, "candidate.sdpMid", "0")
	}
}

// voiceChannels: those inside offer to the newcomer.
func (w *first) voiceChannels() {
	w.anna.tell("create_voice_channel", client.Fields{"server_id": w.server, "name": "Salon"})
	room := client.Fields{"server_id": w.server, "channel_id": w.anna.gets("channel_created", "channel.name", "Salon").Field("channel.id")}
	w.anna.tell("join_voice_channel", room)
	for _, o := range w.pages() {
		o.gets("voice_state_update", "username", "anna", "state", "joined")
	}
	w.ben.tell("join_voice_channel", room)
	var update wire.VoiceStateUpdate
	if err := w.anna.gets("voice_state_update", "username", "ben", "state", "joined").Into(&update); err != nil || len(update.VoiceMembers) != 2 {
		w.t.Errorf("with Ben come %+v (%v)", update.VoiceMembers, err)
	}
	connects(w.anna, w.ben, room)
	for _, state := range []struct{ frame, field string }{
		{"voice_mute", "muted"}, {"voice_video", "video"}, {"voice_screen_share", "screen_sharing"},
	} {
		w.ben.tell(state.frame, client.Fields{state.field: true})
		for _, o := range w.pages() {
			o.gets(state.frame+"_update", "username", "ben", state.field, "true")
		}
	}
	w.ben.tell("leave_voice_channel", nil)
	for _, o := range w.pages() {
		o.gets("voice_state_update", "username", "ben", "state", "left")
	}
	w.anna.tell("leave_voice_channel", nil)
	w.ben.gets("voice_state_update", "username", "anna", "state", "left")
}

// voiceCalls: the caller offers once it is accepted. Nobody says when a call ends: the
// next one, or a room, does.
func (w *first) voiceCalls() {
	call := func(from, to *visitor) {
		from.tell("start_voice_call", client.Fields{"username": to.name})
		to.gets("incoming_voice_call", "from", from.name)
	}
	call(w.anna, w.ben)
	w.ben.tell("reject_voice_call", client.Fields{"from": "anna"})
	w.anna.gets("voice_call_rejected", "from", "ben")
	call(w.anna, w.ben)
	w.ben.tell("accept_voice_call", client.Fields{"from": "anna"})
	w.anna.gets("voice_call_accepted", "from", "ben")
	connects(w.anna, w.ben, nil)
	w.anna.tell("voice_mute", client.Fields{"muted": true})
	w.ben.gets("voice_mute_update", "username", "anna", "muted", "true")
	call(w.ben, w.anna) // he has hung up, and calls again
	w.anna.tell("accept_voice_call", client.Fields{"from": "ben"})
	w.ben.gets("voice_call_accepted", "from", "anna")
	connects(w.ben, w.anna, nil)
	w.ben.tell("leave_voice_channel", nil)
}
