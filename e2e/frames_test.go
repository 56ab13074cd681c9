package e2e

import (
	"fmt"
	"testing"

	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
)

// TestFrames shows what the frames do: who hears of it, once, and who does not.
func TestFrames(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		s := &scene{inst: installation.Start(t, installation.Options{Topology: topology})}
		s.host = signUp(t, s.inst, "host", "")
		for _, c := range []struct {
			name string
			show func(t *testing.T, s *scene)
		}{
			{"kicking and leaving", showLeaving},
			{"handing over and deleting a server", showOwning},
			{"bans", showBans},
			{"invites to a server", showServerInvites},
			{"invites to the installation", showInvites},
			{"channels", showChannels},
			{"profiles", showProfiles},
			{"pictures", showPictures},
			{"changed password", showPassword},
			{"sessions", showSessions},
			{"deleted account whose messages stay", showDeletedKept},
			{"deleted account whose messages go", showDeletedRemoved},
			{"administration", showAdministration},
			{"blocks", showBlocks},
			{"blocks and requests", showBlockedRequests},
			{"requests denied", showDenial},
			{"read marks", showReadMarks},
			{"typing", showTyping},
			{"pages of the lobby", showLobby},
			{"presence", showPresence},
			{"notices for terminals", showTerminals},
		} {
			t.Run(c.name, func(t *testing.T) { c.show(t, s) })
			s.host.Take()
		}
	})
}

// scene is an installation for many small stories with people of their own.
type scene struct {
	inst   *installation.Installation
	host   *person
	people int
	beats  int
}

// person signs somebody up. The number keeps names of different stories apart.
func (s *scene) person(t *testing.T, name string) *person {
	t.Helper()
	s.people++
	return signUp(t, s.inst, fmt.Sprintf("%s%d", name, s.people), s.host.in(t).invite())
}

// settle returns when everything that the people caused, and everything before,
// has reached them.
func (s *scene) settle(t *testing.T, people ...*person) {
	t.Helper()
	for _, p := range people {
		p.another().Close() // its `init` waits for the facts that the person caused
	}
	s.beats++
	beat := fmt.Sprintf("beat %d", s.beats)
	s.host.in(t).ask("message", client.Fields{"content": beat}, "ok")
	for _, p := range people {
		p.hears("message", "content", beat) // all of chat's before came before
		p.ask("set_friend_policy", client.Fields{"friends": "instant"}, "ok")
	}
	for _, p := range people {
		p.hears("settings_updated") // and all of social's
	}
}

// quiet settles and forgets what came.
func (s *scene) quiet(t *testing.T, people ...*person) {
	t.Helper()
	s.settle(t, people...)
	for _, p := range people {
		p.Take()
	}
}

// got checks how many such events a settled person has had, and takes them.
func (p *person) got(n int, kind string, pairs ...string) {
	p.t.Helper()
	had := 0
	for _, f := range p.Waiting() {
		if matches(f, kind, pairs) {
			had++
		}
	}
	if had != n {
		p.t.Errorf("%s had %s %v %d times, want %d", p.Username, kind, pairs, had, n)
	}
	for range had {
		p.hears(kind, pairs...)
	}
}

// all makes a list of people do or have the same.
func all(people []*person, each func(p *person)) {
	for _, p := range people {
		each(p)
	}
}

func here(serverID string) client.Fields { return client.Fields{"server_id": serverID} }

func who(p *person) client.Fields { return client.Fields{"username": p.Username} }

// fresh is the `init` of a connection that the person opens anew.
func (p *person) fresh() *person {
	p.t.Helper()
	return p.another()
}
