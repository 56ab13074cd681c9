// Package imported remembers what was taken over from another installation, so
// that it is taken once: a second run neither doubles it nor brings back what
// people have removed since.
package imported

import (
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"regexp"

	"decentra.local/pkg/store"
)

//go:embed *.sql
var migrations embed.FS

// Schema has the table imported.
var Schema = store.Migrations{Name: "imported", Files: migrations}

var idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// KeepsID tells whether an id has a form that it may keep here, where ids travel
// in paths and in the subjects of events.
func KeepsID(id string) bool { return idForm.MatchString(id) }

// Log is what one installation's import wrote of one kind of thing.
type Log struct{ Source, Kind string }

// Find returns what a thing became; false: it was not taken yet.
func (l Log) Find(tx *store.Tx, key string) (became string, taken bool, err error) {
	err = tx.QueryRow(`SELECT became FROM imported WHERE source = $1 AND kind = $2 AND key = $3`, l.Source, l.Kind, key).Scan(&became)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("look up what was imported: %w", err)
	}
	return became, true, nil
}

// Note remembers what a thing became, in the transaction that takes it.
func (l Log) Note(tx *store.Tx, key, became string) error {
	_, err := tx.Exec(`INSERT INTO imported (source, kind, key, became) VALUES ($1, $2, $3, $4)
		ON CONFLICT (source, kind, key) DO UPDATE SET became = excluded.became`, l.Source, l.Kind, key, became)
	if err != nil {
		return fmt.Errorf("note what was imported: %w", err)
	}
	return nil
}
