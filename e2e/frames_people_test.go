package e2e

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"decentra.local/e2e/internal/client"
	"decentra.local/pkg/wire"
)

func showBlocks(t *testing.T, s *scene) {
	anna, ben, carl := s.person(t, "anna"), s.person(t, "ben"), s.person(t, "carl")
	anna2, ben2 := anna.another(), ben.another()
	anna.ask("add_friend", who(ben), "ok")
	dm := anna.openDM(ben.Username)
	everybody := []*person{anna, anna2, ben, ben2, carl}
	s.quiet(t, everybody...)
	anna.ask("block_user", client.Fields{"username": strings.ToUpper(ben.Username)}, "ok")
	s.settle(t, everybody...)
	all([]*person{anna, anna2}, func(p *person) {
		p.got(1, "user_blocked", "username", ben.Username, "avatar_type", "emoji")
		p.got(1, "friend_removed", "username", ben.Username)
	})
	all([]*person{ben, ben2}, func(p *person) {
		p.got(1, "friend_removed", "username", anna.Username)
		p.got(0, "user_blocked")
	})
	carl.got(0, "user_blocked")
	anna.refused("block_user", who(ben), "conflict")
	anna.refused("block_user", who(anna), "invalid")
	anna.refused("block_user", client.Fields{"username": "nobody at all"}, "not_found")
	anna.refused("add_friend", who(ben), "conflict")
	if f := anna.fresh(); len(f.Init.Blocked) != 1 || f.Init.Blocked[0].Username != ben.Username {
		t.Errorf("the blocked are %+v", f.Init.Blocked)
	}

	unknown := "nobody" + anna.Username
	real, none := ben.refused("add_friend", who(anna), "not_found"), ben.refused("add_friend", client.Fields{"username": unknown}, "not_found")
	if strings.ReplaceAll(none.Message, unknown, anna.Username) != real.Message {
		t.Errorf("who is blocked is told %q, and of nobody %q", real.Message, none.Message)
	}
	ben.refused("message", dm.Fields(client.Fields{"content": "x"}), "permission_denied")
	ben.refused("typing", dm.Fields(nil), "permission_denied")
	for _, c := range []struct {
		asker  *person
		wanted *person
		found  bool
	}{{ben, anna, false}, {carl, anna, true}, {anna, ben, true}} {
		answer := c.asker.ask("search_users", client.Fields{"query": c.wanted.Username}, "search_results")
		if found := strings.Contains(string(answer.Raw), c.wanted.Username); found != c.found {
			t.Errorf("%s finds %s: %t, want %t", c.asker.Username, c.wanted.Username, found, c.found)
		}
	}
	if f := ben.fresh(); len(f.Init.Blocked) != 0 {
		t.Errorf("the blocked one's init has %+v", f.Init.Blocked)
	}

	anna.ask("unblock_user", who(ben), "ok")
	s.settle(t, everybody...)
	all([]*person{anna, anna2}, func(p *person) { p.got(1, "user_unblocked", "username", ben.Username) })
	all([]*person{ben, ben2, carl}, func(p *person) { p.got(0, "user_unblocked") })
	anna.refused("unblock_user", who(ben), "not_found")
	ben.ask("add_friend", who(anna), "ok")
	anna.hears("friend_added", "username", ben.Username)

	carl.refused("start_dm", who(anna), "permission_denied")
	anna.ask("block_user", who(carl), "ok")
	for _, kind := range []string{"add_friend", "start_dm"} {
		real, none := carl.refused(kind, who(anna), "not_found"), carl.refused(kind, client.Fields{"username": unknown}, "not_found")
		if strings.ReplaceAll(none.Message, unknown, anna.Username) != real.Message {
			t.Errorf("%s: who is blocked is told %q, and of nobody %q", kind, real.Message, none.Message)
		}
	}
}

