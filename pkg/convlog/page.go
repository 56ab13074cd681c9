package convlog

import (
	"cmp"
	"database/sql/driver"
	"fmt"
	"math"
	"slices"

	"decentra.local/pkg/fault"
	"decentra.local/pkg/store"
)

const (
	defaultLimit = 100
	maxLimit     = 500
)

// Window says which messages to read. At most one of Before, After and Around
// is above zero; all zero: the newest.
type Window struct {
	Before int64 // the newest with a smaller ID
	After  int64 // the oldest with a larger ID
	Around int64 // half of them with a smaller ID, half from this ID on
	// Limit is how many at most, 1 to 500; values outside are moved to the
	// nearer end, 0 is 100.
	Limit int
}

// Page is a run of messages with no undeleted message missing in between.
type Page struct {
	Messages []Message // oldest first, none deleted, never nil
	// Seq is the number of the conversation's last change: what Changes takes
	// to go on from here.
	Seq int64
	// MoreBefore and MoreAfter tell whether undeleted messages lie beyond.
	MoreBefore, MoreAfter bool
}

// Read returns a page. Errors: fault.NotFound if there is no such
// conversation; fault.Invalid for more than one cursor, or a negative one.
func Read(tx *store.Tx, conversation string, w Window) (Page, error) {
	cursors := 0
	for _, c := range []int64{w.Before, w.After, w.Around} {
		if c < 0 {
			return Page{}, fault.New(fault.Invalid, "A message number can't be negative.")
		}
		if c > 0 {
			cursors++
		}
	}
	if cursors > 1 {
		return Page{}, fault.New(fault.Invalid, "Only one of before, after and around may be given.")
	}
	limit := clamp(w.Limit)

	switch {
	case w.Around > 0:
		c, err := find(tx, conversation, math.MaxInt64, 0)
		if err != nil {
			return Page{}, err
		}
		p := Page{Seq: c.seq}
		older, more, err := older(tx, c.key, w.Around, limit/2)
		if err != nil {
			return Page{}, err
		}
		p.MoreBefore = more
		newer, more, err := newer(tx, c.key, w.Around, limit-limit/2)
		if err != nil {
			return Page{}, err
		}
		p.MoreAfter = more
		p.Messages = append(older, newer...)
		return p, nil

	case w.After > 0:
		c, err := find(tx, conversation, 0, w.After)
		if err != nil {
			return Page{}, err
		}
		from := w.After
		if from < math.MaxInt64 {
			from++
		}
		p := Page{Seq: c.seq, MoreBefore: c.beyond}
		p.Messages, p.MoreAfter, err = newer(tx, c.key, from, limit)
		return p, err

	default:
		before := w.Before
		if before == 0 {
			before = math.MaxInt64
		}
		c, err := find(tx, conversation, before, math.MaxInt64)
		if err != nil {
			return Page{}, err
		}
		p := Page{Seq: c.seq, MoreAfter: c.beyond}
		p.Messages, p.MoreBefore, err = older(tx, c.key, before, limit)
		return p, err
	}
}

// LastChange returns the number of the conversation's last change. Errors:
// fault.NotFound if there is no such conversation.
func LastChange(tx *store.Tx, conversation string) (int64, error) {
	c, err := find(tx, conversation, math.MaxInt64, 0)
	return c.seq, err
}

type head struct {
	key, seq int64
	beyond   bool // an undeleted message lies in the range asked for
}

// find looks a conversation up, and whether it has messages with an ID in
// [from, to].
func find(tx *store.Tx, conversation string, from, to int64) (h head, err error) {
	err = tx.Each(func(row []driver.Value) error {
		h = head{key: row[0].(int64), seq: row[1].(int64), beyond: row[2] != int64(0)}
		return nil
	}, `
		SELECT c.key, c.seq, EXISTS (
			SELECT 1 FROM message AS m
			WHERE m.conversation = c.key AND m.id BETWEEN $2 AND $3 AND m.deleted IS NULL)
		FROM conversation AS c WHERE c.id = $1`, conversation, from, to)
	if err != nil {
		return head{}, fmt.Errorf("find conversation: %w", err)
	}
	if h.key == 0 {
		return head{}, errNoConversation()
	}
	return h, nil
}

