package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Fields are those of a frame besides type and request_id.
type Fields map[string]any

// Frame is one that the server sent.
type Frame struct {
	Type      string `json:"type"`
	RequestID string `json:"request_id"`
	Raw       json.RawMessage
}

// Into reads the frame's fields.
func (f Frame) Into(v any) error {
	if err := json.Unmarshal(f.Raw, v); err != nil {
		return fmt.Errorf("read %s: %w", f.Raw, err)
	}
	return nil
}

// Field is a field by its path, like `server.name`, as text; nothing for none.
func (f Frame) Field(path string) string {
	var value any
	if err := json.Unmarshal(f.Raw, &value); err != nil {
		return ""
	}
	for name := range strings.SplitSeq(path, ".") {
		object, ok := value.(map[string]any)
		if !ok {
			return ""
		}
		value = object[name]
	}
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}

// Refused is an `error` or `auth_error` that answered a request.
type Refused struct {
	Frame   Frame
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (r *Refused) Error() string { return r.Frame.Type + " " + r.Code + ": " + r.Message }

// ErrLost is the end of a connection.
var ErrLost = errors.New("the connection ended")

// ErrSilence is a request that was not answered, not even with an error. The
// server promises that this does not happen.
var ErrSilence = errors.New("no answer")

// Code is the code of a refusal, or nothing.
func Code(err error) string {
	var refused *Refused
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}
