package e2e

import (
	"bytes"
	"encoding/base64"
	"errors"
	"image"
	"image/gif"
	"net/http"
	"strings"
	"testing"

	"decentra.local/e2e/internal/client"
	"decentra.local/pkg/wire"
)

var errStill = errors.New("it is still there")

func showProfiles(t *testing.T, s *scene) {
	anna, ben, carl, dora := s.person(t, "anna"), s.person(t, "ben"), s.person(t, "carl"), s.person(t, "dora")
	formerly, blocker, outsider := s.person(t, "formerly"), s.person(t, "blocker"), s.person(t, "outsider")
	anna2 := anna.another()
	for _, name := range []string{"First", "Second"} { // Ben is in both, and a friend
		server, _ := anna.createServer(name)
		ben.join(anna, server.ID)
		if name == "First" {
			carl.join(anna, server.ID)
		}
	}
	for _, friend := range []*person{ben, dora, formerly} {
		anna.ask("add_friend", who(friend), "ok")
	}
	dm := anna.openDM(formerly.Username)
	anna.write(dm, "it was nice", "")
	anna.ask("remove_friend", who(formerly), "ok")
	blocker.ask("block_user", who(anna), "ok")
	everybody := []*person{anna, anna2, ben, carl, dora, formerly, blocker, outsider}
	concerned := []*person{ben, carl, dora, formerly, blocker}
	s.quiet(t, everybody...)

	anna.ask("set_avatar", client.Fields{"avatar_type": "emoji", "avatar": "🦊"}, "ok")
	s.settle(t, everybody...)
	all([]*person{anna, anna2}, func(p *person) {
		p.got(1, "avatar_updated", "avatar", "🦊", "avatar_type", "emoji")
		p.got(0, "avatar_update")
	})
	all(concerned, func(p *person) {
		p.got(1, "avatar_update", "username", anna.Username, "avatar", "🦊")
		p.got(0, "avatar_updated")
	})
	outsider.got(0, "avatar_update")

	anna.ask("set_profile", client.Fields{"display_name": "  Anna A. "}, "ok")
	s.settle(t, everybody...)
	all([]*person{anna, anna2}, func(p *person) {
		p.got(1, "profile_updated", "display_name", "Anna A.", "username", anna.Username)
		p.got(0, "avatar_update")
	})
	all(concerned, func(p *person) {
		p.got(1, "avatar_update", "username", anna.Username, "display_name", "Anna A.", "avatar", "🦊")
		p.got(0, "profile_updated")
	})
	outsider.got(0, "avatar_update")
	if f := dora.fresh(); f.Init.Friends[1].DisplayName != "Anna A." || *f.Init.Friends[1].Emoji != "🦊" {
		t.Errorf("Dora's friends are %+v", f.Init.Friends)
	}
	anna.ask("set_profile", client.Fields{"display_name": ""}, "ok")
	if f := anna.fresh(); f.Init.DisplayName != "" || *f.Init.Emoji != "🦊" {
		t.Errorf("Anna's profile is %+v", f.Init.Profile)
	}
	bad := []struct {
		name, kind string
		fields     client.Fields
		code       string
	}{
		{"two emojis", "set_avatar", client.Fields{"avatar_type": "emoji", "avatar": "🦊🦊"}, "invalid"},
		{"no emoji", "set_avatar", client.Fields{"avatar_type": "emoji"}, "invalid"},
		{"an unknown type", "set_avatar", client.Fields{"avatar_type": "film", "avatar": "🦊"}, "invalid"},
		{"a long name", "set_profile", client.Fields{"display_name": strings.Repeat("é", 33)}, "too_large"},
		{"a name that turns the text", "set_profile", client.Fields{"display_name": "a\u202eb"}, "invalid"},
	}
	for _, c := range bad {
		t.Run(c.name, func(t *testing.T) { anna.in(t).refused(c.kind, c.fields, c.code) })
	}
}

