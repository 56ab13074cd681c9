package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/contract"
	"decentra.local/pkg/wire"
)

// The people of the table of rights. The last five are no members.
const (
	owner    = "owner"
	creator  = "creator" // may create channels
	editor   = "editor"  // may edit channels
	deleter  = "deleter" // may delete channels
	plain    = "plain"   // a member without a right
	shunned  = "shunned" // a member whom the owner has blocked
	stranger = "stranger"
	left     = "left"
	kicked   = "kicked"
	banned   = "banned"
	ousted   = "ousted" // owned the server, and left
)

var (
	members   = []string{owner, creator, editor, deleter, plain, shunned}
	outsiders = []string{stranger, left, kicked, banned, ousted}
)

// right is a frame about a server, and who may send it.
type right struct {
	key    contract.FrameKey
	name   string // besides the frame, where there are several
	may    []string
	fields func(w *realm) client.Fields
	answer string            // of a frame that is allowed; ok where it is empty
	codes  map[string]string // of those who are refused for another reason
	once   bool              // after it there is nothing left to do it to
}

func (r right) String() string {
	return strings.TrimSpace(strings.Join([]string{r.key.Type, r.key.Context, r.name}, " "))
}

func about(kind string) contract.FrameKey { return contract.FrameKey{Type: kind} }
func aboutText(kind string) contract.FrameKey {
	return contract.FrameKey{Type: kind, Context: wire.ContextServer}
}

func ofServer(pairs ...any) func(*realm) client.Fields {
	return func(w *realm) client.Fields {
		fields := client.Fields{"server_id": w.server.ID}
		for i := 0; i < len(pairs); i += 2 {
			fields[pairs[i].(string)] = pairs[i+1]
		}
		return fields
	}
}

func ofPlace(pairs ...any) func(*realm) client.Fields {
	return func(w *realm) client.Fields {
		fields := w.place.Fields(nil)
		for i := 0; i < len(pairs); i += 2 {
			fields[pairs[i].(string)] = pairs[i+1]
		}
		return fields
	}
}

var rights = []right{
	{key: aboutText("message"), may: members, fields: ofPlace("content", "hello")},
	{key: aboutText("edit_message"), may: []string{plain}, fields: func(w *realm) client.Fields {
		return w.place.Fields(client.Fields{"id": w.line.ID, "content": "better"})
	}},
	{key: aboutText("delete_message"), may: []string{owner, plain}, once: true, fields: func(w *realm) client.Fields {
		return w.place.Fields(client.Fields{"id": w.line.ID})
	}},
	{key: aboutText("get_changes"), may: members, answer: "changes", fields: ofPlace("after", 0)},
	{key: aboutText("mark_read"), may: members, fields: ofPlace("id", 1)},
	{key: aboutText("typing"), may: members, fields: ofPlace()},
	{key: about("get_channel_history"), may: members, answer: "channel_history", fields: ofChannel()},
	{key: about("get_server_members"), may: members, answer: "server_members", fields: ofServer()},
	{key: about("create_channel"), may: []string{owner, creator}, fields: ofServer("name", "new")},
	{key: about("create_voice_channel"), may: []string{owner, creator}, fields: ofServer("name", "new")},
	{key: about("update_channel"), may: []string{owner, editor}, fields: ofChannel("name", "renamed")},
	{key: about("update_channel"), name: "description", may: []string{owner, editor}, fields: ofChannel("description", "what it is about")},
	{key: about("reorder_channels"), may: []string{owner, editor}, fields: func(w *realm) client.Fields {
		return client.Fields{"server_id": w.server.ID, "channel_ids": w.channels}
	}},
	{key: about("delete_channel"), may: []string{owner, deleter}, once: true, fields: ofChannel()},
	{key: about("join_voice_channel"), may: members, answer: "voice_joined", fields: func(w *realm) client.Fields {
		return client.Fields{"server_id": w.server.ID, "channel_id": w.voice}
	}},
	{key: about("rename_server"), may: []string{owner}, fields: ofServer("name", "renamed")},
	{key: about("generate_server_invite"), may: []string{owner}, answer: "server_invite_code", fields: ofServer("max_uses", 3)},
	{key: about("get_server_invites"), may: []string{owner}, answer: "server_invites", fields: ofServer()},
	{key: about("revoke_server_invite"), may: []string{owner}, fields: func(w *realm) client.Fields {
		return client.Fields{"server_id": w.server.ID, "code": w.code}
	}},
	{key: about("update_user_permissions"), may: []string{owner}, fields: ofServer("username", plain, "permissions", everyRight)},
	{key: about("kick_member"), may: []string{owner}, fields: ofServer("username", plain)},
	{key: about("ban_member"), may: []string{owner}, fields: ofServer("username", plain)},
	{key: about("ban_member"), name: "of a stranger", may: []string{owner}, fields: ofServer("username", stranger)},
	{key: about("unban_member"), may: []string{owner}, fields: ofServer("username", banned)},
	{key: about("get_server_bans"), may: []string{owner}, answer: "server_bans", fields: ofServer()},
	{key: about("transfer_server"), may: []string{owner}, fields: ofServer("username", plain)},
	{key: about("delete_server"), may: []string{owner}, fields: ofServer()},
	{key: about("leave_server"), may: members[1:], codes: map[string]string{owner: "conflict"}, fields: ofServer()},
	{key: about("join_server"), fields: ofServer(), codes: map[string]string{
		stranger: "permission_denied", left: "permission_denied", kicked: "permission_denied",
		banned: "permission_denied", ousted: "permission_denied"}},
}