func showBlockedRequests(t *testing.T, s *scene) {
	anna, ben, carl := s.person(t, "anna"), s.person(t, "ben"), s.person(t, "carl")
	anna2 := anna.another()
	s.quiet(t, anna, anna2, ben, carl)
	anna.ask("set_friend_policy", client.Fields{"friends": "ask"}, "ok")
	all([]*person{anna, anna2}, func(p *person) { p.hears("settings_updated", "friends", "ask") })
	anna.refused("set_friend_policy", client.Fields{"friends": "never"}, "invalid")
	if f := anna.fresh(); f.Init.Settings.Friends != "ask" {
		t.Errorf("the settings are %+v", f.Init.Settings)
	}
	for _, asker := range []*person{ben, carl} {
		asker.ask("add_friend", who(anna), "ok")
		asker.hears("friend_request_sent", "username", anna.Username)
		anna.hears("friend_request_received", "username", asker.Username)
	}
	anna.ask("block_user", who(ben), "ok")
	ben.hears("friend_request_cancelled", "username", anna.Username)
	all([]*person{anna, anna2}, func(p *person) {
		p.hears("friend_request_cancelled_by_sender", "username", ben.Username)
		p.hears("user_blocked", "username", ben.Username)
	})
	anna.refused("approve_friend_request", who(ben), "not_found")
	anna.ask("approve_friend_request", who(carl), "ok")
	carl.hears("friend_request_accepted", "username", anna.Username)
	ben.heardNot("settings_updated")
}

func showDenial(t *testing.T, s *scene) {
	anna, ben := s.person(t, "anna"), s.person(t, "ben")
	anna.ask("set_friend_policy", client.Fields{"friends": "ask"}, "ok")
	ben.ask("add_friend", who(anna), "ok")
	anna.ask("deny_friend_request", who(ben), "ok")
	anna.hears("friend_request_denied", "username", ben.Username)
	// The list of what one has asked shrinks, as a fresh init would have it.
	ben.hears("friend_request_cancelled", "username", anna.Username)
	ben.heardNot("friend_request_denied")
	if f := ben.fresh(); len(f.Init.RequestsSent) != 0 {
		t.Errorf("the requests are %+v", f.Init.RequestsSent)
	}
}

func showReadMarks(t *testing.T, s *scene) {
	anna, ben := s.person(t, "anna"), s.person(t, "ben")
	anna.ask("add_friend", who(ben), "ok")
	ben2 := ben.another()
	server, general := anna.createServer("Home")
	ben.join(anna, server.ID)
	for _, place := range []client.Place{general, anna.openDM(ben.Username)} {
		t.Run(place.Context, func(t *testing.T) {
			a, b, b2 := anna.in(t), ben.in(t), ben2.in(t)
			var ids []int64
			for _, line := range []string{"one", "two", "three", "four"} {
				ids = append(ids, a.write(place, line, "").ID)
			}
			b.write(place, "mine", "")
			progress := func(p *person) wire.Progress {
				for _, one := range p.fresh().Init.Read {
					if one.Context == place.Context && *one.ContextID == place.ID {
						return one
					}
				}
				t.Fatalf("init lacks the progress of %s", place.ID)
				return wire.Progress{}
			}
			check := func(p *person, read int64, unread int) {
				t.Helper()
				if got := progress(p); got.Read != read || got.Unread != unread || got.Seq == 0 {
					t.Errorf("%s has %+v, want read %d and %d unread", p.Username, got, read, unread)
				}
			}
			s.quiet(t, a, b, b2)
			check(b, 0, 4)
			check(a, 0, 1)
			mark := func(id int64, read string, unread string) {
				t.Helper()
				b.ask("mark_read", place.Fields(client.Fields{"id": id}), "ok")
				s.settle(t, a, b, b2)
				all([]*person{b, b2}, func(p *person) {
					p.got(1, "read_marked", "context", place.Context, "context_id", place.ID, "read", read, "unread", unread)
				})
				a.got(0, "read_marked")
			}
			text := func(n int64) string { return strconv.FormatInt(n, 10) }
			mark(ids[1], text(ids[1]), "2")
			check(b, ids[1], 2)
			mark(ids[0], text(ids[1]), "2") // never back
			a.ask("delete_message", place.Fields(client.Fields{"id": ids[2]}), "ok")
			check(b, ids[1], 1)
			mark(1<<40, progressSeq(progress(b)), "0") // nor past the end
			a.write(place, "five", "")
			if got := progress(b); got.Unread != 1 {
				t.Errorf("after a mark far ahead a new message counts %d, want 1", got.Unread)
			}
		})
	}
}

