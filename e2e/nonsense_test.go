package e2e

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/contract"
)

// awkward are values that a field may be given by mistake or in bad faith.
var awkward = []any{
	nil, true, -1, 0, 1, 1.5, 1 << 53, 1e300, "", " ", "\x00", "\u202e", "%", "_", "'; DROP TABLE message; --", "../../auth.db", "a/b", "/",
	"a.b", "*", ">", "event.>", "🦊", "ﷺ", "\ufffd", strings.Repeat("x", 70), strings.Repeat("ü", 5000), "null", "-1", "18446744073709551616",
	[]any{}, []any{nil}, []any{"x", "x"}, client.Fields{}, client.Fields{"x": []any{client.Fields{}}},
}

// TestNoFrameBreaksAService gives every field of every frame awkward values, with
// the others as they should be: it is refused, or does what it says, and no
// service fails over it.
func TestNoFrameBreaksAService(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		inst := installation.Start(t, installation.Options{Topology: topology})
		anna := signUp(t, inst, "anna", "")
		ben := signUp(t, inst, "ben", anna.invite())
		dm := anna.openDM("ben")
		keys := slices.SortedFunc(maps.Keys(contract.Frames), func(a, b contract.FrameKey) int {
			return strings.Compare(a.Type+a.Context, b.Type+b.Context)
		})
		for _, key := range keys {
			server, general := anna.createServer("Home")
			ben.join(anna, server.ID)
			line := anna.write(general, "hello", "")
			right := client.Fields{
				"server_id": server.ID, "channel_id": server.Channels[0].ID, "channel_ids": []string{server.Channels[0].ID},
				"dm_id": dm.ID, "username": "ben", "name": "name", "content": "content", "id": line.ID, "after": 0, "query": "b",
				"permissions": everyRight, "display_name": "name", "friends": "instant", "avatar_type": "emoji", "avatar": "🦊",
				"max_uses": 1, "expires_in": 60, "invite_code": "AAAAAAAA", "code": "AAAAAAAA", "messages": "keep",
			}
			switch key.Context {
			case "server":
				maps.Copy(right, general.Fields(nil))
			case "dm":
				maps.Copy(right, dm.Fields(nil))
			}
			request, _ := contract.Frames[key].Endpoint.Types()
			names := slices.DeleteFunc(fieldNames(request), func(name string) bool { return name == "context" })
			for _, name := range names {
				for _, value := range awkward {
					fields := client.Fields{"context": key.Context}
					for _, other := range names {
						if valid, ok := right[other]; ok {
							fields[other] = valid
						}
					}
					fields[name] = value
					if key.Context == "" {
						delete(fields, "context")
					}
					_, err := anna.Ask(t.Context(), key.Type, fields)
					if code := client.Code(err); code == "internal" || code == "unavailable" || code == "unauthenticated" || errors.Is(err, client.ErrSilence) || errors.Is(err, client.ErrLost) {
						t.Fatalf("%s %s with %s = %.100v: %v", key.Type, key.Context, name, value, err)
					}
				}
			}
			anna.Take()
		}
		anna.ask("resync", nil, "init")
	})
}

// fieldNames are those of a request in JSON.
func fieldNames(t reflect.Type) []string {
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
	}
	return names
}