func showPictures(t *testing.T, s *scene) {
	anna := s.person(t, "anna")
	friend := s.person(t, "friend")
	anna.ask("add_friend", who(friend), "ok")
	var asGIF bytes.Buffer
	if err := gif.Encode(&asGIF, image.NewGray(image.Rect(0, 0, 3, 3)), nil); err != nil {
		t.Fatal(err)
	}
	largest := append(pictureOf(2, 2), make([]byte, 2<<20)...)[:2<<20]
	for name, c := range map[string]struct {
		picture []byte
		kind    string
	}{
		"PNG": {pictureOf(3, 3), "image/png"}, "GIF that says it is PNG": {asGIF.Bytes(), "image/gif"}, "2 MB": {largest, "image/png"},
	} {
		t.Run(name, func(t *testing.T) {
			a := anna.in(t)
			a.ask("set_avatar", client.Fields{"avatar_type": "image", "avatar_data": dataURL(c.picture)}, "ok")
			update := a.hears("avatar_updated", "avatar_type", "image", "avatar", "")
			path := update.Field("avatar_data")
			friend.in(t).hears("avatar_update", "avatar_data", path)
			if !strings.HasPrefix(path, "/api/v1/avatars/") {
				t.Fatalf("the picture is at %q", path)
			}
			answer := do(t, client.REST{Base: s.inst.URL}, http.MethodGet, path, nil, http.StatusOK)
			if !bytes.Equal(answer.Body, c.picture) {
				t.Errorf("the picture has %d bytes, want the %d that were sent", len(answer.Body), len(c.picture))
			}
			for header, want := range map[string]string{
				"Content-Type": c.kind, "Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff",
			} {
				if got := answer.Header.Get(header); got != want {
					t.Errorf("%s is %q, want %q", header, got, want)
				}
			}
			known := client.REST{Base: s.inst.URL, Header: http.Header{"If-None-Match": {answer.Header.Get("ETag")}}}
			do(t, known, http.MethodGet, path, nil, http.StatusNotModified)
		})
	}
	for name, c := range map[string]struct{ data, code string }{
		"junk":                {dataURL([]byte("this is no picture at all")), "invalid"},
		"damaged":             {dataURL(pictureOf(9, 9)[:12]), "invalid"},
		"SVG":                 {"data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte("<svg onload='x'/>")), "invalid"},
		"no base64":           {"data:image/png;base64,%%%", "invalid"},
		"an address":          {"http://example.org/a.png", "invalid"},
		"nothing":             {"", "invalid"},
		"more than 2 MB":      {dataURL(append(pictureOf(2, 2), make([]byte, 2<<20)...)), "too_large"},
		"one byte too many":   {dataURL(append(largest, 0)), "too_large"},
		"more than 8192 wide": {dataURL(pictureOf(8193, 1)), "too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			anna.in(t).refused("set_avatar", client.Fields{"avatar_type": "image", "avatar_data": c.data}, c.code)
		})
	}
	for _, path := range []string{strings.Repeat("0", 64), "..%2f..%2fauth.db", "x"} {
		do(t, client.REST{Base: s.inst.URL}, http.MethodGet, "/api/v1/avatars/"+path, nil, http.StatusNotFound)
	}
}

func showPassword(t *testing.T, s *scene) {
	anna := s.person(t, "anna")
	same, other := anna.another(), logIn(t, s.inst, anna.Username)
	third := other.another()
	anna.refused("change_password", client.Fields{"password": "wrong", "new_password": "new"}, "permission_denied")
	anna.refused("change_password", client.Fields{"password": password}, "invalid")
	anna.refused("change_password", client.Fields{"password": password, "new_password": strings.Repeat("x", 73)}, "too_large")
	anna.ask("change_password", client.Fields{"password": password, "new_password": "something new"}, "ok")
	awaitClose(t, other.Conn, 4001)
	awaitClose(t, third.Conn, 4001)
	_, err := client.Resume(t.Context(), s.inst.URL, other.Token)
	checkRefusal(t, "the token of an ended session", client.Frame{}, err, "unauthenticated")
	_, err = client.Login(t.Context(), s.inst.URL, anna.Username, password)
	checkRefusal(t, "the old password", client.Frame{}, err, "unauthenticated")
	conn, err := client.Login(t.Context(), s.inst.URL, anna.Username, "something new")
	entered(t, s.inst.URL, conn, err)
	same.ask("search_users", client.Fields{"query": "x"}, "search_results")
	anna.another()
}

func showSessions(t *testing.T, s *scene) {
	anna := s.person(t, "anna")
	same, other, stranger := anna.another(), logIn(t, s.inst, anna.Username), s.person(t, "stranger")
	list := anna.sessions()
	if len(list) != 2 {
		t.Fatalf("the sessions are %+v, want two", list)
	}
	elsewhere := ""
	for _, session := range list {
		if session.Address == "" || session.CreatedAt.IsZero() || session.UsedAt.IsZero() {
			t.Errorf("a session is %+v", session)
		}
		if !session.Current {
			elsewhere = session.ID
		}
	}
	stranger.refused("revoke_session", client.Fields{"id": elsewhere}, "not_found")
	anna.ask("revoke_session", client.Fields{"id": elsewhere}, "ok")
	awaitClose(t, other.Conn, 4001)
	anna.refused("revoke_session", client.Fields{"id": elsewhere}, "not_found")
	same.ask("search_users", client.Fields{"query": "x"}, "search_results")
	if left := anna.sessions(); len(left) != 1 || !left[0].Current {
		t.Errorf("the sessions are %+v, want the own", left)
	}
	same.heardNot("sessions")
}

