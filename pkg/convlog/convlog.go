// Package convlog owns the conversation log, which channel messages and direct
// messages share.
//
// A conversation is a sequence of changes. Every change (append, edit, delete)
// takes the next number of the conversation, starting at 1 and without holes,
// so that whoever holds the last number it saw can ask for what changed since.
// Who may do what is decided by the caller.
package convlog

import (
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"decentra.local/pkg/fault"
	"decentra.local/pkg/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Schema has the tables conversation and message.
var Schema = store.Migrations{Name: "convlog", Files: sub(migrations, "migrations")}

func sub(fsys fs.FS, dir string) fs.FS {
	s, err := fs.Sub(fsys, dir)
	if err != nil {
		panic(err) // the name is a constant
	}
	return s
}

// Message is a message in its present state.
type Message struct {
	// ID is the number of the change that appended the message, Seq that of
	// its latest change. Both are unique in the conversation, and ID never
	// changes.
	ID, Seq int64
	Author  string
	// Content is empty once the message is deleted.
	Content string
	// Nonce is what the author told this message apart by when sending it;
	// empty: nothing.
	Nonce string
	// Created does not run backwards from one message to the next, unless the
	// clock was set back by more than a minute: their order is that of their IDs.
	Created time.Time
	// Edited is the time of the last edit; zero: never, or deleted.
	Edited  time.Time
	Deleted bool
}

// drift is how far the clock may be behind a conversation's last change so that
// its time is taken for the next one, too. What is further off was a wrong clock,
// and no reason to give wrong times until the right one is there.
const drift = time.Minute

// change is one that is about to be made in a conversation.
type change struct {
	key, seq int64
	stamp    int64 // its time, in microseconds since 1970
}

// next is the next change of a conversation: its number, and the present or the time
// of the last change where the clock was set back a little since.
func next(tx *store.Tx, conversation string, now time.Time) (c change, err error) {
	err = tx.QueryRow(`SELECT key, seq + 1, stamp FROM conversation WHERE id = $1`, conversation).Scan(&c.key, &c.seq, &c.stamp)
	if errors.Is(err, sql.ErrNoRows) {
		return c, errNoConversation()
	}
	if err != nil {
		return c, fmt.Errorf("find conversation: %w", err)
	}
	if at := now.UnixMicro(); c.stamp < at || c.stamp > at+drift.Microseconds() {
		c.stamp = at
	}
	return c, nil
}

func errNoConversation() error {
	return fault.New(fault.NotFound, "There is no such conversation.")
}

func errNoMessage() error {
	return fault.New(fault.NotFound, "There is no such message.")
}

// Create makes an empty conversation. One that exists stays as it is.
func Create(tx *store.Tx, conversation string) error {
	_, err := tx.Exec(`INSERT INTO conversation (id) VALUES ($1) ON CONFLICT (id) DO NOTHING`, conversation)
	if err != nil {
		return fmt.Errorf("create conversation: %w", err)
	}
	return nil
}

// Append adds a message. When the author has sent this nonce to this
// conversation before, nothing is added: the message of then is returned as it
// is now, even deleted, and repeated is true. An empty nonce is never a
// repetition. Errors: fault.NotFound if there is no such conversation.
func Append(tx *store.Tx, conversation, author, content, nonce string, now time.Time) (m Message, repeated bool, err error) {
	c, err := next(tx, conversation, now)
	if err != nil {
		return Message{}, false, err
	}
	m = Message{ID: c.seq, Seq: c.seq, Author: author, Content: content, Nonce: nonce, Created: time.UnixMicro(c.stamp).UTC()}
	res, err := tx.Exec(`INSERT INTO message (conversation, id, seq, author, content, nonce, created) VALUES ($1, $2, $2, $3, $4, $5, $6)
		ON CONFLICT (conversation, author, nonce) WHERE nonce IS NOT NULL DO NOTHING`,
		c.key, m.ID, author, content, sql.NullString{String: nonce, Valid: nonce != ""}, c.stamp)
	if err != nil {
		return Message{}, false, fmt.Errorf("append message: %w", err)
	}
	added, err := res.RowsAffected()
	if err != nil {
		return Message{}, false, fmt.Errorf("append message: %w", err)
	}
	if added == 0 {
		m, err = sent(tx, c.key, author, nonce)
		return m, true, err
	}
	_, err = tx.Exec(`UPDATE conversation SET seq = $2, stamp = $3, messages = messages + 1 WHERE key = $1`, c.key, c.seq, c.stamp)
	if err != nil {
		return Message{}, false, fmt.Errorf("number message: %w", err)
	}
	return m, false, nil
}

// Latest is the time of a conversation's last change, that of the epoch if there was
// none. Errors: fault.NotFound if there is no such conversation.
func Latest(tx *store.Tx, conversation string) (time.Time, error) {
	var stamp int64
	err := tx.QueryRow(`SELECT stamp FROM conversation WHERE id = $1`, conversation).Scan(&stamp)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, errNoConversation()
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("find the last change: %w", err)
	}
	return time.UnixMicro(stamp).UTC(), nil
}