func ofChannel(pairs ...any) func(*realm) client.Fields {
	return func(w *realm) client.Fields {
		fields := ofServer(pairs...)(w)
		_, channel, _ := strings.Cut(w.place.ID, "/")
		fields["channel_id"] = channel
		return fields
	}
}

// realm is a server with everybody of the table in or out of it.
type realm struct {
	server   wire.Server
	place    client.Place
	channels []string
	voice    string    // a voice channel
	line     wire.Sent // of the plain member
	code     string
}

// company is everybody of the table, by name.
type company map[string]*person

func newCompany(t *testing.T, topology installation.Topology) company {
	t.Helper()
	inst := installation.Start(t, installation.Options{Topology: topology})
	all := company{owner: signUp(t, inst, owner, "")}
	for _, name := range slices.Concat(members[1:], outsiders) {
		all[name] = signUp(t, inst, name, all[owner].invite())
	}
	all[owner].ask("block_user", client.Fields{"username": shunned}, "ok")
	// Who is online reaches the services a moment after the sockets are there.
	friends := len(members) + len(outsiders) - 2 // but for herself and whom she blocked
	await.Until(t, await.Patience, "the owner's friends are seen online", func() error {
		state := all[owner].ask("resync", nil, "init")
		var init wire.Init
		if err := state.Into(&init); err != nil {
			return err
		}
		if len(init.Presence) < friends {
			return fmt.Errorf("%d are", len(init.Presence))
		}
		return nil
	})
	return all
}

func (all company) in(t *testing.T) company {
	own := company{}
	for name, p := range all {
		own[name] = p.in(t)
	}
	return own
}

