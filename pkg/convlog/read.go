package convlog

import (
	"database/sql"
	"errors"
	"fmt"

	"decentra.local/pkg/store"
)

const (
	// MostUnread bounds the count of unread messages: so many, or more.
	MostUnread = 100
	// mostLookedAt bounds how many messages are looked at to count them: whoever
	// wrote thousands and marked nothing as read has no others' to find there.
	mostLookedAt = 1000
)

// Progress is how far somebody has read a conversation.
type Progress struct {
	Seq    int64 // the conversation's last change
	Read   int64 // the last message they have seen; 0: none
	Unread int   // messages of others after it and among the newest 1,000, at most MostUnread
}

// MarkRead notes that somebody has seen everything up to a message. A mark never
// moves back, nor past the conversation's last number. Errors: fault.NotFound if
// there is no such conversation.
func MarkRead(tx *store.Tx, conversation, reader string, id int64) (Progress, error) {
	c, err := find(tx, conversation, 1, 0)
	if err != nil {
		return Progress{}, err
	}
	_, err = tx.Exec(`INSERT INTO read_mark (conversation, reader, id) VALUES ($1, $2, $3)
		ON CONFLICT (conversation, reader) DO UPDATE SET id = excluded.id WHERE excluded.id > read_mark.id`,
		c.key, reader, min(max(id, 0), c.seq))
	if err != nil {
		return Progress{}, fmt.Errorf("mark read: %w", err)
	}
	return progress(tx, c, reader)
}

// MarkAllRead is MarkRead up to the present end.
func MarkAllRead(tx *store.Tx, conversation, reader string) error {
	_, err := MarkRead(tx, conversation, reader, 1<<53)
	return err
}

// ReadProgress returns how far somebody has read. Errors: fault.NotFound if there
// is no such conversation.
func ReadProgress(tx *store.Tx, conversation, reader string) (Progress, error) {
	c, err := find(tx, conversation, 1, 0)
	if err != nil {
		return Progress{}, err
	}
	return progress(tx, c, reader)
}

func progress(tx *store.Tx, c head, reader string) (Progress, error) {
	p := Progress{Seq: c.seq}
	err := tx.QueryRow(`SELECT id FROM read_mark WHERE conversation = $1 AND reader = $2`, c.key, reader).Scan(&p.Read)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return p, fmt.Errorf("find read mark: %w", err)
	}
	if p.Read >= c.seq {
		return p, nil
	}
	err = tx.QueryRow(`SELECT count(*) FROM (
		SELECT 1 FROM (
			SELECT author, deleted FROM message WHERE conversation = $1 AND id > $2 ORDER BY id DESC LIMIT $5) AS newest
		WHERE author <> $3 AND deleted IS NULL LIMIT $4) AS unread`,
		c.key, p.Read, reader, MostUnread, mostLookedAt).Scan(&p.Unread)
	if err != nil {
		return p, fmt.Errorf("count unread messages: %w", err)
	}
	return p, nil
}

// ForgetReader drops somebody's mark in a conversation.
func ForgetReader(tx *store.Tx, conversation, reader string) error {
	_, err := tx.Exec(`DELETE FROM read_mark WHERE reader = $2
		AND conversation = (SELECT key FROM conversation WHERE id = $1)`, conversation, reader)
	if err != nil {
		return fmt.Errorf("forget read mark: %w", err)
	}
	return nil
}