// older returns the newest messages with an ID below before, oldest first.
func older(tx *store.Tx, key, before int64, limit int) (_ []Message, more bool, err error) {
	list, err := list(tx, limit+1, `
		SELECT `+columns+` FROM message
		WHERE conversation = $1 AND id < $2 AND deleted IS NULL
		ORDER BY id DESC LIMIT $3`, key, before)
	if err != nil {
		return nil, false, err
	}
	if more = len(list) > limit; more {
		list = list[:limit]
	}
	slices.Reverse(list)
	return list, more, nil
}

// newer returns the oldest messages with an ID from from on.
func newer(tx *store.Tx, key, from int64, limit int) (_ []Message, more bool, err error) {
	list, err := list(tx, limit+1, `
		SELECT `+columns+` FROM message
		WHERE conversation = $1 AND id >= $2 AND deleted IS NULL
		ORDER BY id LIMIT $3`, key, from)
	if err != nil {
		return nil, false, err
	}
	if more = len(list) > limit; more {
		list = list[:limit]
	}
	return list, more, nil
}

// Delta is what changed in a conversation since a number.
type Delta struct {
	// Messages has each message that changed, once and in its present state,
	// deleted ones as tombstones, by Seq; never nil.
	Messages []Message
	// Seq is the number of the conversation's last change.
	Seq int64
	// Reset says that no delta is given, since too much changed or the number
	// is not of this conversation's past: read a fresh page.
	Reset bool
}

// Changes returns what changed after a number, if that is at most limit
// messages (bounded as in Window). Errors: fault.NotFound if there is no such
// conversation; fault.Invalid for a negative number.
func Changes(tx *store.Tx, conversation string, after int64, limit int) (Delta, error) {
	if after < 0 {
		return Delta{}, fault.New(fault.Invalid, "A message number can't be negative.")
	}
	c, err := find(tx, conversation, math.MaxInt64, 0)
	if err != nil {
		return Delta{}, err
	}
	if after == c.seq {
		return Delta{Messages: []Message{}, Seq: c.seq}, nil
	}
	if after > c.seq {
		// The caller saw a history that is gone, as after a restored backup.
		return Delta{Messages: []Message{}, Seq: c.seq, Reset: true}, nil
	}
	limit = clamp(limit)
	// Those that came later are found by their id, those that changed later by
	// their seq.
	changed, err := list(tx, limit+1, `
		SELECT `+columns+` FROM message
		WHERE conversation = $1 AND id > $2
		ORDER BY id LIMIT $3`, c.key, after)
	if err != nil {
		return Delta{}, err
	}
	older, err := list(tx, limit+1, `
		SELECT `+columns+` FROM message
		WHERE conversation = $1 AND seq > $2 AND seq <> id AND id <= $2
		ORDER BY seq LIMIT $3`, c.key, after)
	if err != nil {
		return Delta{}, err
	}
	changed = append(changed, older...)
	if len(changed) > limit {
		return Delta{Messages: []Message{}, Seq: c.seq, Reset: true}, nil
	}
	slices.SortFunc(changed, func(a, b Message) int { return cmp.Compare(a.Seq, b.Seq) })
	return Delta{Messages: changed, Seq: c.seq}, nil
}

// list reads at most limit messages; limit is the query's last argument.
func list(tx *store.Tx, limit int, query string, key, from int64) ([]Message, error) {
	messages := make([]Message, 0, min(limit, defaultLimit+1))
	err := tx.Each(func(row []driver.Value) error {
		messages = append(messages, message(row))
		return nil
	}, query, key, from, int64(limit))
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	return messages, nil
}

func clamp(limit int) int {
	if limit == 0 {
		return defaultLimit
	}
	return min(max(limit, 1), maxLimit)
}
