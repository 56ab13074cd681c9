// Package contract owns what the services promise each other: every method with
// its payloads and errors, every fact, and the table that leads a client's frame
// to the service that owns its subject. Contracts change by addition.
package contract

import (
	"decentra.local/pkg/fact"
	"decentra.local/pkg/rpc"
)

// The services' names, the first part of every subject.
const (
	Auth   = "auth"
	Chat   = "chat"
	Social = "social"
	Voice  = "voice-signal"
)

// Version is the version of the contracts, announced in service discovery.
const Version = "0.1.0"

// Nothing is an empty request or answer.
type Nothing struct{}

// SnapshotRequest asks for the caller's part of a service's state. The answer
// includes every fact up to AtLeast, whichever service caused it.
type SnapshotRequest struct {
	AtLeast int64 `json:"at_least"`
	// Of chat alone: the lobby is left out, or left out if it still has the mark, and
	// so is who is online.
	WithoutLobby  bool   `json:"without_lobby,omitempty"`
	LobbyMark     string `json:"lobby_mark,omitempty"`
	WithoutOnline bool   `json:"without_online,omitempty"`
}

// FactsRequest asks an owner for its facts after a number, at most Limit (1 to
// 1,000).
type FactsRequest struct {
	After int64 `json:"after"`
	Limit int   `json:"limit"`
}

// FactsAnswer has them in order.
type FactsAnswer struct {
	Facts []fact.Fact `json:"facts"`
}

// FactsWake is the subject on which auth says that there is a new fact.
const FactsWake = Auth + ".fact"

// Facts of auth. Errors: none of its own.
var Facts = rpc.Method[FactsRequest, FactsAnswer]{Service: Auth, Name: "facts"}
