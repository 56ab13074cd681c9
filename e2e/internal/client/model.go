package client

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// object and list are JSON's.
type (
	object = map[string]any
	list   = []any
)

// mostUnread bounds the count of unread messages: so many, or more.
const mostUnread = 100

// Apply is what a good client makes of a frame: the state after it, as `init`
// would have it. The state before stays as it is. A frame for which there is no
// rule is an error, so that every new one gets its rule.
func Apply(state map[string]any, f Frame) (map[string]any, error) {
	var frame object
	if err := json.Unmarshal(f.Raw, &frame); err != nil {
		return nil, fmt.Errorf("read %s: %w", f.Raw, err)
	}
	if f.Type == "init" {
		delete(frame, "type")
		delete(frame, "request_id")
		return frame, nil
	}
	rule, ok := rules[f.Type]
	if !ok {
		return nil, fmt.Errorf("no rule for %s", f.Raw)
	}
	if rule == nil {
		return state, nil
	}
	m := model{copied(state).(object)}
	rule(m, frame)
	return m.object, nil
}

func copied(value any) any {
	switch v := value.(type) {
	case object:
		o := make(object, len(v))
		for key, field := range v {
			o[key] = copied(field)
		}
		return o
	case list:
		l := make(list, len(v))
		for i, element := range v {
			l[i] = copied(element)
		}
		return l
	default:
		return value
	}
}

// model is a state while a rule changes it.
type model struct{ object }

func (m model) list(name string) list { l, _ := m.object[name].(list); return l }

// put replaces the element that has the same value in the field, or appends.
func (m model) put(name, field string, element object) {
	l := m.list(name)
	i := slices.IndexFunc(l, func(e any) bool { return e.(object)[field] == element[field] })
	if i < 0 {
		m.object[name] = append(l, element)
		return
	}
	l[i] = element
}

// drop removes the elements that have the value in the field.
func (m model) drop(name, field string, value any) {
	m.object[name] = slices.DeleteFunc(m.list(name), func(e any) bool { return e.(object)[field] == value })
}

// profile is the part of a frame that says how somebody looks.
func profile(frame object) object {
	p := object{}
	for _, field := range []string{"username", "display_name", "avatar", "avatar_type", "avatar_data"} {
		if value, ok := frame[field]; ok {
			p[field] = value
		}
	}
	return p
}

// server finds a server by its id; an empty one that nobody sees, if there is none.
func (m model) server(id any) model {
	for _, s := range m.list("servers") {
		if s.(object)["id"] == id {
			return model{s.(object)}
		}
	}
	return model{object{"channels": list{}}}
}

func (m model) addServer(server object) {
	m.put("servers", "id", server)
	for _, c := range server["channels"].(list) {
		m.addConversation(server["id"], c.(object))
	}
}

// addConversation makes the read mark of a channel that is new.
func (m model) addConversation(serverID any, channel object) {
	if channel["type"] == "text" {
		m.put("read", "context_id", progress("server", serverID.(string)+"/"+channel["id"].(string)))
	}
}

func progress(context, id string) object {
	return object{"context": context, "context_id": id, "seq": 0.0, "read": 0.0, "unread": 0.0}
}

// conversation is how far one has read what a frame is about.
func (m model) conversation(frame object) object {
	for _, p := range m.list("read") {
		if p.(object)["context_id"] == frame["context_id"] {
			return p.(object)
		}
	}
	return object{"read": 0.0, "unread": 0.0} // the lobby, or one that is gone
}

// isUnread tells whether a message counts.
func (m model) isUnread(p, frame object) bool {
	return frame["username"] != m.object["username"] && frame["id"].(float64) > p["read"].(float64)
}

