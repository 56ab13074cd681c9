package backup_test

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"decentra.local/cmd/decentra/internal/backup"
	"decentra.local/pkg/store"
)

// TestAPictureThatComesWhileABackupIsWritten: a database that is copied later may
// speak of it.
func TestAPictureThatComesWhileABackupIsWritten(t *testing.T) {
	data := t.TempDir()
	for _, name := range []string{"chat", "social", "auth"} {
		db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(data, name+".db")})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(data, "pictures"), 0o700); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	begun := writerFunc(func(p []byte) (int, error) {
		var err error
		once.Do(func() { err = os.WriteFile(filepath.Join(data, "pictures", "new"), []byte("picture"), 0o600) })
		return len(p), err
	})
	manifest, err := backup.Write(t.Context(), data, "-", "test", begun)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(manifest.Files, func(f backup.File) bool { return f.Name == "pictures/new" }) {
		t.Errorf("the backup has %v, without the picture", manifest.Files)
	}
}

type writerFunc func(p []byte) (int, error)

// Write implements io.Writer.
func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
