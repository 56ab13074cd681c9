package wire_test

import (
	"encoding/json"
	"testing"
	"time"

	"decentra.local/pkg/wire"
)

func TestEncodePutsTheTypeFirst(t *testing.T) {
	for _, c := range []struct {
		name  string
		frame wire.Frame
		want  string
	}{
		{"no fields", wire.Resync{}, `{"type":"resync"}`},
		{"fields", wire.FriendRemoved{Peer: wire.Peer{Username: "<ann>"}}, `{"type":"friend_removed","username":"<ann>"}`},
		{"null", wire.MessageDeleted{ID: 1, Seq: 2, Username: "ann", Context: "global"}, `{"type":"message_deleted","id":1,"seq":2,"username":"ann","context":"global","context_id":null}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(wire.Encode(c.frame)); got != c.want {
				t.Fatalf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestComposeEscapesTheRequestID(t *testing.T) {
	got := wire.Compose("ok", `"},{"`, []byte(`{"id":1}`))
	var frame map[string]any
	if err := json.Unmarshal(got, &frame); err != nil || frame["request_id"] != `"},{"` || frame["id"] != 1.0 {
		t.Fatalf("got %s, %v", got, err)
	}
}

func TestTimesHaveMicrosecondsAndAnOffset(t *testing.T) {
	moment := wire.Time{Time: time.Date(2026, 1, 2, 3, 4, 5, 60_000, time.FixedZone("", 3600))}
	got, err := json.Marshal(moment)
	if err != nil || string(got) != `"2026-01-02T02:04:05.000060+00:00"` {
		t.Fatalf("got %s, %v", got, err)
	}
	var back wire.Time
	if err := json.Unmarshal(got, &back); err != nil || !back.Equal(moment.Time) {
		t.Fatalf("got %v, %v", back, err)
	}
}