func (m model) online(name any, is bool) {
	names := slices.DeleteFunc(m.list("presence"), func(n any) bool { return n == name })
	if is {
		names = append(names, name)
		slices.SortFunc(names, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	}
	m.object["presence"] = names
}

func befriend(m model, frame object) {
	m.drop("friend_requests_sent", "username", frame["username"])
	m.drop("friend_requests_received", "username", frame["username"])
	m.put("friends", "username", profile(frame))
}

// withdraw makes the rule that drops somebody from a list.
func withdraw(name string) func(model, object) {
	return func(m model, frame object) { m.drop(name, "username", frame["username"]) }
}

// enlist makes the rule that puts somebody on a list.
func enlist(name string) func(model, object) {
	return func(m model, frame object) { m.put(name, "username", profile(frame)) }
}

// rules are by frame type; nil: nothing changes.
var rules = map[string]func(m model, frame object){
	"auth_success": nil, "ok": nil, "error": nil, "history": nil, "system": nil, "typing": nil,
	"server_invite_code": nil, "server_invites": nil, "server_bans": nil, "server_members": nil, "invite_code": nil,
	"invites": nil, "sessions": nil, "search_results": nil, "changes": nil, "channel_history": nil, "dm_history": nil,
	"permissions_updated_success": nil,
	// Members are no part of the state; whom one still shares a server with is
	// known to get_server_members alone.
	"member_joined": nil, "member_left": nil,

	"message": func(m model, frame object) {
		p := m.conversation(frame)
		p["seq"] = frame["seq"]
		if m.isUnread(p, frame) {
			p["unread"] = min(p["unread"].(float64)+1, mostUnread)
		}
	},
	"message_edited": func(m model, frame object) { m.conversation(frame)["seq"] = frame["seq"] },
	"message_deleted": func(m model, frame object) {
		p := m.conversation(frame)
		p["seq"] = frame["seq"]
		if m.isUnread(p, frame) {
			p["unread"] = p["unread"].(float64) - 1
		}
	},
	"conversation_changed": func(m model, frame object) { m.conversation(frame)["seq"] = frame["seq"] },
	"read_marked": func(m model, frame object) {
		p := m.conversation(frame)
		for _, field := range []string{"seq", "read", "unread"} {
			p[field] = frame[field]
		}
	},

	"server_created": func(m model, frame object) { m.addServer(frame["server"].(object)) },
	"server_joined": func(m model, frame object) {
		m.addServer(frame["server"].(object))
		for _, p := range frame["read"].(list) {
			m.put("read", "context_id", p.(object))
		}
		for _, name := range frame["presence"].(list) {
			m.online(name, true)
		}
	},
	"server_renamed": func(m model, frame object) { m.server(frame["server_id"]).object["name"] = frame["name"] },
	"server_left": func(m model, frame object) {
		m.drop("servers", "id", frame["server_id"])
		m.object["read"] = slices.DeleteFunc(m.list("read"), func(p any) bool {
			return strings.HasPrefix(p.(object)["context_id"].(string), frame["server_id"].(string)+"/")
		})
	},
	"server_owner_changed": func(m model, frame object) {
		s := m.server(frame["server_id"])
		s.object["owner"] = frame["owner"]
		switch m.object["username"] {
		case frame["owner"]:
			delete(s.object, "permissions")
		case frame["former_owner"]:
			s.object["permissions"] = frame["former_owner_permissions"]
		}
	},
	"permissions_updated": func(m model, frame object) {
		m.server(frame["server_id"]).object["permissions"] = frame["permissions"]
	},
	"channel_created": func(m model, frame object) {
		m.server(frame["server_id"]).put("channels", "id", frame["channel"].(object))
		m.addConversation(frame["server_id"], frame["channel"].(object))
	},
	"channel_updated": func(m model, frame object) {
		m.server(frame["server_id"]).put("channels", "id", frame["channel"].(object))
	},
	"channels_reordered": func(m model, frame object) {
		s := m.server(frame["server_id"])
		place := func(channel any) int {
			return slices.Index(frame["channel_ids"].(list), channel.(object)["id"])
		}
		slices.SortStableFunc(s.list("channels"), func(a, b any) int { return place(a) - place(b) })
	},
	"channel_deleted": func(m model, frame object) {
		m.server(frame["server_id"]).drop("channels", "id", frame["channel_id"])
		m.drop("read", "context_id", frame["server_id"].(string)+"/"+frame["channel_id"].(string))
	},

	"presence":                           func(m model, frame object) { m.online(frame["username"], frame["online"].(bool)) },
	"friend_added":                       befriend,
	"friend_request_approved":            befriend,
	"friend_request_accepted":            befriend,
	"friend_request_sent":                enlist("friend_requests_sent"),
	"friend_request_received":            enlist("friend_requests_received"),
	"friend_request_denied":              withdraw("friend_requests_received"),
	"friend_request_cancelled":           withdraw("friend_requests_sent"),
	"friend_request_cancelled_by_sender": withdraw("friend_requests_received"),
	"friend_removed":                     withdraw("friends"),
	"user_blocked":                       enlist("blocked"),
	"user_unblocked":                     withdraw("blocked"),
	"dm_started": func(m model, frame object) {
		dm := frame["dm"].(object)
		if !slices.ContainsFunc(m.list("dms"), func(d any) bool { return d.(object)["id"] == dm["id"] }) {
			m.put("read", "context_id", progress("dm", dm["id"].(string)))
		}
		m.put("dms", "id", dm)
	},
	"settings_updated": func(m model, frame object) { m.object["settings"] = object{"friends": frame["friends"]} },
	"avatar_updated": func(m model, frame object) {
		for _, field := range []string{"avatar", "avatar_type", "avatar_data"} {
			m.object[field] = frame[field]
		}
	},
	"profile_updated": func(m model, frame object) {
		delete(m.object, "display_name") // missing where there is none
		for field, value := range profile(frame) {
			m.object[field] = value
		}
	},
	"avatar_update": func(m model, frame object) {
		for _, name := range []string{"friends", "friend_requests_sent", "friend_requests_received", "blocked", "dms"} {
			for i, e := range m.list(name) {
				if e.(object)["username"] != frame["username"] {
					continue
				}
				p := profile(frame)
				if id, ok := e.(object)["id"]; ok {
					p["id"] = id
				}
				m.list(name)[i] = p
			}
		}
	},
}
