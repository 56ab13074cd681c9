package wire

import (
	"encoding/json"
	"slices"
	"strconv"
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

// Encoded returns a page that is nothing but its JSON, to be sent any number of times.
func (p HistoryPage) Encoded() HistoryPage { return HistoryPage{encoded: p.append(nil)} }

// Size is how many bytes an encoded page has.
func (p HistoryPage) Size() int { return len(p.encoded) }

// append appends the fields of the page and the end of the object that they are in.
func (p HistoryPage) append(b []byte) []byte {
	if p.encoded != nil {
		return append(b, p.encoded...)
	}
	const each = 320 // bytes of an ordinary message
	b = append(slices.Grow(b, each*len(p.Messages)), `"messages":[`...)
	for i := range p.Messages {
		if i > 0 {
			b = append(b, ',')
		}
		b = p.Messages[i].append(b)
	}
	b = strconv.AppendInt(append(b, `],"seq":`...), p.Seq, 10)
	b = strconv.AppendBool(append(b, `,"more_before":`...), p.MoreBefore)
	b = strconv.AppendBool(append(b, `,"more_after":`...), p.MoreAfter)
	return append(b, '}')
}

func (m *StoredMessage) append(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), m.ID, 10)
	b = strconv.AppendInt(append(b, `,"seq":`...), m.Seq, 10)
	b = appendString(append(b, `,"username":`...), m.Username)
	b = appendString(append(b, `,"content":`...), m.Content)
	b = m.Timestamp.append(append(b, `,"timestamp":`...))
	b = appendString(append(b, `,"context_type":`...), m.ContextType)
	b = appendString(append(b, `,"context_id":`...), m.ContextID)
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

// appendString appends a JSON string.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(s) // text always can be
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
