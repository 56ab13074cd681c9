package e2e

import (
	"strings"
	"testing"
	"time"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/pkg/wire"
)

func showLeaving(t *testing.T, s *scene) {
	owner, member, other, outsider := s.person(t, "owner"), s.person(t, "member"), s.person(t, "other"), s.person(t, "outsider")
	owner2, member2 := owner.another(), member.another()
	server, general := owner.createServer("Home")
	member.join(owner, server.ID)
	other.join(owner, server.ID)
	everybody := []*person{owner, owner2, member, member2, other, outsider}
	s.quiet(t, everybody...)

	owner.ask("kick_member", with(here(server.ID), who(member)), "ok")
	owner.write(general, "without the kicked one", "")
	s.settle(t, everybody...)
	all([]*person{member, member2}, func(p *person) {
		p.got(1, "server_left", "server_id", server.ID, "reason", "kicked")
		p.got(0, "member_left")
		p.got(0, "system")
		p.got(0, "message", "content", "without the kicked one")
	})
	all([]*person{owner, owner2, other}, func(p *person) {
		p.got(1, "member_left", "server_id", server.ID, "username", member.Username)
		p.got(1, "system", "context", "server", "context_id", general.ID)
		p.got(1, "message", "content", "without the kicked one")
		p.got(0, "server_left")
	})
	all([]*person{outsider}, func(p *person) { p.got(0, "member_left"); p.got(0, "server_left"); p.got(0, "system") })
	member.refused("get_channel_history", client.Fields{"server_id": server.ID, "channel_id": server.Channels[0].ID}, "not_found")
	owner.refused("kick_member", with(here(server.ID), who(member)), "not_found")
	owner.refused("kick_member", with(here(server.ID), who(owner)), "conflict")

	var back wire.ServerJoined
	code := client.Fields{"invite_code": owner.serverInvite(server.ID)}
	if err := member.ask("join_server_with_invite", code, "server_joined").Into(&back); err != nil {
		t.Fatal(err)
	}
	if len(back.Read) != 1 || back.Read[0].Unread != 0 || back.Read[0].Seq != 1 {
		t.Errorf("who comes back has %+v, want nothing unread: what was said before is no news", back.Read)
	}
	member2.hears("server_joined", "server.id", server.ID)
	s.quiet(t, everybody...)
	member.ask("leave_server", here(server.ID), "ok")
	s.settle(t, everybody...)
	all([]*person{member, member2}, func(p *person) { p.got(1, "server_left", "server_id", server.ID, "reason", "left") })
	all([]*person{owner, owner2, other}, func(p *person) { p.got(1, "member_left", "username", member.Username) })
	member.refused("leave_server", here(server.ID), "not_found")
	owner.refused("leave_server", here(server.ID), "conflict")
	if fresh := member.fresh(); len(fresh.Init.Servers) != 0 {
		t.Errorf("who left still has %+v", fresh.Init.Servers)
	}
}

func showOwning(t *testing.T, s *scene) {
	owner, heir, outsider := s.person(t, "owner"), s.person(t, "heir"), s.person(t, "outsider")
	heir2 := heir.another()
	server, general := owner.createServer("Home")
	heir.join(owner, server.ID)
	code := owner.serverInvite(server.ID)
	owner.refused("transfer_server", with(here(server.ID), who(outsider)), "not_found")
	owner.refused("transfer_server", with(here(server.ID), who(owner)), "conflict")
	everybody := []*person{owner, heir, heir2, outsider}
	s.quiet(t, everybody...)

	owner.ask("transfer_server", with(here(server.ID), who(heir)), "ok")
	s.settle(t, everybody...)
	all([]*person{owner, heir, heir2}, func(p *person) {
		p.got(1, "server_owner_changed", "server_id", server.ID, "owner", heir.Username, "former_owner", owner.Username,
			"former_owner_permissions.can_create_channel", "true", "former_owner_permissions.can_edit_channel", "true",
			"former_owner_permissions.can_delete_channel", "true")
	})
	outsider.got(0, "server_owner_changed")
	owner.refused("rename_server", with(here(server.ID), client.Fields{"name": "x"}), "permission_denied")
	owner.ask("create_channel", with(here(server.ID), client.Fields{"name": "still allowed"}), "ok")
	heir.ask("rename_server", with(here(server.ID), client.Fields{"name": "Heir's"}), "ok")
	if f := heir.fresh(); f.Init.Servers[0].Owner != heir.Username || f.Init.Servers[0].Permissions != nil {
		t.Errorf("the heir's init has %+v", f.Init.Servers[0])
	}

	heir.ask("delete_server", here(server.ID), "ok")
	s.settle(t, everybody...)
	all([]*person{owner, heir, heir2}, func(p *person) { p.got(1, "server_left", "server_id", server.ID, "reason", "deleted") })
	outsider.got(0, "server_left")
	outsider.refused("join_server_with_invite", client.Fields{"invite_code": code}, "not_found")
	heir.refused("message", general.Fields(client.Fields{"content": "x"}), "not_found")
	heir.refused("delete_server", here(server.ID), "not_found")
}

