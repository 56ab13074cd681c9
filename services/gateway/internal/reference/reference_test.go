package reference

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// What is committed is what the code has. `make generate` writes it anew.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	const root = "../../../.."
	files, err := Generate(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the code has; run make generate", name)
		}
	}
}