// farewell is somebody with all that one can have, who goes.
func farewell(t *testing.T, s *scene, messages string) (heir, other *person, channel, dm client.Place, name string) {
	gone := s.person(t, "gone")
	heir, other = s.person(t, "heir"), s.person(t, "other")
	name = gone.Username
	gone.ask("add_friend", who(heir), "ok")
	dm = gone.openDM(heir.Username)
	gone.write(dm, "in the DM", "")
	heir.write(dm, "an answer", "")
	server, place := gone.createServer("Owned")
	heir.join(gone, server.ID)
	other.join(gone, server.ID)
	alone, _ := gone.createServer("Alone")
	gone.write(place, "in the channel", "")
	other.ask("block_user", who(gone), "ok")
	code := gone.invite()
	elsewhere := logIn(t, s.inst, name)
	gone.refused("delete_account", client.Fields{"password": "wrong", "messages": messages}, "permission_denied")
	gone.refused("delete_account", client.Fields{"password": password, "messages": "burn"}, "invalid")
	gone.refused("delete_account", client.Fields{"password": password}, "invalid")
	s.quiet(t, heir, other)

	if err := gone.Tell("delete_account", client.Fields{"password": password, "messages": messages}); err != nil {
		t.Fatal(err)
	}
	awaitClose(t, gone.Conn, 4001)
	awaitClose(t, elsewhere.Conn, 4001)
	heir.hears("friend_removed", "username", name)
	heir.hears("dm_started", "dm.id", dm.ID, "dm.username", wire.DeletedUser)
	heir.hears("conversation_changed", "context", "dm", "context_id", dm.ID)
	other.hears("user_unblocked", "username", name)
	all([]*person{heir, other}, func(p *person) {
		p.hears("server_owner_changed", "server_id", server.ID, "owner", heir.Username)
		p.hears("member_left", "server_id", server.ID, "username", name)
		p.hears("conversation_changed", "context", "server", "context_id", place.ID)
	})
	heir.ask("rename_server", with(here(server.ID), client.Fields{"name": "Inherited"}), "ok")
	heir.refused("get_server_members", here(alone.ID), "not_found")

	_, err := client.Login(t.Context(), s.inst.URL, name, password)
	checkRefusal(t, "a login to a deleted account", client.Frame{}, err, "unauthenticated")
	_, err = client.Resume(t.Context(), s.inst.URL, gone.Token)
	checkRefusal(t, "a session of a deleted account", client.Frame{}, err, "unauthenticated")
	_, err = client.SignUp(t.Context(), s.inst.URL, strings.ToUpper(name), password, s.host.in(t).invite())
	checkRefusal(t, "a sign-up with a deleted name", client.Frame{}, err, "conflict")
	_, err = client.SignUp(t.Context(), s.inst.URL, name+"x", password, code)
	checkRefusal(t, "a sign-up with a code of somebody who is gone", client.Frame{}, err, "not_found")
	if found := heir.ask("search_users", client.Fields{"query": name}, "search_results"); strings.Contains(string(found.Raw), name) {
		t.Errorf("a deleted account is found: %s", found.Raw)
	}
	heir.refused("add_friend", client.Fields{"username": name}, "not_found")
	heir.refused("message", dm.Fields(client.Fields{"content": "are you there?"}), "permission_denied")
	if f := heir.fresh(); len(f.Init.DMs) != 1 || f.Init.DMs[0].Username != wire.DeletedUser || len(f.Init.Friends) != 1 {
		t.Errorf("the friend's init has DMs %+v and friends %+v", f.Init.DMs, f.Init.Friends)
	}
	return heir, other, place, dm, name
}

func showDeletedKept(t *testing.T, s *scene) {
	heir, _, channel, dm, _ := farewell(t, s, "keep")
	for place, want := range map[client.Place]string{
		channel: wire.DeletedUser + ": in the channel",
		dm:      wire.DeletedUser + ": in the DM," + heir.Username + ": an answer",
	} {
		messages, _ := heir.history(place)
		if got := strings.Join(contents(messages), ","); got != want {
			t.Errorf("%s has %q, want %q", place.Context, got, want)
		}
	}
}

func showDeletedRemoved(t *testing.T, s *scene) {
	heir, _, channel, dm, name := farewell(t, s, "remove")
	for place, want := range map[client.Place]string{channel: "", dm: heir.Username + ": an answer"} {
		messages, _ := heir.history(place)
		if got := strings.Join(contents(messages), ","); got != want {
			t.Errorf("%s has %q, want %q", place.Context, got, want)
		}
		changes := heir.ask("get_changes", place.Fields(client.Fields{"after": 0}), "changes")
		if raw := string(changes.Raw); strings.Contains(raw, name) || strings.Contains(raw, "in the ") || !strings.Contains(raw, `"deleted":true`) {
			t.Errorf("the changes of %s are %s", place.Context, raw)
		}
	}
}
