package wire

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Pages are most of what is read, and are encoded here by hand: in a third of the
// time that reflection takes.

// AppendJSON appends the JSON that json.Marshal makes.
func (h ChannelHistory) AppendJSON(b []byte) []byte {
	b = appendString(append(b, `{"server_id":`...), h.ServerID)
	b = appendString(append(b, `,"channel_id":`...), h.ChannelID)
	return h.HistoryPage.append(append(b, ','))
}

// AppendJSON appends the JSON that json.Marshal makes.
func (h DMHistory) AppendJSON(b []byte) []byte {
	b = appendString(append(b, `{"dm_id":`...), h.DMID)
	return h.HistoryPage.append(append(b, ','))
}

// AppendJSON appends the JSON that json.Marshal makes.
func (h LobbyHistory) AppendJSON(b []byte) []byte {
	return h.HistoryPage.append(append(b, '{'))
}

// append appends the fields of the page and the end of the object that they are in.
func (p HistoryPage) append(b []byte) []byte {
	const each = 320 // bytes of an ordinary message
	b = append(slices.Grow(b, each*len(p.Messages)), `"messages":[`...)
	var place []byte // the same for all, as a rule
	for i := range p.Messages {
		if i > 0 {
			b = append(b, ',')
		}
		m := &p.Messages[i]
		if i == 0 || m.ContextType != p.Messages[i-1].ContextType || m.ContextID != p.Messages[i-1].ContextID {
			place = appendString(append(place[:0], `,"context_type":`...), m.ContextType)
			place = appendString(append(place, `,"context_id":`...), m.ContextID)
		}
		b = m.append(b, place)
	}
	b = strconv.AppendInt(append(b, `],"seq":`...), p.Seq, 10)
	b = strconv.AppendBool(append(b, `,"more_before":`...), p.MoreBefore)
	b = strconv.AppendBool(append(b, `,"more_after":`...), p.MoreAfter)
	return append(b, '}')
}

func (m *StoredMessage) append(b, place []byte) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), m.ID, 10)
	b = strconv.AppendInt(append(b, `,"seq":`...), m.Seq, 10)
	b = appendString(append(b, `,"username":`...), m.Username)
	b = appendString(append(b, `,"content":`...), m.Content)
	b = m.Timestamp.append(append(b, `,"timestamp":`...))
	b = append(b, place...)
	if m.Nonce != "" {
		b = appendString(append(b, `,"nonce":`...), m.Nonce)
	}
	if m.EditedAt != nil {
		b = m.EditedAt.append(append(b, `,"edited_at":`...))
	}
	if m.Deleted {
		b = append(b, `,"deleted":true`...)
	}
	return append(b, '}')
}

// plain are the bytes that JSON has as they are.
var plain = func() (is [256]bool) {
	for c := ' '; c <= '~'; c++ {
		is[c] = !strings.ContainsRune(`"\<>&`, c)
	}
	return is
}()

// appendString appends a JSON string.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if !plain[s[i]] {
			quoted, _ := json.Marshal(s) // text always can be
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