func progressSeq(p wire.Progress) string { return strconv.FormatInt(p.Seq, 10) }

func showTyping(t *testing.T, s *scene) {
	anna, ben, carl := s.person(t, "anna"), s.person(t, "ben"), s.person(t, "carl")
	anna2, ben2 := anna.another(), ben.another()
	anna.ask("add_friend", who(ben), "ok")
	server, general := anna.createServer("Home")
	ben.join(anna, server.ID)
	dm := anna.openDM(ben.Username)
	everybody := []*person{anna, anna2, ben, ben2, carl}
	for _, c := range []struct {
		name   string
		fields client.Fields
		others int // how often those hear it who are not in it
	}{
		{"channel", general.Fields(nil), 0},
		{"DM", dm.Fields(nil), 0},
		{"lobby", client.Fields{"context": "global"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.quiet(t, everybody...)
			anna.in(t).ask("typing", c.fields, "ok")
			s.settle(t, everybody...)
			context := c.fields["context"].(string)
			all([]*person{ben, ben2}, func(p *person) { p.in(t).got(1, "typing", "username", anna.Username, "context", context) })
			all([]*person{anna, anna2}, func(p *person) { p.in(t).got(0, "typing") })
			carl.in(t).got(c.others, "typing")
		})
	}
}

func showPresence(t *testing.T, s *scene) {
	friend, fellow, outsider, both := s.person(t, "friend"), s.person(t, "fellow"), s.person(t, "outsider"), s.person(t, "both")
	anna := s.person(t, "anna")
	server, _ := anna.createServer("Home")
	fellow.join(anna, server.ID)
	both.join(anna, server.ID)
	name := anna.Username
	// Who becomes a friend or a fellow member hears it then.
	anna.ask("add_friend", who(friend), "ok")
	anna.ask("add_friend", who(both), "ok")
	friend.hears("presence", "username", name, "online", "true", "server_id", "")
	anna.hears("presence", "username", friend.Username, "online", "true", "server_id", "")
	anna.hears("presence", "username", fellow.Username, "online", "true", "server_id", server.ID)
	everybody := []*person{outsider, friend, fellow, both}
	// As a friend, and as a member of each server, one hears it once.
	hear := func(online string) {
		t.Helper()
		all([]*person{friend, both}, func(p *person) { p.hears("presence", "username", name, "online", online, "server_id", "") })
		all([]*person{fellow, both}, func(p *person) { p.hears("presence", "username", name, "online", online, "server_id", server.ID) })
	}
	s.quiet(t, everybody...)

	second := anna.another()
	anna.Close()
	s.settle(t, append([]*person{second}, everybody...)...)
	all(everybody, func(p *person) { p.got(0, "presence", "username", name) })
	second.Close()
	hear("false")
	if init := friend.fresh().Init; slices.Contains(init.Presence, name) {
		t.Errorf("who went is still online: %v", init.Presence)
	}
	s.settle(t, everybody...)
	all(everybody, func(p *person) { p.got(0, "presence", "username", name) })

	back := logIn(t, s.inst, name)
	hear("true")
	s.settle(t, append([]*person{back}, everybody...)...)
	all(everybody, func(p *person) { p.got(0, "presence", "username", name) })
	back.got(0, "presence", "username", name)
	for _, c := range []struct {
		*person
		friend, fellow bool
	}{{outsider, false, false}, {friend, true, false}, {fellow, false, true}, {both, true, true}} {
		init := c.fresh().Init
		asFellow := slices.ContainsFunc(init.Servers, func(s wire.Server) bool { return slices.Contains(s.Online, name) })
		if asFriend := slices.Contains(init.Presence, name); asFriend != c.friend || asFellow != c.fellow {
			t.Errorf("%s sees who is online as a friend: %t, as a fellow member: %t", c.Username, asFriend, asFellow)
		}
	}

	// Of a friend no more one hears as a fellow member alone, and the other way round.
	back.ask("remove_friend", who(both), "ok")
	fellow.ask("leave_server", client.Fields{"server_id": server.ID}, "ok")
	s.quiet(t, everybody...)
	back.Close()
	both.hears("presence", "username", name, "online", "false", "server_id", server.ID)
	friend.hears("presence", "username", name, "online", "false", "server_id", "")
	s.settle(t, everybody...)
	all(everybody, func(p *person) { p.got(0, "presence", "username", name) })
}

