package gateway

import (
	"encoding/json"
	"unicode/utf8"

	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
)

// envelope is as much of a frame as the gateway reads.
type envelope struct {
	Type      string          `json:"type"`
	RequestID string          `json:"request_id"`
	Context   json.RawMessage `json:"context"`
}

// parseEnvelope reads a frame's envelope. On a failure it returns as much of it
// as was right, so that the refusal can carry the request id.
func parseEnvelope(data []byte) (envelope, error) {
	var e envelope
	err := rpc.Decode(data, &e)
	if utf8.RuneCountInString(e.RequestID) > requestIDLength {
		e.RequestID = ""
		return e, fault.New(fault.TooLarge, "A request_id may have at most %d characters.", requestIDLength)
	}
	if err == nil && e.Type == "" {
		err = fault.New(fault.Invalid, "The field type is missing.")
	}
	return e, err
}

// context is the frame's context where it is a word; other frames use the name
// for an object, which is their owner's to read.
func (e envelope) context() (string, error) {
	if len(e.Context) == 0 || e.Context[0] == '{' || string(e.Context) == "null" {
		return "", nil
	}
	var word string
	if err := json.Unmarshal(e.Context, &word); err != nil {
		return "", fault.New(fault.Invalid, "The field context must be text.")
	}
	return word, nil
}

func unknownFrame(frameType, context string) error {
	if context != "" {
		return fault.New(fault.Invalid, "There is no frame %.40q in the context %.40q.", frameType, context)
	}
	return fault.New(fault.Invalid, "There is no frame of type %.40q.", frameType)
}
