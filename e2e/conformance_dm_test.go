package e2e

import (
	"slices"
	"testing"

	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/contract"
	"decentra.local/pkg/wire"
)

// Those who try the frames about a DM. All but the last were friends of anna's, and
// have a DM with her.
const (
	friend   = "friend"
	former   = "former"   // no friend any more
	blocked  = "blocked"  // by anna
	blocking = "blocking" // blocked anna
	third    = "third"    // a friend of anna's, in a DM of somebody else with her
)

// dmRight is a frame about a DM and who is refused it, with which code.
type dmRight struct {
	key     contract.FrameKey
	answer  string // ok where it is empty
	fields  func(dm client.Place, line int64) client.Fields
	refused map[string]string
}

// No more is written between those who are no friends; what is there stays theirs.
var noFriends = map[string]string{former: "permission_denied", blocked: "permission_denied", blocking: "permission_denied", third: "not_found"}
var onlyOthers = map[string]string{third: "not_found"}

var dmRights = []dmRight{
	{key: contract.FrameKey{Type: "message", Context: wire.ContextDM}, refused: noFriends, fields: func(dm client.Place, _ int64) client.Fields {
		return dm.Fields(client.Fields{"content": "hello"})
	}},
	{key: contract.FrameKey{Type: "edit_message", Context: wire.ContextDM}, refused: noFriends, fields: func(dm client.Place, line int64) client.Fields {
		return dm.Fields(client.Fields{"id": line, "content": "better"})
	}},
	{key: contract.FrameKey{Type: "typing", Context: wire.ContextDM}, refused: noFriends, fields: func(dm client.Place, _ int64) client.Fields {
		return dm.Fields(nil)
	}},
	{key: contract.FrameKey{Type: "mark_read", Context: wire.ContextDM}, refused: onlyOthers, fields: func(dm client.Place, line int64) client.Fields {
		return dm.Fields(client.Fields{"id": line})
	}},
	{key: contract.FrameKey{Type: "get_changes", Context: wire.ContextDM}, answer: "changes", refused: onlyOthers, fields: func(dm client.Place, _ int64) client.Fields {
		return dm.Fields(client.Fields{"after": 0})
	}},
	{key: contract.FrameKey{Type: "get_dm_history"}, answer: "dm_history", refused: onlyOthers, fields: func(dm client.Place, _ int64) client.Fields {
		return client.Fields{"dm_id": dm.ID}
	}},
	{key: contract.FrameKey{Type: "delete_message", Context: wire.ContextDM}, refused: onlyOthers, fields: func(dm client.Place, line int64) client.Fields {
		return dm.Fields(client.Fields{"id": line})
	}},
}

// TestConformanceOfDMs holds every frame about a DM against the table of rights.
func TestConformanceOfDMs(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		inst := installation.Start(t, installation.Options{Topology: topology})
		anna := signUp(t, inst, "anna", "")
		people, dms, lines := company{}, map[string]client.Place{}, map[string]int64{}
		for _, name := range []string{friend, former, blocked, blocking, third} {
			people[name] = signUp(t, inst, name, anna.invite()) // and with that a friend
			dms[name] = people[name].openDM("anna")
			lines[name] = people[name].write(dms[name], "first", "").ID
		}
		dms[third], lines[third] = dms[friend], lines[friend]
		people[former].ask("remove_friend", client.Fields{"username": "anna"}, "ok")
		anna.ask("block_user", client.Fields{"username": blocked}, "ok")
		people[blocking].ask("block_user", client.Fields{"username": "anna"}, "ok")

		for key := range contract.Frames {
			if (key.Context == wire.ContextDM || key.Type == "get_dm_history") && !slices.ContainsFunc(dmRights, func(r dmRight) bool { return r.key == key }) {
				t.Errorf("the table of rights lacks %s %s", key.Type, key.Context)
			}
		}
		for _, r := range dmRights {
			for _, name := range []string{third, blocking, blocked, former, friend} {
				t.Run(r.key.Type+" "+name, func(t *testing.T) {
					p, fields := people[name].in(t), r.fields(dms[name], lines[name])
					if code := r.refused[name]; code != "" {
						p.refused(r.key.Type, fields, code)
						return
					}
					answer := r.answer
					if answer == "" {
						answer = "ok"
					}
					p.ask(r.key.Type, fields, answer)
				})
			}
		}
	})
}

// TestNobodyIsNobody sends every frame on a socket that nobody has logged in on, and
// on one whose session has ended.
func TestNobodyIsNobody(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		inst := installation.Start(t, installation.Options{Topology: topology})
		anna := signUp(t, inst, "anna", "")
		ended := anna.another()
		token := ended.Token
		do(t, ended.rest(), "DELETE", "/api/v1/session", nil, 204)
		for name, header := range map[string][]string{"no session": nil, "a session that has ended": {"decentra_session=" + token}} {
			t.Run(name, func(t *testing.T) {
				conn, err := client.Dial(t.Context(), inst.URL, map[string][]string{"Cookie": header})
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				for key := range contract.Frames {
					fields := client.Fields{"token": token}
					if key.Context != "" {
						fields["context"] = key.Context
					}
					answer, err := conn.Ask(t.Context(), key.Type, fields)
					if refused := checkRefusal(t, key.Type, answer, err, "unauthenticated"); refused.Frame.Type != "auth_error" {
						t.Errorf("%s was answered with %s, want auth_error", key.Type, refused.Frame.Raw)
					}
				}
				answer, err := conn.Ask(t.Context(), "auth", nil)
				checkRefusal(t, "auth", answer, err, "unauthenticated")
			})
		}
	})
}