func showBans(t *testing.T, s *scene) {
	owner, member, other, outsider := s.person(t, "owner"), s.person(t, "member"), s.person(t, "other"), s.person(t, "outsider")
	server, _ := owner.createServer("Home")
	member.join(owner, server.ID)
	other.join(owner, server.ID)
	everybody := []*person{owner, member, other, outsider}
	s.quiet(t, everybody...)
	owner.ask("ban_member", with(here(server.ID), client.Fields{"username": strings.ToUpper(member.Username)}), "ok")
	owner.ask("ban_member", with(here(server.ID), who(outsider)), "ok")
	s.settle(t, everybody...)
	member.got(1, "server_left", "server_id", server.ID, "reason", "banned")
	other.got(1, "member_left", "username", member.Username)
	outsider.got(0, "server_left")
	other.got(0, "member_left", "username", outsider.Username)

	owner.refused("ban_member", with(here(server.ID), who(member)), "conflict")
	owner.refused("ban_member", with(here(server.ID), who(owner)), "conflict")
	owner.refused("ban_member", with(here(server.ID), client.Fields{"username": "nobody at all"}), "not_found")
	var list wire.ServerBans
	if err := owner.ask("get_server_bans", here(server.ID), "server_bans").Into(&list); err != nil {
		t.Fatal(err)
	}
	if len(list.Bans) != 2 || list.Bans[0].Username != member.Username || list.Bans[0].BannedAt.IsZero() {
		t.Errorf("the bans are %+v", list.Bans)
	}

	code := owner.serverInvite(server.ID)
	for _, banned := range []*person{member, outsider} {
		banned.refused("join_server_with_invite", client.Fields{"invite_code": code}, "permission_denied")
	}
	if invites := owner.serverInvites(server.ID); len(invites) != 1 || invites[0].Code != code || invites[0].UsesLeft != 1 {
		t.Errorf("after a banned one tried, the codes are %+v; want %s with a use left", invites, code)
	}
	owner.ask("unban_member", with(here(server.ID), who(member)), "ok")
	owner.refused("unban_member", with(here(server.ID), who(member)), "not_found")
	member.ask("join_server_with_invite", client.Fields{"invite_code": code}, "server_joined")
	other.hears("member_joined", "username", member.Username)
}

func (p *person) serverInvites(serverID string) []wire.Invite {
	p.t.Helper()
	var list wire.ServerInvites
	if err := p.ask("get_server_invites", here(serverID), "server_invites").Into(&list); err != nil {
		p.t.Fatal(err)
	}
	return list.Invites
}

