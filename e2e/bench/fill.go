package bench

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/store"
)

// fillBatch is how many messages share a transaction.
const fillBatch = 100_000

// fill writes messages of a room's people straight into the database of a system
// that does not run, until there are that many.
func (s *system) fill(t *testing.T, p people, until int) {
	t.Helper()
	process := "decentra"
	if s.inst.Topology == installation.Split {
		process = "chat"
	}
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(s.inst.Data(process), "chat.db")})
	if err != nil {
		t.Fatalf("fill: %v", err)
	}
	defer db.Close()
	t.Logf("%s: %s messages are stored", s.name, whole(until))
	now := time.Now().Add(-time.Hour).UnixMicro()
	for done := false; !done; {
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			var key, seq int64
			if err := tx.QueryRow(`SELECT key, seq FROM conversation WHERE id = $1`, p.place.ID).Scan(&key, &seq); err != nil {
				return err
			}
			last := min(seq+fillBatch, int64(until))
			if done = seq >= last; done {
				return nil
			}
			if _, err := tx.Exec(`
				WITH RECURSIVE numbers (n) AS (SELECT $2 UNION ALL SELECT n + 1 FROM numbers WHERE n < $3)
				INSERT INTO message (conversation, id, seq, author, content, nonce, created)
				SELECT $1, n, n, $4, $5, 'stored-' || n, $6 + n FROM numbers`,
				key, seq+1, last, p.names[0], content, now); err != nil {
				return err
			}
			_, err := tx.Exec(`UPDATE conversation SET seq = $2, stamp = $3 + $2, messages = messages + $2 - $4 WHERE key = $1`, key, last, now, seq)
			return err
		})
		if err != nil {
			t.Fatal(fmt.Errorf("fill: %w", err))
		}
	}
}
