// Package original reads the database of Decentra's first implementation, so
// that the owners of the data here can take it over. It changes nothing in it.
//
// That program wrote local times without a zone, identifiers such as "server_1",
// and whatever names people chose. Columns and tables that are missing are taken
// as empty, and those that nobody here knows are reported.
package original

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver
)

// Database is an original installation's file, open for reading.
type Database struct {
	db     *sql.DB
	zone   *time.Location
	tables map[string]bool
	source string
}

// Known are the tables that are taken over.
var known = []string{"users", "servers", "channels", "server_members", "messages", "friendships", "direct_messages", "invite_codes"}

// Open opens the file. Its times are taken as those of the zone.
func Open(ctx context.Context, path string, zone *time.Location) (_ *Database, err error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open the original's database: %w", err)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open the original's database: %w", err)
	}
	// Whatever its schema has, it may not act: no triggers and views with side
	// effects, no writes.
	dsn := url.URL{Scheme: "file", Path: absolute, RawQuery: url.Values{
		"mode": {"ro"}, "_query_only": {"true"},
		"_pragma": {"busy_timeout(5000)", "trusted_schema(OFF)", "cell_size_check(ON)"},
	}.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("open the original's database: %w", err)
	}
	db.SetMaxOpenConns(2)
	defer func() {
		if err != nil {
			_ = db.Close()
		}
	}()
	d := &Database{db: db, zone: zone, tables: map[string]bool{}}
	rows, err := db.QueryContext(ctx, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`)
	if err != nil {
		return nil, fmt.Errorf("%s is no SQLite database: %w", path, err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("read the tables: %w", err)
		}
		d.tables[strings.ToLower(name)] = true
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the tables: %w", err)
	}
	if !d.tables["users"] || !d.tables["messages"] {
		return nil, fmt.Errorf("%s is no database of the original Decentra: it has no tables users and messages", path)
	}
	if err := d.identify(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

// Close closes the file.
func (d *Database) Close() error { return d.db.Close() }

// Source tells this installation from every other, in whatever file it comes: a
// copy that was made later has the same. It is derived from the first account.
func (d *Database) Source() string { return d.source }

func (d *Database) identify(ctx context.Context) error {
	first := ""
	err := d.each(ctx, "users", 0, func(r row) error {
		first = r.text("username") + "\x00" + r.text("created_at")
		return errEnough
	})
	if err != nil {
		return err
	}
	if first == "" {
		return errors.New("the original's database has no accounts")
	}
	sum := sha256.Sum256([]byte(first))
	d.source = hex.EncodeToString(sum[:8])
	return nil
}

// Leftovers are the tables with rows that nobody here knows, with the number of
// rows.
func (d *Database) Leftovers(ctx context.Context) (map[string]int, error) {
	found := map[string]int{}
	for name := range d.tables {
		if slices.Contains(known, name) {
			continue
		}
		var n int
		if err := d.db.QueryRowContext(ctx, `SELECT count(*) FROM `+quote(name)).Scan(&n); err != nil {
			return nil, fmt.Errorf("count %s: %w", name, err)
		}
		if n > 0 {
			found[name] = n
		}
	}
	return found, nil
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
