package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/pressly/goose/v3"
)

// Migrations are the numbered SQL files (goose format, "00001_name.sql") that
// build the tables of one package. Files are only ever added.
type Migrations struct {
	// Name tells the sets of one database apart: lower-case letters, digits
	// and underscores. The versions applied are kept in "migration_<Name>".
	Name  string
	Files fs.FS
}

var migrationName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func migrate(ctx context.Context, pool *sql.DB, path string, sets []Migrations, log *slog.Logger) error {
	fresh, err := isEmpty(ctx, pool)
	if err != nil {
		return fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	var pending []*goose.Provider
	for _, set := range sets {
		p, behind, err := set.compare(ctx, pool, path)
		if err != nil {
			return err
		}
		if behind {
			pending = append(pending, p)
		}
	}
	if len(pending) == 0 {
		return nil
	}
	if !fresh {
		snapshot, err := takeSnapshot(ctx, pool, path, time.Now())
		if err != nil {
			return fmt.Errorf("snapshot before the migration: %w", err)
		}
		log.Info("database snapshot taken before its migration", "snapshot", snapshot)
	}
	for _, p := range pending {
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("migrate %s: %w", filepath.Base(path), err)
		}
	}
	return nil
}

// isEmpty reports whether the file has no table yet.
func isEmpty(ctx context.Context, pool *sql.DB) (bool, error) {
	var n int
	err := pool.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_master`).Scan(&n)
	return n == 0, err
}

// compare reports whether files of the set are not applied yet, and refuses a
// database that is ahead of them. It changes nothing.
func (m Migrations) compare(ctx context.Context, pool *sql.DB, path string) (_ *goose.Provider, behind bool, _ error) {
	if !migrationName.MatchString(m.Name) {
		return nil, false, fmt.Errorf("migrations %q: the name must be lower-case letters, digits and underscores", m.Name)
	}
	table := "migration_" + m.Name
	p, err := goose.NewProvider(goose.DialectSQLite3, pool, m.Files,
		goose.WithTableName(table), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, false, fmt.Errorf("migrations %q: %w", m.Name, err)
	}
	sources := p.ListSources()
	newest := sources[len(sources)-1].Version

	var exists bool
	err = pool.QueryRowContext(ctx,
		`SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1)`, table).Scan(&exists)
	if err != nil {
		return nil, false, fmt.Errorf("migrations %q: %w", m.Name, err)
	}
	if !exists {
		return p, true, nil
	}
	current, err := p.GetDBVersion(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("migrations %q: %w", m.Name, err)
	}
	if current > newest {
		return nil, false, fmt.Errorf("%s was written by a newer Decentra (%s is at version %d, this program knows %d): "+
			"start the newer Decentra again, or put the snapshot from before the upgrade (%s.before-…) in its place",
			path, m.Name, current, newest, filepath.Base(path))
	}
	behind, err = p.HasPending(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("migrations %q: %w", m.Name, err)
	}
	return p, behind, nil
}

// takeSnapshot copies the database to a new file beside it.
func takeSnapshot(ctx context.Context, pool *sql.DB, path string, now time.Time) (string, error) {
	base := path + ".before-" + now.UTC().Format("20060102T150405Z")
	name := base
	for i := 2; ; i++ {
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			break
		} else if err != nil {
			return "", err
		}
		name = fmt.Sprintf("%s-%d", base, i)
	}
	return name, vacuumInto(ctx, pool, name)
}

// vacuumInto copies a database to a new file. The copy has its name only when it
// is complete and on disk.
func vacuumInto(ctx context.Context, pool *sql.DB, name string) error {
	part := name + ".partial"
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// VACUUM INTO accepts an empty file, and this one has the right mode.
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = pool.ExecContext(ctx, `VACUUM INTO $1`, part)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(part, name)
	}
	if err == nil {
		err = syncDir(filepath.Dir(name))
	}
	if err != nil {
		_ = os.Remove(part)
	}
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
