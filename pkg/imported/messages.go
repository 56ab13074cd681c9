package imported

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"decentra.local/pkg/convlog"
	"decentra.local/pkg/original"
	"decentra.local/pkg/store"
	"decentra.local/pkg/text"
	"decentra.local/pkg/wire"
)

// batch is how many messages share a transaction.
const batch = 500

// longest bounds what is kept of a message, in bytes: much more than one may have
// today, and so little that a page of the longest can be sent.
const longest = 16_000

// Conversations is what an owner of conversations knows of the original's.
type Conversations struct {
	// Mine tells which contexts the owner takes; the others have their own.
	Mine func(context string) bool
	// Log finds the conversation of a message; empty: there is none, and why.
	Log func(original.Message) (log, why string)
	// Readers are those who see a conversation. Who had read all of it has read
	// what the import adds.
	Readers func(tx *store.Tx, log string) ([]string, error)
	// Keep bounds a conversation; 0: not.
	Keep func(log string) int
}

// Messages takes the messages over that no earlier run has taken, in the order of
// their sending.
func Messages(ctx context.Context, db *store.DB, move *original.Move, c Conversations) error {
	progress := Log{Source: move.From.Source(), Kind: "messages"}
	var last int64
	err := db.View(ctx, func(tx *store.Tx) error {
		number, taken, err := progress.Find(tx, "last")
		if err != nil || !taken {
			return err
		}
		last, err = strconv.ParseInt(number, 10, 64)
		return err
	})
	if err != nil {
		return err
	}
	left := map[string]int{} // by reason
	for {
		messages, err := move.From.Messages(ctx, last, batch)
		if err != nil {
			return err
		}
		if len(messages) == 0 {
			break
		}
		taken := 0
		err = db.Update(ctx, func(tx *store.Tx) error {
			taken, err = c.take(tx, move, messages, left)
			if err != nil {
				return err
			}
			return progress.Note(tx, "last", strconv.FormatInt(messages[len(messages)-1].Number, 10))
		})
		if err != nil {
			return err
		}
		move.Took("messages", taken, 0)
		last = messages[len(messages)-1].Number
	}
	for why, n := range left {
		move.Note("%d messages: %s", n, why)
	}
	return nil
}

func (c Conversations) take(tx *store.Tx, move *original.Move, messages []original.Message, left map[string]int) (taken int, err error) {
	upToDate := map[string][]string{} // by conversation, its readers who had read all
	latest := map[string]time.Time{}
	for _, m := range messages {
		if !c.Mine(m.Context) {
			continue
		}
		log, why := c.Log(m)
		if log == "" {
			left[why]++
			continue
		}
		if _, seen := upToDate[log]; !seen {
			if upToDate[log], err = c.upToDate(tx, log); err != nil {
				return taken, err
			}
			if latest[log], err = convlog.Latest(tx, log); err != nil {
				return taken, err
			}
		}
		author := move.Names[m.Username]
		if author == "" {
			author = wire.DeletedUser
			left["the author has no account there; they are shown as those of a deleted user"]++
		}
		// A time that can't be read, or runs back, is that of the message before.
		if m.Sent.IsZero() {
			left["the time can't be read; they have that of the message before"]++
		}
		if m.Sent.Before(latest[log]) {
			m.Sent = latest[log]
		}
		latest[log] = m.Sent
		content := text.Cut(m.Content, longest)
		if content != m.Content {
			left[fmt.Sprintf("they have more than %d bytes; they are cut", longest)]++
		}
		if _, _, err := convlog.Append(tx, log, author, content, "", m.Sent); err != nil {
			return taken, fmt.Errorf("take message %d: %w", m.Number, err)
		}
		if keep := c.Keep(log); keep > 0 {
			if err := convlog.Trim(tx, log, keep); err != nil {
				return taken, err
			}
		}
		taken++
	}
	for log, readers := range upToDate {
		for _, reader := range readers {
			if err := convlog.MarkAllRead(tx, log, reader); err != nil {
				return taken, err
			}
		}
	}
	return taken, nil
}

func (c Conversations) upToDate(tx *store.Tx, log string) ([]string, error) {
	readers, err := c.Readers(tx, log)
	if err != nil {
		return nil, err
	}
	kept := []string{}
	for _, reader := range readers {
		p, err := convlog.ReadProgress(tx, log, reader)
		if err != nil {
			return nil, err
		}
		if p.Unread == 0 {
			kept = append(kept, reader)
		}
	}
	return kept, nil
}
