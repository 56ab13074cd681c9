package e2e

import (
	"maps"

	"decentra.local/e2e/internal/client"
	"decentra.local/pkg/contract"
)

// names are what a frame of Mallory's may name: those of others, or such as were
// never given.
type names struct {
	server, channel string
	place, dm       client.Place
	message, dmLine int64
	member          string // of the server, besides the owner
	session         string // the id of one
	code            string // for an account
	serverCode      string
}

// intrusion is a frame about what is others', and what it must be answered.
type intrusion struct {
	fields func(n names) client.Fields
	code   string
}

func inServer(more client.Fields) func(names) client.Fields {
	return func(n names) client.Fields {
		fields := client.Fields{"server_id": n.server}
		maps.Copy(fields, more)
		return fields
	}
}

// intrusions has every frame that names a server, channel, DM, message or
// person.
var intrusions = map[contract.FrameKey]intrusion{
	{Type: "message", Context: "server"}: {func(n names) client.Fields {
		return n.place.Fields(client.Fields{"content": "Mallory was here"})
	}, "not_found"},
	{Type: "message", Context: "dm"}: {func(n names) client.Fields {
		return n.dm.Fields(client.Fields{"content": "Mallory was here"})
	}, "not_found"},
	{Type: "edit_message", Context: "server"}: {func(n names) client.Fields {
		return n.place.Fields(client.Fields{"id": n.message, "content": "Mallory was here"})
	}, "not_found"},
	{Type: "edit_message", Context: "dm"}: {func(n names) client.Fields {
		return n.dm.Fields(client.Fields{"id": n.dmLine, "content": "Mallory was here"})
	}, "not_found"},
	{Type: "delete_message", Context: "server"}: {func(n names) client.Fields {
		return n.place.Fields(client.Fields{"id": n.message})
	}, "not_found"},
	{Type: "delete_message", Context: "dm"}: {func(n names) client.Fields {
		return n.dm.Fields(client.Fields{"id": n.dmLine})
	}, "not_found"},
	{Type: "get_changes", Context: "server"}: {func(n names) client.Fields {
		return n.place.Fields(client.Fields{"after": 0})
	}, "not_found"},
	{Type: "get_changes", Context: "dm"}: {func(n names) client.Fields {
		return n.dm.Fields(client.Fields{"after": 0})
	}, "not_found"},
	{Type: "get_channel_history"}: {func(n names) client.Fields {
		return client.Fields{"server_id": n.server, "channel_id": n.channel}
	}, "not_found"},
	{Type: "get_dm_history"}: {func(n names) client.Fields {
		return client.Fields{"dm_id": n.dm.ID}
	}, "not_found"},
	{Type: "rename_server"}:           {inServer(client.Fields{"name": "Mallory's"}), "not_found"},
	{Type: "generate_server_invite"}:  {inServer(nil), "not_found"},
	{Type: "get_server_members"}:      {inServer(nil), "not_found"},
	{Type: "create_channel"}:          {inServer(client.Fields{"name": "malls"}), "not_found"},
	{Type: "create_voice_channel"}:    {inServer(client.Fields{"name": "malls"}), "not_found"},
	{Type: "join_server"}:             {inServer(nil), "permission_denied"},
	{Type: "update_user_permissions"}: {inServer(client.Fields{"username": "mallory", "permissions": everyRight}), "not_found"},
	{Type: "mark_read", Context: "server"}: {func(n names) client.Fields {
		return n.place.Fields(client.Fields{"id": n.message})
	}, "not_found"},
	{Type: "mark_read", Context: "dm"}: {func(n names) client.Fields {
		return n.dm.Fields(client.Fields{"id": n.dmLine})
	}, "not_found"},
	{Type: "typing", Context: "server"}: {func(n names) client.Fields { return n.place.Fields(nil) }, "not_found"},
	{Type: "typing", Context: "dm"}:     {func(n names) client.Fields { return n.dm.Fields(nil) }, "not_found"},
	{Type: "get_server_invites"}:        {inServer(nil), "not_found"},
	{Type: "revoke_server_invite"}: {func(n names) client.Fields {
		return client.Fields{"server_id": n.server, "code": n.serverCode}
	}, "not_found"},
	{Type: "leave_server"}:    {inServer(nil), "not_found"},
	{Type: "delete_server"}:   {inServer(nil), "not_found"},
	{Type: "transfer_server"}: {inServer(client.Fields{"username": "mallory"}), "not_found"},
	{Type: "kick_member"}:     {ofMember, "not_found"},
	{Type: "ban_member"}:      {ofMember, "not_found"},
	{Type: "unban_member"}:    {ofMember, "not_found"},
	{Type: "get_server_bans"}: {inServer(nil), "not_found"},
	{Type: "update_channel"}: {func(n names) client.Fields {
		return client.Fields{"server_id": n.server, "channel_id": n.channel, "name": "malls"}
	}, "not_found"},
	{Type: "reorder_channels"}: {func(n names) client.Fields {
		return client.Fields{"server_id": n.server, "channel_ids": []string{n.channel}}
	}, "not_found"},
	{Type: "delete_channel"}: {func(n names) client.Fields {
		return client.Fields{"server_id": n.server, "channel_id": n.channel}
	}, "not_found"},
	{Type: "revoke_session"}:        {func(n names) client.Fields { return client.Fields{"id": n.session} }, "not_found"},
	{Type: "get_accounts"}:          {func(names) client.Fields { return nil }, "permission_denied"},
	{Type: "create_password_reset"}: {func(n names) client.Fields { return client.Fields{"username": n.member} }, "permission_denied"},
	{Type: "remove_account"}: {func(n names) client.Fields {
		return client.Fields{"username": n.member, "password": password, "messages": "remove"}
	}, "permission_denied"},
	{Type: "get_installation_settings"}: {func(names) client.Fields { return nil }, "permission_denied"},
	{Type: "update_installation"}:       {func(names) client.Fields { return client.Fields{"friends": "ask"} }, "permission_denied"},
	{Type: "join_voice_channel"}: {func(n names) client.Fields {
		return client.Fields{"server_id": n.server, "channel_id": n.channel}
	}, "not_found"},
	{Type: "webrtc_offer"}:         {func(n names) client.Fields { return offerTo(n.member) }, "conflict"},
	{Type: "webrtc_answer"}:        {func(n names) client.Fields { return client.Fields{"target": n.member} }, "conflict"},
	{Type: "webrtc_ice_candidate"}: {func(n names) client.Fields { return client.Fields{"target": n.member} }, "conflict"},
	{Type: "accept_voice_call"}:    {func(n names) client.Fields { return client.Fields{"from": n.member} }, "not_found"},
	{Type: "reject_voice_call"}:    {func(n names) client.Fields { return client.Fields{"from": n.member} }, "not_found"},
	{Type: "revoke_invite"}:        {func(n names) client.Fields { return client.Fields{"code": n.code} }, "not_found"},
}