func showLobby(t *testing.T, s *scene) {
	anna := s.person(t, "anna")
	lobby := client.Place{Context: wire.ContextGlobal}
	newest := func() []string {
		var page wire.LobbyHistory
		if err := anna.ask("get_lobby_history", nil, "lobby_history").Into(&page); err != nil {
			t.Fatal(err)
		}
		return contents(page.Messages)
	}
	var ids []int64
	want := newest() // others wrote before
	for i := range wire.Bounds.LobbyHistory + 5 {
		ids = append(ids, anna.write(lobby, strconv.Itoa(i), "").ID)
		want = append(want, anna.Username+": "+strconv.Itoa(i))
		want = want[max(0, len(want)-wire.Bounds.LobbyHistory):]
		for range 2 { // the second time it may be kept
			if got := newest(); !slices.Equal(got, want) {
				t.Fatalf("after message %d it has %q, want %q", i, got, want)
			}
		}
	}
	third := ids[7]
	for _, c := range []struct {
		name   string
		fields client.Fields
		want   []string
		before bool // there are more
		after  bool
	}{
		{"the newest", client.Fields{"limit": 2}, []string{"103", "104"}, true, false},
		{"before", client.Fields{"before": third}, []string{"5", "6"}, false, true},
		{"after", client.Fields{"after": third, "limit": 2}, []string{"8", "9"}, true, true},
		{"around", client.Fields{"around": third, "limit": 3}, []string{"6", "7", "8"}, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var page wire.LobbyHistory
			if err := anna.in(t).ask("get_lobby_history", c.fields, "lobby_history").Into(&page); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range page.Messages {
				got = append(got, m.Content)
			}
			if !slices.Equal(got, c.want) || page.MoreBefore != c.before || page.MoreAfter != c.after {
				t.Errorf("got %v, more before %t, after %t", got, page.MoreBefore, page.MoreAfter)
			}
		})
	}
	anna.refused("get_lobby_history", client.Fields{"before": 1, "after": 1}, "invalid")

	last := ids[len(ids)-1]
	for _, c := range []struct {
		after  string
		change func()
		want   string
	}{
		{"nothing", func() {}, "104"},
		{"nothing again", func() {}, "104"},
		{"an edit", func() {
			anna.ask("edit_message", lobby.Fields(client.Fields{"id": last, "content": "edited"}), "ok")
		}, "edited"},
		{"a deletion", func() { anna.ask("delete_message", lobby.Fields(client.Fields{"id": last}), "ok") }, "103"},
		{"a message", func() { anna.write(lobby, "new", "") }, "new"},
	} {
		t.Run("who enters after "+c.after, func(t *testing.T) {
			c.change()
			var history wire.History
			if err := anna.in(t).another().hears("history").Into(&history); err != nil {
				t.Fatal(err)
			}
			if last := history.Messages[len(history.Messages)-1].Content; last != c.want {
				t.Errorf("the last message is %q, want %q", last, c.want)
			}
		})
	}
}

func showTerminals(t *testing.T, s *scene) {
	page := s.person(t, "page")
	conn, err := client.DialPath(t.Context(), s.inst.URL, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	err = conn.Enter(t.Context(), "login", client.Fields{"username": page.Username, "password": password})
	terminal := entered(t, s.inst.URL, conn, err)
	visitor := s.person(t, "visitor")
	terminal.hears("system", "content", visitor.Username+" joined the chat", "context", "global")
	visitor.Close()
	terminal.hears("system", "content", visitor.Username+" left the chat")
	s.settle(t, page)
	page.got(0, "system")
}
