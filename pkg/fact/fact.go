// Package fact owns what one service must tell another for good.
//
// A fact is a numbered row, written by its owner in the transaction that made
// it true. A follower asks the owner for the facts after the last it applied
// and stores that number in the transaction that applies them: nothing is lost
// on the way and nothing is applied twice, whatever crashes in between.
package fact

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"time"

	"decentra.local/pkg/store"
)

//go:embed outbox/*.sql follower/*.sql
var migrations embed.FS

var (
	// OutboxSchema has the owner's table, fact.
	OutboxSchema = store.Migrations{Name: "fact", Files: sub(migrations, "outbox")}
	// FollowerSchema has the follower's table, applied_fact.
	FollowerSchema = store.Migrations{Name: "applied_fact", Files: sub(migrations, "follower")}
)

func sub(fsys fs.FS, dir string) fs.FS {
	s, err := fs.Sub(fsys, dir)
	if err != nil {
		panic(err) // the name is a constant
	}
	return s
}

// Fact is one fact of an owner. Numbers start at 1 and grow; what one means is
// between the owner and its followers.
type Fact struct {
	Number int64           `json:"number"`
	Kind   string          `json:"kind"`
	Data   json.RawMessage `json:"data"`
}

const (
	defaultLimit = 100
	maxLimit     = 500
)

// Append records a fact with its data as JSON and returns its number, which is
// valid once the transaction is committed.
func Append(tx *store.Tx, kind string, data any, now time.Time) (number int64, err error) {
	text, err := json.Marshal(data)
	if err != nil {
		return 0, fmt.Errorf("encode fact: %w", err)
	}
	err = tx.QueryRow(`INSERT INTO fact (kind, data, created) VALUES ($1, $2, $3) RETURNING number`,
		kind, string(text), now.UnixMicro()).Scan(&number)
	if err != nil {
		return 0, fmt.Errorf("append fact: %w", err)
	}
	return number, nil
}

// List returns the facts after a number, in order and never nil. limit is
// moved into 1 to 500; 0 is 100.
func List(tx *store.Tx, after int64, limit int) ([]Fact, error) {
	if limit == 0 {
		limit = defaultLimit
	}
	rows, err := tx.Query(`SELECT number, kind, data FROM fact WHERE number > $1 ORDER BY number LIMIT $2`,
		after, min(max(limit, 1), maxLimit))
	if err != nil {
		return nil, fmt.Errorf("list facts: %w", err)
	}
	defer rows.Close()
	facts := []Fact{}
	for rows.Next() {
		var f Fact
		var text string
		if err := rows.Scan(&f.Number, &f.Kind, &text); err != nil {
			return nil, fmt.Errorf("read fact: %w", err)
		}
		f.Data = json.RawMessage(text)
		facts = append(facts, f)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list facts: %w", err)
	}
	return facts, nil
}

// With reads a fact's data and hands it on.
func With[Data any](f Fact, apply func(Data) error) error {
	var data Data
	if err := json.Unmarshal(f.Data, &data); err != nil {
		return fmt.Errorf("read fact %d: %w", f.Number, err)
	}
	return apply(data)
}