func showServerInvites(t *testing.T, s *scene) {
	owner := s.person(t, "owner")
	owner2 := owner.another()
	server, _ := owner.createServer("Home")
	for name, terms := range map[string]client.Fields{
		"no uses": {"max_uses": -1}, "too many uses": {"max_uses": 1001},
		"the past": {"expires_in": -1}, "more than a year": {"expires_in": 367 * 24 * 3600},
	} {
		t.Run(name, func(t *testing.T) {
			owner.in(t).refused("generate_server_invite", with(here(server.ID), terms), "invalid")
		})
	}
	made := owner.ask("generate_server_invite", with(here(server.ID), client.Fields{"max_uses": 2, "expires_in": 3600}), "server_invite_code")
	code := made.Field("code")
	first, second, third := s.person(t, "first"), s.person(t, "second"), s.person(t, "third")
	first.ask("join_server_with_invite", client.Fields{"invite_code": " " + strings.ToLower(code) + " "}, "server_joined")
	first.refused("join_server_with_invite", client.Fields{"invite_code": code}, "conflict")
	list := owner.serverInvites(server.ID)
	if len(list) != 1 || list[0].UsesLeft != 1 || list[0].MaxUses != 2 || list[0].Creator != owner.Username || list[0].ExpiresAt == nil {
		t.Errorf("the open codes are %+v", list)
	}
	second.ask("join_server_with_invite", client.Fields{"invite_code": code}, "server_joined")
	third.refused("join_server_with_invite", client.Fields{"invite_code": code}, "not_found")
	first.hears("member_joined", "username", second.Username)

	again := client.Fields{"invite_code": owner.ask("generate_server_invite", with(here(server.ID), client.Fields{"max_uses": 2}), "server_invite_code").Field("code")}
	second.ask("leave_server", here(server.ID), "ok")
	second.ask("join_server_with_invite", again, "server_joined")
	owner.ask("kick_member", with(here(server.ID), who(second)), "ok")
	second.ask("join_server_with_invite", again, "server_joined")
	second.ask("leave_server", here(server.ID), "ok")
	second.refused("join_server_with_invite", again, "not_found")

	revoked := owner.serverInvite(server.ID)
	owner.ask("revoke_server_invite", with(here(server.ID), client.Fields{"code": revoked}), "ok")
	owner.refused("revoke_server_invite", with(here(server.ID), client.Fields{"code": revoked}), "not_found")
	third.refused("join_server_with_invite", client.Fields{"invite_code": revoked}, "not_found")

	short := owner.ask("generate_server_invite", with(here(server.ID), client.Fields{"expires_in": 1, "max_uses": 5}), "server_invite_code").Field("code")
	await.Until(t, 10*time.Second, "the code expires", func() error {
		if len(owner.serverInvites(server.ID)) > 0 {
			return errStill
		}
		return nil
	})
	third.refused("join_server_with_invite", client.Fields{"invite_code": short}, "not_found")

	both := owner.ask("generate_server_invite", with(here(server.ID), client.Fields{"max_uses": 2}), "server_invite_code").Field("code")
	newcomer := signUp(t, s.inst, "newcomer"+code, both)
	if len(newcomer.Init.Servers) != 1 || len(newcomer.Init.Friends) != 0 {
		t.Errorf("who signs up with a server's code begins with %+v", newcomer.Init)
	}
	third.ask("join_server_with_invite", client.Fields{"invite_code": both}, "server_joined")
	s.settle(t, owner, owner2)
	owner.got(1, "member_joined", "username", newcomer.Username)
	owner2.got(0, "server_invite_code")
	owner2.got(0, "server_invites")
}

func showInvites(t *testing.T, s *scene) {
	inviter := s.person(t, "inviter")
	inviter2 := inviter.another()
	code := inviter.ask("generate_invite", client.Fields{"max_uses": 2}, "invite_code").Field("code")
	inviter.refused("generate_invite", client.Fields{"max_uses": 5000}, "invalid")
	for _, name := range []string{"a", "b"} {
		guest := signUp(t, s.inst, name+code, code)
		inviter.hears("friend_added", "username", guest.Username)
		inviter2.hears("friend_added", "username", guest.Username)
		guest.refused("revoke_invite", client.Fields{"code": code}, "not_found")
	}
	_, err := client.SignUp(t.Context(), s.inst.URL, "c"+code, password, code)
	checkRefusal(t, "a third sign-up with a code for two", client.Frame{}, err, "not_found")
	revoked := inviter.invite()
	server, _ := inviter.createServer("Home")
	inviter.serverInvite(server.ID)
	var list wire.Invites
	if err := inviter.ask("get_invites", nil, "invites").Into(&list); err != nil {
		t.Fatal(err)
	}
	if len(list.Invites) != 1 || list.Invites[0].Code != revoked {
		t.Errorf("the open account codes are %+v, want %s alone", list.Invites, revoked)
	}
	inviter.ask("revoke_invite", client.Fields{"code": strings.ToLower(revoked)}, "ok")
	_, err = client.SignUp(t.Context(), s.inst.URL, "d"+code, password, revoked)
	checkRefusal(t, "a sign-up with a revoked code", client.Frame{}, err, "not_found")
	s.settle(t, inviter, inviter2)
	inviter2.got(0, "invite_code")
	inviter2.got(0, "invites")
}

