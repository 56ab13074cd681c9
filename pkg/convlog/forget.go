package convlog

import (
	"fmt"
	"time"

	"decentra.local/pkg/store"
)

// Changed is a conversation and the number of its last change.
type Changed struct {
	Conversation string
	Seq          int64
}

// Forget takes an author's name off every message they wrote: the messages stay
// under another name, or are deleted. Each message is a change of its own, but
// for those that were deleted before. It reads the whole log, so it is for rare
// occasions.
func Forget(tx *store.Tx, author, as string, remove bool, now time.Time) ([]Changed, error) {
	rows, err := tx.Query(`SELECT c.key, c.id, c.seq, count(*) FROM message m JOIN conversation c ON c.key = m.conversation
		WHERE m.author = $1 AND m.deleted IS NULL GROUP BY c.key, c.id, c.seq ORDER BY c.key`, author)
	if err != nil {
		return nil, fmt.Errorf("find conversations of an author: %w", err)
	}
	defer rows.Close()
	var keys []int64
	var all []Changed
	for rows.Next() {
		var key, count int64
		var c Changed
		if err := rows.Scan(&key, &c.Conversation, &c.Seq, &count); err != nil {
			return nil, fmt.Errorf("read conversation: %w", err)
		}
		c.Seq += count
		keys, all = append(keys, key), append(all, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("find conversations of an author: %w", err)
	}
	what := ""
	if remove {
		what = "content = '', edited = NULL, deleted = $4,"
	}
	for i, key := range keys {
		_, err := tx.Exec(`UPDATE message SET `+what+` author = $3, nonce = NULL, seq = c.seq + m.place
			FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM message WHERE conversation = $1 AND author = $2 AND deleted IS NULL) AS m,
				(SELECT seq FROM conversation WHERE key = $1) AS c
			WHERE message.conversation = $1 AND message.id = m.id AND $4 = $4`, key, author, as, now.UnixMicro())
		if err != nil {
			return nil, fmt.Errorf("forget an author: %w", err)
		}
		if _, err := tx.Exec(`UPDATE conversation SET seq = $2 WHERE key = $1`, key, all[i].Seq); err != nil {
			return nil, fmt.Errorf("number changes: %w", err)
		}
	}
	if _, err := tx.Exec(`UPDATE message SET author = $2, nonce = NULL WHERE author = $1`, author, as); err != nil {
		return nil, fmt.Errorf("forget who wrote what was deleted: %w", err)
	}
	if _, err := tx.Exec(`DELETE FROM read_mark WHERE reader = $1`, author); err != nil {
		return nil, fmt.Errorf("forget read marks: %w", err)
	}
	return all, nil
}
