package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// marker is the file beside a database that says that there is one.
func marker(path string) string { return path + ".marker" }

// notLost refuses a file that is missing or empty where the marker says that
// there was data.
func notLost(path string) error {
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		return nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look at the database file: %w", err)
	}
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		return nil // its first start ended before the log was folded in
	}
	_, err := os.Stat(marker(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the database's marker: %w", err)
	}
	return fmt.Errorf("%s is gone, and there was data in it: put the file back, or restore a backup; "+
		"to start empty all the same, remove %s", path, marker(path))
}

// leaveMarker leaves the marker, on disk before the first change is.
func leaveMarker(path string) error {
	if _, err := os.Stat(marker(path)); err == nil {
		return nil
	}
	text := "Decentra keeps data in " + filepath.Base(path) + " beside this file, and does not start without it.\n"
	err := os.WriteFile(marker(path), []byte(text), 0o600)
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("leave the database's marker: %w", err)
	}
	return nil
}