// sent finds the message that kept an insert from happening.
func sent(tx *store.Tx, key int64, author, nonce string) (Message, error) {
	m, err := one(tx, `SELECT `+columns+` FROM message WHERE conversation = $1 AND author = $2 AND nonce = $3`, key, author, nonce)
	if err != nil {
		return Message{}, fmt.Errorf("find repeated message: %w", err)
	}
	return m, nil
}

// Get returns one message. Errors: fault.NotFound if it is deleted or was
// never there.
func Get(tx *store.Tx, conversation string, id int64) (Message, error) {
	m, err := one(tx, `
		SELECT `+columns+` FROM message
		WHERE conversation = (SELECT key FROM conversation WHERE id = $1) AND id = $2 AND deleted IS NULL`,
		conversation, id)
	if errors.Is(err, sql.ErrNoRows) {
		return Message{}, errNoMessage()
	}
	if err != nil {
		return Message{}, fmt.Errorf("get message: %w", err)
	}
	return m, nil
}

// Edit replaces the content of a message. Errors: fault.NotFound if it is
// deleted or was never there.
func Edit(tx *store.Tx, conversation string, id int64, content string, now time.Time) (Message, error) {
	return alter(tx, `
		UPDATE message SET content = $3, edited = $4, seq = $5
		WHERE conversation = $1 AND id = $2 AND deleted IS NULL
		RETURNING `+columns,
		conversation, id, content, now)
}

// Delete wipes a message and leaves a tombstone, which Changes reports and
// Read skips. Errors: fault.NotFound if it is deleted or was never there.
func Delete(tx *store.Tx, conversation string, id int64, now time.Time) (Message, error) {
	return alter(tx, `
		UPDATE message SET content = $3, edited = NULL, deleted = $4, seq = $5
		WHERE conversation = $1 AND id = $2 AND deleted IS NULL
		RETURNING `+columns,
		conversation, id, "", now)
}

func alter(tx *store.Tx, query, conversation string, id int64, content string, now time.Time) (Message, error) {
	c, err := next(tx, conversation, now)
	if fault.Is(err, fault.NotFound) {
		return Message{}, errNoMessage()
	}
	if err != nil {
		return Message{}, err
	}
	m, err := one(tx, query, c.key, id, content, c.stamp, c.seq)
	if errors.Is(err, sql.ErrNoRows) {
		return Message{}, errNoMessage()
	}
	if err != nil {
		return Message{}, fmt.Errorf("change message: %w", err)
	}
	if _, err := tx.Exec(`UPDATE conversation SET seq = $2, stamp = $3 WHERE key = $1`, c.key, c.seq, c.stamp); err != nil {
		return Message{}, fmt.Errorf("number change: %w", err)
	}
	return m, nil
}

// Trim drops all but the newest keep messages, tombstones among them, for
// good: no change is numbered and nothing reports it. It costs next to nothing
// when there is nothing to drop, so call it after every Append.
func Trim(tx *store.Tx, conversation string, keep int) error {
	var key, messages int64
	err := tx.QueryRow(`SELECT key, messages FROM conversation WHERE id = $1`, conversation).Scan(&key, &messages)
	if errors.Is(err, sql.ErrNoRows) {
		return errNoConversation()
	}
	if err != nil {
		return fmt.Errorf("count messages: %w", err)
	}
	excess := messages - int64(max(keep, 0))
	if excess <= 0 {
		return nil
	}
	_, err = tx.Exec(`
		DELETE FROM message WHERE conversation = $1
		AND id IN (SELECT id FROM message WHERE conversation = $1 ORDER BY id LIMIT $2)`, key, excess)
	if err != nil {
		return fmt.Errorf("trim messages: %w", err)
	}
	if _, err := tx.Exec(`UPDATE conversation SET messages = messages - $2 WHERE key = $1`, key, excess); err != nil {
		return fmt.Errorf("count trimmed messages: %w", err)
	}
	return nil
}

// Remove drops a conversation and its messages for good. One that does not
// exist is no error.
func Remove(tx *store.Tx, conversation string) error {
	for _, table := range []string{"read_mark", "message"} {
		_, err := tx.Exec(`DELETE FROM `+table+` WHERE conversation = (SELECT key FROM conversation WHERE id = $1)`, conversation)
		if err != nil {
			return fmt.Errorf("remove messages: %w", err)
		}
	}
	if _, err := tx.Exec(`DELETE FROM conversation WHERE id = $1`, conversation); err != nil {
		return fmt.Errorf("remove conversation: %w", err)
	}
	return nil
}

// columns are those message reads.
const columns = `id, seq, author, content, nonce, created, edited, deleted`

func message(row []driver.Value) Message {
	m := Message{
		ID: row[0].(int64), Seq: row[1].(int64), Author: row[2].(string), Content: row[3].(string),
		Created: time.UnixMicro(row[5].(int64)).UTC(), Deleted: row[7] != nil,
	}
	m.Nonce, _ = row[4].(string)
	if edited, ok := row[6].(int64); ok {
		m.Edited = time.UnixMicro(edited).UTC()
	}
	return m
}

// one reads a message. Errors: sql.ErrNoRows.
func one(tx *store.Tx, query string, args ...driver.Value) (m Message, err error) {
	found := false
	err = tx.Each(func(row []driver.Value) error {
		m, found = message(row), true
		return nil
	}, query, args...)
	if err == nil && !found {
		err = sql.ErrNoRows
	}
	return m, err
}