func ofMember(n names) client.Fields {
	return client.Fields{"server_id": n.server, "username": n.member}
}

var everyRight = client.Fields{"can_create_channel": true, "can_edit_channel": true, "can_delete_channel": true}

// harmless are the frames that name nothing of others, or only a person, whose
// name is no secret.
var harmless = map[contract.FrameKey]bool{
	{Type: "message", Context: "global"}:        true,
	{Type: "edit_message", Context: "global"}:   true,
	{Type: "delete_message", Context: "global"}: true,
	{Type: "get_changes", Context: "global"}:    true,
	{Type: "get_lobby_history"}:                 true,
	{Type: "create_server"}:                     true,
	{Type: "join_server_with_invite"}:           true,
	{Type: "generate_invite"}:                   true,
	{Type: "search_users"}:                      true,
	{Type: "add_friend"}:                        true,
	{Type: "approve_friend_request"}:            true,
	{Type: "deny_friend_request"}:               true,
	{Type: "cancel_friend_request"}:             true,
	{Type: "remove_friend"}:                     true,
	{Type: "start_dm"}:                          true,
	{Type: "block_user"}:                        true,
	{Type: "unblock_user"}:                      true,
	{Type: "set_friend_policy"}:                 true,
	{Type: "mark_read", Context: "global"}:      true,
	{Type: "typing", Context: "global"}:         true,
	{Type: "set_avatar"}:                        true,
	{Type: "set_profile"}:                       true,
	{Type: "change_password"}:                   true,
	{Type: "delete_account"}:                    true,
	{Type: "get_sessions"}:                      true,
	{Type: "get_invites"}:                       true,
	{Type: "start_voice_call"}:                  true,
	{Type: "resume_voice_call"}:                 true,
	{Type: "leave_voice_channel"}:               true,
	{Type: "voice_mute"}:                        true,
	{Type: "voice_deafen"}:                      true,
	{Type: "voice_video"}:                       true,
	{Type: "voice_screen_share"}:                true,
	{Type: "voice_speaking"}:                    true,
	{Type: "get_turn_credentials"}:              true,
}
