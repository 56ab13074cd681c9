package e2e

import (
	"fmt"
	"slices"

	"decentra.local/e2e/internal/client"
	"decentra.local/pkg/wire"
)

// actions are what players do, the more often the greater the weight.
var actions = []struct {
	weight int
	act    func(p *player)
}{
	{8, func(p *player) { p.write(p.textChannel()) }},
	{5, func(p *player) { p.write(p.dm()) }},
	{1, func(p *player) { p.do("message", client.Fields{"content": "hello all"}) }},
	{3, func(p *player) { p.touch("edit_message", client.Fields{"content": "better"}) }},
	{3, func(p *player) { p.touch("delete_message", nil) }},
	{5, func(p *player) { p.touch("mark_read", nil) }},
	{1, func(p *player) {
		if place, ok := p.somewhere(); ok {
			p.do("typing", place.Fields(nil))
		}
	}},

	{3, func(p *player) { p.do("create_server", client.Fields{"name": p.word()}) }},
	{7, (*player).join},
	{2, func(p *player) { p.inServer("rename_server", client.Fields{"name": p.word()}) }},
	{2, func(p *player) { p.inServer("leave_server", nil) }},
	{2, func(p *player) { p.inServer("kick_member", client.Fields{"username": p.another().name}) }},
	{2, func(p *player) { p.inServer("ban_member", client.Fields{"username": p.another().name}) }},
	{3, func(p *player) { p.inServer("unban_member", client.Fields{"username": p.another().name}) }},
	{2, func(p *player) { p.inServer("transfer_server", client.Fields{"username": p.another().name}) }},
	{1, func(p *player) { p.inServer("delete_server", nil) }},
	{1, (*player).guest},
	{4, func(p *player) {
		p.inServer("update_user_permissions", client.Fields{"username": p.another().name, "permissions": client.Fields{
			"can_create_channel": p.flip(), "can_edit_channel": p.flip(), "can_delete_channel": p.flip(),
		}})
	}},

	{4, func(p *player) { p.inServer("create_channel", client.Fields{"name": p.word()}) }},
	{1, func(p *player) { p.inServer("create_voice_channel", client.Fields{"name": p.word()}) }},
	{2, func(p *player) { p.inChannel("update_channel", client.Fields{"name": p.word()}) }},
	{2, func(p *player) {
		p.inChannel("update_channel", client.Fields{"description": []string{"", p.word()}[p.random.IntN(2)]})
	}},
	{2, (*player).reorder},
	{2, func(p *player) { p.inChannel("delete_channel", nil) }},

	{2, func(p *player) {
		p.do("set_avatar", client.Fields{"avatar_type": "emoji", "avatar": []string{"🦊", "🐢", "🐝", "🦉"}[p.random.IntN(4)]})
	}},
	{1, func(p *player) {
		p.do("set_avatar", client.Fields{"avatar_type": "image", "avatar_data": dataURL(onePixel)})
	}},
	{2, func(p *player) {
		p.do("set_profile", client.Fields{"display_name": []string{"", p.word()}[p.random.IntN(2)]})
	}},
	{2, func(p *player) {
		p.do("set_friend_policy", client.Fields{"friends": []string{"ask", "ask", "instant"}[p.random.IntN(3)]})
	}},
	{1, (*player).deleteAccount},

	{9, func(p *player) { p.withAnother("add_friend") }},
	{3, func(p *player) { p.withAnother("remove_friend") }},
	{6, func(p *player) { p.withRequester("approve_friend_request") }},
	{5, func(p *player) { p.withRequester("deny_friend_request") }},
	{5, func(p *player) { p.withAsked("cancel_friend_request") }},
	{4, func(p *player) { p.withFriend("start_dm") }},
	{2, func(p *player) { p.withAnother("block_user") }},
	{3, func(p *player) { p.withOneOf("unblock_user", p.sees().Blocked) }},
}

func (p *player) word() string { return fmt.Sprintf("word %d", p.random.IntN(1000)) }

func (p *player) flip() bool { return p.random.IntN(2) == 0 }

// any picks one of a list, if there is any.
func (p *player) any(n int) (int, bool) {
	if n == 0 {
		return 0, false
	}
	return p.random.IntN(n), true
}

func (p *player) withAnother(kind string) { p.do(kind, client.Fields{"username": p.another().name}) }

func (p *player) withOneOf(kind string, profiles []wire.Profile) {
	if i, ok := p.any(len(profiles)); ok {
		p.do(kind, client.Fields{"username": profiles[i].Username})
	}
}

