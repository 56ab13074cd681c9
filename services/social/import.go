package social

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"decentra.local/pkg/convlog"
	"decentra.local/pkg/imported"
	"decentra.local/pkg/original"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

// Import takes over the friends, the requests and the direct messages of an
// original installation. The accounts come first: move.Names has what their names
// became. The service must not be running.
func Import(ctx context.Context, data string, move *original.Move, log *slog.Logger) error {
	db, err := openStore(ctx, data, log, nil)
	if err != nil {
		return err
	}
	i := &importer{db: db, move: move, logs: map[string]string{}}
	return errors.Join(i.run(ctx), db.Close())
}

type importer struct {
	db   *store.DB
	move *original.Move
	logs map[string]string // the conversation of each DM of the original's
}

func (i *importer) taken(kind string) imported.Log {
	return imported.Log{Source: i.move.From.Source(), Kind: kind}
}

func (i *importer) run(ctx context.Context) error {
	friendships, err := i.move.From.Friendships(ctx)
	if err != nil {
		return err
	}
	dms, err := i.move.From.DMs(ctx)
	if err != nil {
		return err
	}
	err = i.db.Update(ctx, func(tx *store.Tx) error {
		for _, f := range friendships {
			if err := i.friendship(tx, f); err != nil {
				return fmt.Errorf("import friends: %w", err)
			}
		}
		for _, d := range dms {
			if err := i.dm(tx, d); err != nil {
				return fmt.Errorf("import DM %q: %w", d.ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return imported.Messages(ctx, i.db, i.move, imported.Conversations{
		Mine: func(context string) bool { return context == wire.ContextDM },
		Log: func(m original.Message) (log, why string) {
			return i.logs[m.ContextID], "their DM is not there"
		},
		Readers: func(tx *store.Tx, log string) ([]string, error) {
			return listNames(tx, `SELECT first FROM dm WHERE id = $1 UNION SELECT second FROM dm WHERE id = $1`, log)
		},
		Keep: func(string) int { return 0 },
	})
}

// two finds what the names of a pair became.
func (i *importer) two(what, user1, user2 string) (a, b string, ok bool) {
	a, b = i.move.Names[user1], i.move.Names[user2]
	if a == "" || b == "" {
		i.move.Note("%s of %.60q and %.60q: one of them has no account.", what, user1, user2)
		return a, b, false
	}
	if a == b {
		i.move.Note("%s of %.60q with themselves.", what, user1)
		return a, b, false
	}
	return a, b, true
}

func (i *importer) friendship(tx *store.Tx, f original.Friendship) error {
	a, b, ok := i.two("The friendship", f.User1, f.User2)
	if !ok {
		return nil
	}
	key := f.User1 + "\n" + f.User2
	was, taken, err := i.taken("friendship").Find(tx, key)
	if err != nil {
		return err
	}
	// A request that was approved there since is a friendship now.
	if taken && (was == "friends" || !f.Accepted) || a == wire.DeletedUser || b == wire.DeletedUser {
		i.move.Took("friendships and requests", 0, 1)
		return nil
	}
	since := f.Since
	if since.IsZero() {
		since = time.Now()
	}
	became := "friends"
	switch {
	case f.Accepted:
		first, second := pair(a, b)
		_, err = tx.Exec(`INSERT INTO friendship (first, second, since) VALUES ($1, $2, $3)
			ON CONFLICT (first, second) DO NOTHING`, first, second, since.UnixMicro())
		if err == nil {
			_, err = tx.Exec(`DELETE FROM request WHERE (requester = $1 AND asked = $2) OR (requester = $2 AND asked = $1)`, a, b)
		}
	case f.Requester == f.User1 || f.Requester == f.User2:
		became = "asked"
		if f.Requester == f.User2 {
			a, b = b, a
		}
		var friends bool
		if friends, err = areFriends(tx, a, b); err == nil && !friends {
			_, err = tx.Exec(`INSERT INTO request (requester, asked, created) VALUES ($1, $2, $3)
				ON CONFLICT (requester, asked) DO NOTHING`, a, b, since.UnixMicro())
		}
	default:
		i.move.Note("The friend request between %.60q and %.60q: nobody knows who asked.", f.User1, f.User2)
		return nil
	}
	if err != nil {
		return fmt.Errorf("insert friendship: %w", err)
	}
	i.move.Took("friendships and requests", 1, 0)
	return i.taken("friendship").Note(tx, key, became)
}

// dm takes a DM; two of the same pair become one.
func (i *importer) dm(tx *store.Tx, d original.DM) error {
	became, taken, err := i.taken("dm").Find(tx, d.ID)
	if err != nil {
		return err
	}
	if taken {
		i.logs[d.ID] = became
		i.move.Took("DMs", 0, 1)
		return nil
	}
	a, b, ok := i.two("The DM", d.User1, d.User2)
	if !ok || a == wire.DeletedUser || b == wire.DeletedUser {
		return nil
	}
	first, second := pair(a, b)
	var id string
	err = tx.QueryRow(`SELECT id FROM dm WHERE first = $1 AND second = $2`, first, second).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		id, err = i.newDM(tx, d, first, second)
	}
	if err != nil {
		return fmt.Errorf("find dm: %w", err)
	}
	i.logs[d.ID] = id
	i.move.Took("DMs", 1, 0)
	return i.taken("dm").Note(tx, d.ID, id)
}

func (i *importer) newDM(tx *store.Tx, d original.DM, first, second string) (string, error) {
	id := d.ID
	used, err := exists(tx, `SELECT EXISTS (SELECT 1 FROM conversation WHERE id = $1)`, id)
	if err != nil {
		return "", err
	}
	if used || !imported.KeepsID(id) {
		id = rand.Text()[:16]
	}
	created := d.Created
	if created.IsZero() {
		created = time.Now()
	}
	_, err = tx.Exec(`INSERT INTO dm (id, first, second, created) VALUES ($1, $2, $3, $4)`, id, first, second, created.UnixMicro())
	if err != nil {
		return "", fmt.Errorf("insert dm: %w", err)
	}
	return id, convlog.Create(tx, id)
}
