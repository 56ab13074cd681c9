package client

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
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

// Model is what a good client makes of the frames it gets: the state that a fresh
// `init` would have.
type Model struct {
	object // the state
	people map[string]object
	behind map[Place]bool
}

// NewModel makes the model of a connection that has got nothing yet.
func NewModel() *Model { return &Model{people: map[string]object{}, behind: map[Place]bool{}} }

// State is the state now, nothing before the first `init`.
func (m *Model) State() map[string]any { return m.object }

// Behind are the conversations whose changes are to be asked for, with the number
// to ask after: something happened that no event shows.
func (m *Model) Behind() map[Place]int64 {
	asked := map[Place]int64{}
	for p := range m.behind {
		asked[p] = int64(m.conversation(p.ID)["seq"].(float64))
	}
	return asked
}

// Apply takes a frame over. One for which there is no rule is an error, so that
// every new one gets its rule.
func (m *Model) Apply(f Frame) error {
	var frame object
	if err := json.Unmarshal(f.Raw, &frame); err != nil {
		return fmt.Errorf("read %s: %w", f.Raw, err)
	}
	rule, ok := rules[f.Type]
	if !ok {
		return fmt.Errorf("no rule for %s", f.Raw)
	}
	m.meet(frame)
	if rule == nil {
		return nil
	}
	rule(m, frame)
	m.arrange()
	m.recognise(m.object)
	return nil
}

// meet notes the newest profile of everybody that a value shows.
func (m *Model) meet(value any) {
	each(value, func(o object) {
		name := o["username"].(string)
		if known := m.people[name]; known == nil || known["profile_version"].(float64) < o["profile_version"].(float64) {
			m.people[name] = profile(o)
		}
	})
}

// recognise shows everybody in a value as they look now.
func (m *Model) recognise(value any) {
	each(value, func(o object) {
		known := m.people[o["username"].(string)]
		if known["profile_version"].(float64) > o["profile_version"].(float64) {
			delete(o, "display_name") // missing where there is none
			maps.Copy(o, known)
		}
	})
}

// each finds the objects that have a profile.
func each(value any, do func(object)) {
	switch v := value.(type) {
	case object:
		if _, ok := v["profile_version"]; ok {
			do(v)
		}
		for _, field := range v {
			each(field, do)
		}
	case list:
		for _, element := range v {
			each(element, do)
		}
	}
}

// profile is the part of an object that says how somebody looks.
func profile(from object) object {
	p := object{}
	for _, field := range []string{"username", "display_name", "avatar", "avatar_type", "avatar_data", "profile_version"} {
		if value, ok := from[field]; ok {
			p[field] = value
		}
	}
	return p
}

// arrange brings servers into the order of joining, and `read` into its order:
// channels as their servers have them, then DMs.
func (m *Model) arrange() {
	slices.SortFunc(items(m.object, "servers"), func(a, b any) int {
		return cmp.Or(compare(a, b, "joined_at"), compare(a, b, "id"))
	})
	var ordered list
	take := func(id string) {
		if p := m.conversation(id); p["context_id"] == id {
			ordered = append(ordered, p)
		}
	}
	for _, s := range items(m.object, "servers") {
		for _, c := range items(s.(object), "channels") {
			take(s.(object)["id"].(string) + "/" + c.(object)["id"].(string))
		}
	}
	for _, d := range items(m.object, "dms") {
		take(d.(object)["id"].(string))
	}
	m.object["read"] = append(list{}, ordered...)
}

func compare(a, b any, field string) int {
	return strings.Compare(a.(object)[field].(string), b.(object)[field].(string))
}

func items(o object, name string) list { l, _ := o[name].(list); return l }

// put replaces the element that has the same value in the field, or appends.
func put(o object, name, field string, element object) {
	l := items(o, name)
	i := slices.IndexFunc(l, func(e any) bool { return e.(object)[field] == element[field] })
	if i < 0 {
		o[name] = append(l, element)
		return
	}
	l[i] = element
}

// drop removes the elements that have the value in the field.
func drop(o object, name, field string, value any) {
	o[name] = slices.DeleteFunc(items(o, name), func(e any) bool { return e.(object)[field] == value })
}

// server finds a server by its id; an empty one that nobody sees, if there is none.
func (m *Model) server(id any) object {
	for _, s := range items(m.object, "servers") {
		if s.(object)["id"] == id {
			return s.(object)
		}
	}
	return object{"channels": list{}, "online": list{}}
}

// addConversation makes the read mark of a channel that is new.
func (m *Model) addConversation(serverID any, channel object) {
	if channel["type"] == "text" {
		put(m.object, "read", "context_id", progress("server", serverID.(string)+"/"+channel["id"].(string)))
	}
}

func progress(context, id string) object {
	return object{"context": context, "context_id": id, "seq": 0.0, "read": 0.0, "unread": 0.0}
}

// conversation is how far one has read a conversation; of the lobby, and of one
// that is gone, something that nobody sees.
func (m *Model) conversation(id any) object {
	for _, p := range items(m.object, "read") {
		if p.(object)["context_id"] == id {
			return p.(object)
		}
	}
	return object{"seq": 0.0, "read": 0.0, "unread": 0.0}
}

// next takes the number of an event. It reports whether the event is the next one:
// others are known already, or show that some are missing.
func (m *Model) next(frame object) (p object, is bool) {
	p = m.conversation(frame["context_id"])
	held, seq := p["seq"].(float64), frame["seq"].(float64)
	if seq == held+1 {
		p["seq"] = seq
		return p, true
	}
	m.miss(p, seq)
	return p, false
}

// miss notes that the changes up to a number are to be asked for.
func (m *Model) miss(p object, seq float64) {
	if id, ok := p["context_id"].(string); ok && seq > p["seq"].(float64) {
		m.behind[Place{Context: p["context"].(string), ID: id}] = true
	}
}

// count adds to the unread messages of a conversation for one that counts.
func (m *Model) count(p, message object, by float64) {
	if message["username"] != m.object["username"] && message["id"].(float64) > p["read"].(float64) {
		p["unread"] = min(p["unread"].(float64)+by, mostUnread)
	}
}

func show(o object, field string, name any, is bool) {
	names := slices.DeleteFunc(items(o, field), func(n any) bool { return n == name })
	if is {
		names = append(names, name)
		slices.SortFunc(names, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	}
	o[field] = names
}

func befriend(m *Model, frame object) {
	drop(m.object, "friend_requests_sent", "username", frame["username"])
	drop(m.object, "friend_requests_received", "username", frame["username"])
	put(m.object, "friends", "username", profile(frame))
}

// withdraw makes the rule that drops somebody from a list.
func withdraw(name string) func(*Model, object) {
	return func(m *Model, frame object) { drop(m.object, name, "username", frame["username"]) }
}

// enlist makes the rule that puts somebody on a list.
func enlist(name string) func(*Model, object) {
	return func(m *Model, frame object) { put(m.object, name, "username", profile(frame)) }
}
