package client

import (
	"slices"
	"strings"
)

// rules are by frame type; nil: nothing changes.
var rules = map[string]func(m *Model, frame object){
	"auth_success": nil, "ok": nil, "error": nil, "history": nil, "system": nil, "typing": nil,
	"server_invite_code": nil, "server_invites": nil, "server_bans": nil, "server_members": nil, "invite_code": nil,
	"invites": nil, "sessions": nil, "search_results": nil, "channel_history": nil, "dm_history": nil, "lobby_history": nil,
	"permissions_updated_success": nil,
	"member_joined":               nil, // members are no part of the state, but for who is online

	"init": func(m *Model, frame object) {
		delete(frame, "type")
		delete(frame, "request_id")
		m.object = frame
		clear(m.behind)
	},

	"message": func(m *Model, frame object) {
		if p, is := m.next(frame); is {
			m.count(p, frame, 1)
		}
	},
	"message_edited": func(m *Model, frame object) { m.next(frame) },
	"message_deleted": func(m *Model, frame object) {
		if p, is := m.next(frame); is {
			m.count(p, frame, -1)
		}
	},
	"conversation_changed": func(m *Model, frame object) { m.miss(m.conversation(frame["context_id"]), frame["seq"].(float64)) },
	"changes": func(m *Model, frame object) {
		p := m.conversation(frame["context_id"])
		held := p["seq"].(float64)
		for _, e := range frame["messages"].(list) {
			message := e.(object)
			// A message's id is the number of the change that made it.
			known, deleted := message["id"].(float64) <= held, message["deleted"] == true
			switch {
			case message["seq"].(float64) <= held:
			case known && deleted:
				m.count(p, message, -1)
			case !known && !deleted:
				m.count(p, message, 1)
			}
		}
		p["seq"] = max(held, frame["seq"].(float64))
		delete(m.behind, Place{Context: frame["context"].(string), ID: frame["context_id"].(string)})
	},
	"read_marked": func(m *Model, frame object) {
		p := m.conversation(frame["context_id"])
		held := p["seq"].(float64)
		for _, field := range []string{"seq", "read", "unread"} {
			p[field] = frame[field]
		}
		m.miss(p, held) // an answer may have overtaken the event: what came since is counted again
	},

	"server_created": func(m *Model, frame object) {
		server := frame["server"].(object)
		put(m.object, "servers", "id", server)
		for _, c := range server["channels"].(list) {
			m.addConversation(server["id"], c.(object))
		}
	},
	"server_joined": func(m *Model, frame object) {
		put(m.object, "servers", "id", frame["server"].(object))
		for _, p := range frame["read"].(list) {
			put(m.object, "read", "context_id", p.(object))
		}
	},
	"server_renamed": func(m *Model, frame object) { m.server(frame["server_id"])["name"] = frame["name"] },
	"server_left": func(m *Model, frame object) {
		drop(m.object, "servers", "id", frame["server_id"])
		for p := range m.behind {
			if strings.HasPrefix(p.ID, frame["server_id"].(string)+"/") {
				delete(m.behind, p)
			}
		}
	},
	"member_left": func(m *Model, frame object) {
		show(m.server(frame["server_id"]), "online", frame["username"], false)
	},
	"server_owner_changed": func(m *Model, frame object) {
		s := m.server(frame["server_id"])
		s["owner"] = frame["owner"]
		switch m.object["username"] {
		case frame["owner"]:
			delete(s, "permissions")
		case frame["former_owner"]:
			s["permissions"] = frame["former_owner_permissions"]
		}
	},
	"permissions_updated": func(m *Model, frame object) {
		m.server(frame["server_id"])["permissions"] = frame["permissions"]
	},
	"channel_created": func(m *Model, frame object) {
		put(m.server(frame["server_id"]), "channels", "id", frame["channel"].(object))
		m.addConversation(frame["server_id"], frame["channel"].(object))
	},
	"channel_updated": func(m *Model, frame object) {
		put(m.server(frame["server_id"]), "channels", "id", frame["channel"].(object))
	},
	"channels_reordered": func(m *Model, frame object) {
		s := m.server(frame["server_id"])
		place := func(channel any) int {
			return slices.Index(frame["channel_ids"].(list), channel.(object)["id"])
		}
		slices.SortStableFunc(items(s, "channels"), func(a, b any) int { return place(a) - place(b) })
	},
	"channel_deleted": func(m *Model, frame object) {
		drop(m.server(frame["server_id"]), "channels", "id", frame["channel_id"])
		delete(m.behind, Place{Context: "server", ID: frame["server_id"].(string) + "/" + frame["channel_id"].(string)})
	},

	"presence": func(m *Model, frame object) {
		if id, member := frame["server_id"]; member {
			show(m.server(id), "online", frame["username"], frame["online"].(bool))
		} else {
			show(m.object, "presence", frame["username"], frame["online"].(bool))
		}
	},
	"friend_added":                       befriend,
	"friend_request_approved":            befriend,
	"friend_request_accepted":            befriend,
	"friend_request_sent":                enlist("friend_requests_sent"),
	"friend_request_received":            enlist("friend_requests_received"),
	"friend_request_denied":              withdraw("friend_requests_received"),
	"friend_request_cancelled":           withdraw("friend_requests_sent"),
	"friend_request_cancelled_by_sender": withdraw("friend_requests_received"),
	"friend_removed": func(m *Model, frame object) {
		drop(m.object, "friends", "username", frame["username"])
		show(m.object, "presence", frame["username"], false)
	},
	"user_blocked":   enlist("blocked"),
	"user_unblocked": withdraw("blocked"),
	"dm_started": func(m *Model, frame object) {
		dm := frame["dm"].(object)
		if !slices.ContainsFunc(items(m.object, "dms"), func(d any) bool { return d.(object)["id"] == dm["id"] }) {
			put(m.object, "read", "context_id", progress("dm", dm["id"].(string)))
		}
		put(m.object, "dms", "id", dm)
	},
	"settings_updated": func(m *Model, frame object) { m.object["settings"] = object{"friends": frame["friends"]} },
	// Profiles are taken out of every frame.
	"avatar_updated": func(*Model, object) {}, "profile_updated": func(*Model, object) {}, "avatar_update": func(*Model, object) {},
}
