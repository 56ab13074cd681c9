package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Copy writes a database as it is at one moment to a new file, whoever else reads
// and writes it meanwhile: what was committed before Copy began is in it, and
// nothing that was committed in part. The copy needs no other file beside it.
func Copy(ctx context.Context, from, to string) error {
	if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("copy %s: %s is there already", from, to)
	}
	db, err := inspect(from, nil)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := vacuumInto(ctx, db, to); err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	return nil
}

// Counts checks a database that nobody writes, and counts the rows of each of its
// tables.
func Counts(ctx context.Context, path string) (map[string]int64, error) {
	db, err := inspect(path, url.Values{"_query_only": {"true"}})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&verdict); err != nil {
		return nil, fmt.Errorf("check %s: %w", path, err)
	}
	if verdict != "ok" {
		return nil, fmt.Errorf("%s is damaged: %s", path, verdict)
	}
	rows, err := db.QueryContext(ctx, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`)
	if err != nil {
		return nil, fmt.Errorf("list tables of %s: %w", path, err)
	}
	defer rows.Close()
	counts := map[string]int64{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("list tables of %s: %w", path, err)
		}
		counts[name] = 0
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list tables of %s: %w", path, err)
	}
	for name := range counts {
		var n int64
		query := `SELECT count(*) FROM "` + strings.ReplaceAll(name, `"`, `""`) + `"`
		if err := db.QueryRowContext(ctx, query).Scan(&n); err != nil {
			return nil, fmt.Errorf("count %s of %s: %w", name, path, err)
		}
		counts[name] = n
	}
	return counts, nil
}

// InUse tells whether another process has the database open. A file that is not
// there is in nobody's use.
func InUse(ctx context.Context, path string) (bool, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	// Whoever has a database in WAL mode open holds a lock on it all the while.
	db, err := inspect(path, url.Values{"_pragma": {"locking_mode(EXCLUSIVE)", "busy_timeout(500)"}, "_txlock": {"exclusive"}})
	if err != nil {
		return false, err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, nil)
	var refused *sqlite.Error
	if errors.As(err, &refused) && refused.Code()&0xff == sqlite3.SQLITE_BUSY {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look whether %s is in use: %w", path, err)
	}
	return false, tx.Rollback()
}

// inspect opens an existing file as it is.
func inspect(path string, settings url.Values) (*sql.DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if settings == nil {
		settings = url.Values{}
	}
	settings.Set("mode", "rw")
	if settings["_pragma"] == nil {
		settings["_pragma"] = []string{"busy_timeout(5000)"}
	}
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: settings.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}
