// Package wire owns the protocol that clients speak: every frame and every REST
// body as a Go type, the form of times, and the limits.
package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Frame is a frame from the server to a client.
type Frame interface {
	// FrameType is the value of the frame's `type`.
	FrameType() string
}

// Encode makes the finished frame: one JSON object whose first field is `type`.
func Encode(f Frame) []byte {
	body, err := Marshal(f)
	if err != nil {
		panic(fmt.Sprintf("wire: %T can't be encoded: %v", f, err)) // a type of ours, not data, is wrong
	}
	return Compose(f.FrameType(), "", body)
}

// Compose puts a type, and the id of the request it answers if there is one, in
// front of the fields of a JSON object.
func Compose(frameType, requestID string, object []byte) []byte {
	front, fields := Parts(frameType, requestID, object)
	return append(front, fields...)
}

// Parts is Compose in two parts, so that what is long is not copied: the second is
// of the object.
func Parts(frameType, requestID string, object []byte) (front, fields []byte) {
	front = append(front, `{"type":"`...)
	front = append(front, frameType...)
	front = append(front, '"')
	if requestID != "" {
		id, _ := json.Marshal(requestID)
		front = append(append(front, `,"request_id":`...), id...)
	}
	if fields = bytes.TrimSpace(object); len(fields) > 2 {
		return append(front, ','), fields[1:]
	}
	return append(front, '}'), nil
}

// Marshal is JSON without the escapes that only HTML needs.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// Time is a moment as clients see it: ISO 8601 in UTC with microseconds and an
// explicit +00:00, readable by JavaScript and by every Python's fromisoformat.
type Time struct{ time.Time }

const timeLength = len("2006-01-02T15:04:05.000000+00:00")

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	return t.append(make([]byte, 0, timeLength+2)), nil
}

func (t Time) append(b []byte) []byte {
	utc := t.UTC()
	b = utc.AppendFormat(append(b, '"'), time.RFC3339) // the layout that time is fast with
	b[len(b)-1] = '.'                                  // for its Z
	for us, unit := utc.Nanosecond()/1000, 100_000; unit > 0; unit /= 10 {
		b = append(b, '0'+byte(us/unit%10))
	}
	return append(b, `+00:00"`...)
}

// UnmarshalJSON implements json.Unmarshaler for any RFC 3339 time.
func (t *Time) UnmarshalJSON(data []byte) error {
	return t.Time.UnmarshalJSON(data)
}

// MicroTime is the moment of a stored time: Unix microseconds.
func MicroTime(us int64) Time { return Time{time.UnixMicro(us).UTC()} }

// The contexts of a message.
const (
	ContextServer = "server" // context_id is `<server id>/<channel id>`
	ContextDM     = "dm"     // context_id is the DM's id
	ContextGlobal = "global" // the lobby; no context_id
)

// Limits are the bounds that clients are told in `init`, and that the services
// check. Lengths are in characters (code points) unless they say bytes.
type Limits struct {
	Username     int `json:"username_length"`
	DisplayName  int `json:"display_name_length"`
	AvatarBytes  int `json:"avatar_bytes"`
	PasswordMin  int `json:"password_min_length"`
	PasswordMax  int `json:"password_max_bytes"` // bcrypt reads no more
	Message      int `json:"message_length"`
	ServerName   int `json:"server_name_length"`
	ChannelName  int `json:"channel_name_length"`
	Description  int `json:"description_length"`
	Channels     int `json:"channels_per_server"`
	Servers      int `json:"servers_per_user"`
	Nonce        int `json:"nonce_length"`
	HistoryPage  int `json:"history_page"`
	HistoryMost  int `json:"history_page_max"`
	SearchHits   int `json:"search_hits"`
	LobbyHistory int `json:"lobby_history"`
	FrameBytes   int `json:"frame_bytes"`
}

// Bounds are the limits in force.
var Bounds = Limits{
	Username:     32,
	DisplayName:  32,
	AvatarBytes:  2 << 20,
	PasswordMin:  1,
	PasswordMax:  72,
	Message:      4000,
	ServerName:   100,
	ChannelName:  100,
	Description:  1000,
	Channels:     500,
	Servers:      200,
	Nonce:        64,
	HistoryPage:  100,
	HistoryMost:  500,
	SearchHits:   20,
	LobbyHistory: 100,
	FrameBytes:   4 << 20,
}

// LoginFrameBytes bounds a frame before the login.
const LoginFrameBytes = 16 << 10
