package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"decentra.local/pkg/store"
)

const itemColour = "-- +goose Up\nALTER TABLE item ADD COLUMN colour TEXT NOT NULL DEFAULT 'red';\n"

func newerItems() []store.Migrations {
	return []store.Migrations{{Name: "item", Files: files(map[string]string{
		"00001_item.sql": itemTable, "00002_colour.sql": itemColour,
	})}}
}

func snapshots(t *testing.T, path string) []string {
	t.Helper()
	found, err := filepath.Glob(path + ".before-*")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func closeDB(t *testing.T, db *store.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSnapshotIsTakenBeforeAMigrationOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "items.db")
	db := open(t, path, items())
	if err := db.Update(t.Context(), insert("kept")); err != nil {
		t.Fatal(err)
	}
	closeDB(t, db)
	closeDB(t, open(t, path, items()))
	if got := snapshots(t, path); len(got) != 0 {
		t.Fatalf("snapshots with nothing to migrate: %q", got)
	}

	db = open(t, path, newerItems())
	if err := db.Update(t.Context(), insert("new")); err != nil {
		t.Fatal(err)
	}
	got := snapshots(t, path)
	if len(got) != 1 {
		t.Fatalf("snapshots: %q, want one", got)
	}
	if info, err := os.Stat(got[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("snapshot: %v, %v", info.Mode(), err)
	}
	wantNames(t, open(t, got[0], items()), "kept")
}

func TestSnapshotNeverOverwrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "items.db")
	extra := store.Migrations{Name: "b", Files: files(map[string]string{"00001_b.sql": "-- +goose Up\nCREATE TABLE b (id INTEGER);\n"})}
	more := store.Migrations{Name: "c", Files: files(map[string]string{"00001_c.sql": "-- +goose Up\nCREATE TABLE c (id INTEGER);\n"})}
	// Two migrations within the same second.
	for _, sets := range [][]store.Migrations{items(), append(items(), extra), append(items(), extra, more)} {
		closeDB(t, open(t, path, sets))
	}
	if got := snapshots(t, path); len(got) != 2 {
		t.Fatalf("snapshots: %q, want two", got)
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "items.db")
	closeDB(t, open(t, path, newerItems()))
	_, err := store.Open(t.Context(), store.Options{Path: path, Migrations: items()})
	if err == nil {
		t.Fatal("opened")
	}
	for _, part := range []string{path, "newer Decentra", "version 2", "knows 1", "snapshot"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q lacks %q", err, part)
		}
	}
	closeDB(t, open(t, path, newerItems()))
}

func TestFailedMigrationLeavesTheDataAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "items.db")
	db := open(t, path, items())
	if err := db.Update(t.Context(), insert("kept")); err != nil {
		t.Fatal(err)
	}
	closeDB(t, db)
	broken := []store.Migrations{{Name: "item", Files: files(map[string]string{
		"00001_item.sql": itemTable, "00002_bad.sql": "-- +goose Up\nDELETE FROM item;\nALTER TABLE nowhere ADD COLUMN x TEXT;\n",
	})}}
	if _, err := store.Open(t.Context(), store.Options{Path: path, Migrations: broken}); err == nil {
		t.Fatal("opened")
	}
	if got := snapshots(t, path); len(got) != 1 {
		t.Fatalf("snapshots: %q, want one", got)
	}
	wantNames(t, open(t, path, items()), "kept")
}

func TestBadMigrationsAreRefused(t *testing.T) {
	cases := []struct {
		name string
		set  store.Migrations
	}{
		{"name that is no identifier", store.Migrations{Name: "a; DROP", Files: items()[0].Files}},
		{"no files", store.Migrations{Name: "a", Files: files(nil)}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := store.Open(t.Context(), store.Options{
				Path: filepath.Join(t.TempDir(), "x.db"), Migrations: []store.Migrations{c.set},
			})
			if err == nil {
				t.Fatal("opened")
			}
		})
	}
}
