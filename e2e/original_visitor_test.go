package e2e

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
)

// visitor is one of the first clients: it sends no request_id, believes what it
// reads, and reads everything.
type visitor struct {
	*client.Conn
	t    *testing.T
	inst *installation.Installation
	name string
	seen map[string]bool // frame types, of all clients together
}

// alarming are the frames that do something to the person before the page: it
// alerts an error, logs out, draws a history, pops up a code. None may come
// unasked.
var alarming = []string{"error", "auth_error", "channel_history", "dm_history", "history", "invite_code", "server_invite_code", "server_members", "search_results"}

// open connects: the page from its origin to /ws, the terminal to / without one.
func open(t *testing.T, inst *installation.Installation, path, name string, seen map[string]bool) *visitor {
	t.Helper()
	var header http.Header
	if path == "/ws" {
		header = http.Header{"Origin": {inst.URL}}
	}
	conn, err := client.DialPath(t.Context(), inst.URL, path, header)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return &visitor{Conn: conn, t: t, inst: inst, name: name, seen: seen}
}

// next reads exactly one frame.
func (o *visitor) next() client.Frame {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), soon)
	defer cancel()
	f, err := o.Next(ctx)
	if err != nil {
		o.t.Fatalf("%s reads: %v", o.name, err)
	}
	o.believe(f)
	return f
}

// believe checks a frame as the client would fail on it.
func (o *visitor) believe(f client.Frame) {
	o.t.Helper()
	o.seen[f.Type] = true
	if err := fits(o.name, f.Raw); err != nil {
		o.t.Errorf("%s: %v", o.name, err)
	}
}

// gets reads frames until one of the type comes. Nothing alarming may come before.
func (o *visitor) gets(kind string, pairs ...string) client.Frame {
	o.t.Helper()
	for {
		f := o.next()
		if matches(f, kind, pairs) {
			return f
		}
		if slices.Contains(alarming, f.Type) {
			o.t.Fatalf("%s waits for %s %v and gets %.300s", o.name, kind, pairs, f.Raw)
		}
	}
}

func (o *visitor) tell(kind string, fields client.Fields) {
	o.t.Helper()
	if err := o.Tell(kind, fields); err != nil {
		o.t.Fatal(err)
	}
}

// enter logs in: one frame is the answer, the next is init.
func (o *visitor) enter(kind string, fields client.Fields) client.Frame {
	o.t.Helper()
	o.tell(kind, fields)
	if f := o.next(); f.Type != "auth_success" {
		o.t.Fatalf("%s: %s was answered with %.300s", o.name, kind, f.Raw)
	}
	f := o.next()
	if f.Type != "init" {
		o.t.Fatalf("%s: after auth_success came %.300s", o.name, f.Raw)
	}
	return f
}

func credentials(name, code string) client.Fields {
	return client.Fields{"username": name, "password": password, "invite_code": code}
}

// calm reads what has come until a line of one's own in the lobby: nothing