func (p *player) withRequester(kind string) { p.withOneOf(kind, p.sees().RequestsReceived) }
func (p *player) withAsked(kind string)     { p.withOneOf(kind, p.sees().RequestsSent) }
func (p *player) withFriend(kind string)    { p.withOneOf(kind, p.sees().Friends) }

// server picks one of the player's, by preference an own one.
func (p *player) server() (wire.Server, bool) {
	servers := p.sees().Servers
	if p.random.IntN(3) > 0 {
		own := slices.DeleteFunc(slices.Clone(servers), func(s wire.Server) bool { return s.Owner != p.name })
		if len(own) > 0 {
			servers = own
		}
	}
	i, ok := p.any(len(servers))
	if !ok {
		return wire.Server{}, false
	}
	return servers[i], true
}

func (p *player) channel(fits func(wire.Channel) bool) (string, wire.Channel, bool) {
	s, _ := p.server()
	channels := slices.DeleteFunc(s.Channels, func(c wire.Channel) bool { return !fits(c) })
	i, ok := p.any(len(channels))
	if !ok {
		return "", wire.Channel{}, false
	}
	return s.ID, channels[i], true
}

func (p *player) inServer(kind string, fields client.Fields) {
	if s, ok := p.server(); ok {
		p.do(kind, with(fields, client.Fields{"server_id": s.ID}))
	}
}

func (p *player) inChannel(kind string, fields client.Fields) {
	if server, c, ok := p.channel(func(wire.Channel) bool { return true }); ok {
		p.do(kind, with(fields, client.Fields{"server_id": server, "channel_id": c.ID}))
	}
}

func with(fields, more client.Fields) client.Fields {
	all := client.Fields{}
	for _, part := range []client.Fields{fields, more} {
		for name, value := range part {
			all[name] = value
		}
	}
	return all
}

func (p *player) textChannel() (client.Place, bool) {
	server, c, ok := p.channel(func(c wire.Channel) bool { return c.Type == wire.ChannelText })
	return client.Channel(server, c.ID), ok
}

func (p *player) dm() (client.Place, bool) {
	dms := p.sees().DMs
	i, ok := p.any(len(dms))
	if !ok {
		return client.Place{}, false
	}
	return client.DM(dms[i].ID), true
}

func (p *player) somewhere() (client.Place, bool) {
	if p.flip() {
		return p.dm()
	}
	return p.textChannel()
}

func (p *player) write(place client.Place, ok bool) {
	if !ok {
		return
	}
	answer, ok := p.do("message", place.Fields(client.Fields{"content": p.word()}))
	var sent wire.Sent
	if ok && answer.Into(&sent) == nil {
		p.written[place] = append(p.written[place], sent.ID)
	}
}

// touch does something to any message of a conversation.
func (p *player) touch(kind string, fields client.Fields) {
	place, there := p.somewhere()
	if i, ok := p.any(len(p.written[place])); ok && there {
		p.do(kind, place.Fields(with(fields, client.Fields{"id": p.written[place][i]})))
	}
}

// join makes the player a member of a server that somebody else invites to.
func (p *player) join() {
	other := p.another()
	if other.gone.Load() {
		return
	}
	s, ok := other.server()
	if !ok {
		return
	}
	answer, ok := other.do("generate_server_invite", client.Fields{"server_id": s.ID})
	if ok {
		p.do("join_server_with_invite", client.Fields{"invite_code": answer.Field("code")})
	}
}

// guest has somebody sign up with a code for one of the player's servers, or for
// an account.
func (p *player) guest() {
	kind, fields := "generate_invite", client.Fields(nil)
	if s, ok := p.server(); ok && p.flip() {
		kind, fields = "generate_server_invite", client.Fields{"server_id": s.ID}
	}
	answer, ok := p.do(kind, fields)
	if !ok {
		return
	}
	p.guests++
	name := fmt.Sprintf("guest-%d-of-%s", p.guests, p.players[0].name)
	conn, err := client.SignUp(p.t.Context(), p.inst.URL, name, password, answer.Field("code"))
	entered(p.t, p.inst.URL, conn, err)
}

func (p *player) reorder() {
	s, ok := p.server()
	if !ok {
		return
	}
	var ids []string
	for _, c := range s.Channels {
		ids = append(ids, c.ID)
	}
	p.random.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	p.do("reorder_channels", client.Fields{"server_id": s.ID, "channel_ids": ids})
}

func (p *player) deleteAccount() {
	messages := []string{"keep", "remove"}[p.random.IntN(2)]
	if _, ok := p.do("delete_account", client.Fields{"password": password, "messages": messages}); ok {
		p.gone.Store(true)
	}
}