func showChannels(t *testing.T, s *scene) {
	owner, member, outsider := s.person(t, "owner"), s.person(t, "member"), s.person(t, "outsider")
	owner2 := owner.another()
	server, general := owner.createServer("Home")
	member.join(owner, server.ID)
	owner.ask("create_voice_channel", with(here(server.ID), client.Fields{"name": "Lounge"}), "ok")
	lounge := member.hears("channel_created", "channel.name", "Lounge", "channel.type", "voice").Field("channel.id")
	first := server.Channels[0].ID
	channel := func(id string, more client.Fields) client.Fields {
		return with(here(server.ID), with(more, client.Fields{"channel_id": id}))
	}
	grant := with(here(server.ID), with(who(member), client.Fields{"permissions": everyRight}))
	owner.ask("update_user_permissions", grant, "ok")
	everybody := []*person{owner, owner2, member, outsider}
	s.quiet(t, everybody...)

	member.ask("update_channel", channel(first, client.Fields{"description": " All\nkinds of things "}), "ok")
	member.ask("update_channel", channel(first, client.Fields{"name": " plaza "}), "ok")
	member.ask("update_channel", channel(lounge, client.Fields{"name": "Salon", "description": "Talk"}), "ok")
	member.ask("reorder_channels", with(here(server.ID), client.Fields{"channel_ids": []string{lounge, first}}), "ok")
	s.settle(t, everybody...)
	all([]*person{owner, owner2, member}, func(p *person) {
		p.got(1, "channel_updated", "channel.id", first, "channel.name", "general", "channel.description", "All\nkinds of things")
		p.got(1, "channel_updated", "channel.id", first, "channel.name", "plaza", "channel.description", "All\nkinds of things")
		p.got(1, "channel_updated", "channel.id", lounge, "channel.name", "Salon", "channel.type", "voice")
		p.got(1, "channels_reordered", "server_id", server.ID)
	})
	outsider.got(0, "channel_updated")
	outsider.got(0, "channels_reordered")
	if c := owner.fresh().Init.Servers[0].Channels; len(c) != 2 || c[0].ID != lounge || c[1].Name != "plaza" {
		t.Errorf("the channels are %+v", c)
	}
	for name, ids := range map[string][]string{
		"nothing": {}, "one missing": {first}, "one twice": {first, first}, "one too many": {first, lounge, "x"}, "an unknown one": {first, "x"},
	} {
		t.Run("order with "+name, func(t *testing.T) {
			owner.in(t).refused("reorder_channels", with(here(server.ID), client.Fields{"channel_ids": ids}), "conflict")
		})
	}
	owner.refused("update_channel", channel(first, client.Fields{"name": " "}), "invalid")
	owner.refused("update_channel", channel(first, client.Fields{"description": strings.Repeat("x", 1001)}), "too_large")
	member.ask("update_channel", channel(first, client.Fields{"description": ""}), "ok")
	if d := owner.fresh().Init.Servers[0].Channels[1].Description; d != "" {
		t.Errorf("the description is %q, want none", d)
	}

	owner.write(general, "soon gone", "")
	s.quiet(t, everybody...)
	member.ask("delete_channel", channel(first, nil), "ok")
	s.settle(t, everybody...)
	all([]*person{owner, owner2, member}, func(p *person) { p.got(1, "channel_deleted", "server_id", server.ID, "channel_id", first) })
	outsider.got(0, "channel_deleted")
	owner.refused("message", general.Fields(client.Fields{"content": "x"}), "not_found")
	owner.refused("get_channel_history", channel(first, nil), "not_found")
	owner.refused("delete_channel", channel(first, nil), "not_found")
	grant["permissions"] = client.Fields{"can_create_channel": true, "can_edit_channel": true}
	owner.ask("update_user_permissions", grant, "ok")
	member.refused("delete_channel", channel(lounge, nil), "permission_denied")
}