// found makes a server with everybody in their place.
func (all company) found() *realm {
	o := all[owner]
	w := &realm{}
	w.server, w.place = o.createServer("Realm")
	in := func(more client.Fields) client.Fields {
		fields := client.Fields{"server_id": w.server.ID}
		for name, value := range more {
			fields[name] = value
		}
		return fields
	}
	code := o.ask("generate_server_invite", in(client.Fields{"max_uses": 20}), "server_invite_code").Field("code")
	for _, name := range slices.Concat(members[1:], outsiders[1:]) {
		all[name].ask("join_server_with_invite", client.Fields{"invite_code": code}, "server_joined")
	}
	for name, permission := range map[string]string{creator: "can_create_channel", editor: "can_edit_channel", deleter: "can_delete_channel"} {
		o.ask("update_user_permissions", in(client.Fields{"username": name, "permissions": client.Fields{permission: true}}), "ok")
	}
	o.ask("transfer_server", in(client.Fields{"username": ousted}), "ok")
	all[ousted].ask("transfer_server", in(client.Fields{"username": owner}), "ok")
	all[ousted].ask("leave_server", in(nil), "ok") // with every permission
	all[left].ask("leave_server", in(nil), "ok")
	o.ask("kick_member", in(client.Fields{"username": kicked}), "ok")
	o.ask("ban_member", in(client.Fields{"username": banned}), "ok")
	w.line = all[plain].write(w.place, "first", "")
	w.code = o.serverInvite(w.server.ID)
	o.ask("create_channel", in(client.Fields{"name": "second"}), "ok")
	second := o.hears("channel_created", "server_id", w.server.ID, "channel.name", "second").Field("channel.id")
	o.ask("create_voice_channel", in(client.Fields{"name": "voice"}), "ok")
	w.voice = o.hears("channel_created", "server_id", w.server.ID, "channel.name", "voice").Field("channel.id")
	w.channels = []string{second, w.voice, w.server.Channels[0].ID}
	await.Until(o.t, await.Patience, "everybody is online", func() error {
		var init wire.Init
		err := o.ask("resync", nil, "init").Into(&init)
		if last := init.Servers[len(init.Servers)-1]; len(last.Online) != len(members)-1 {
			return fmt.Errorf("online are %v (%v)", last.Online, err)
		}
		return nil
	})
	return w
}

// everything is all that the owner sees of the installation.
func (all company) everything(w *realm) string {
	o := all[owner]
	state := content(o.ask("resync", nil, "init"))
	for _, list := range []struct{ ask, answer string }{
		{"get_server_members", "server_members"}, {"get_server_bans", "server_bans"}, {"get_server_invites", "server_invites"},
	} {
		state += content(o.ask(list.ask, client.Fields{"server_id": w.server.ID}, list.answer))
	}
	messages, _ := o.history(w.place)
	return state + fmt.Sprint(messages)
}

// content is a frame without its request_id.
func content(f client.Frame) string {
	return strings.Replace(string(f.Raw), `,"request_id":"`+f.RequestID+`"`, "", 1)
}

// TestConformance holds every frame about a server against the table of rights:
// who may, may; the others change nothing and learn nothing.
func TestConformance(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		everybody := newCompany(t, topology)
		for key := range intrusions {
			server := key.Context == wire.ContextServer || key.Context == "" && intrusions[key].fields(names{})["server_id"] != nil
			if server && !slices.ContainsFunc(rights, func(r right) bool { return r.key == key }) {
				t.Errorf("the table of rights lacks %s %s", key.Type, key.Context)
			}
		}
		for _, r := range rights {
			t.Run(r.String(), func(t *testing.T) { everybody.in(t).check(t, r) })
		}
	})
}

func (all company) check(t *testing.T, r right) {
	w := all.found()
	nowhere := &realm{
		server: wire.Server{ID: "AAAAAAAAAAAAAAAA"}, place: client.Channel("AAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBB"),
		channels: w.channels, voice: "CCCCCCCCCCCCCCCC", line: w.line, code: w.code,
	}
	before := all.everything(w)
	for _, name := range slices.Concat(members, outsiders) {
		if slices.Contains(r.may, name) {
			continue
		}
		t.Run(name+" may not", func(t *testing.T) {
			p := all[name].in(t)
			code := "permission_denied"
			if slices.Contains(outsiders, name) {
				code = "not_found"
			}
			if other := r.codes[name]; other != "" {
				code = other
			}
			refusal := p.refused(r.key.Type, r.fields(w), code)
			if slices.Contains(outsiders, name) {
				absent := p.refused(r.key.Type, r.fields(nowhere), code)
				if refusal.Message != absent.Message {
					t.Errorf("the server is answered with %q, what is not there with %q; want the same", refusal.Message, absent.Message)
				}
			}
			if after := all.in(t).everything(w); after != before {
				t.Errorf("%s changed something:\n%s\n%s", name, before, after)
			}
		})
	}
	for i, name := range r.may {
		if i > 0 && r.once {
			w = all.found()
		}
		t.Run(name+" may", func(t *testing.T) {
			answer := r.answer
			if answer == "" {
				answer = "ok"
			}
			all[name].in(t).ask(r.key.Type, r.fields(w), answer)
		})
	}
}
