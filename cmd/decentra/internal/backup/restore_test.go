package backup_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"decentra.local/cmd/decentra/internal/backup"
)

// TestForgedBackup restores what somebody made who wants to write elsewhere: it is
// refused, and nothing is left of it.
func TestForgedBackup(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	manifest := `{"format":1,"files":[]}`
	for _, c := range []struct {
		name    string
		entries []tar.Header
	}{
		{"a path that leads out", []tar.Header{{Name: "../outside", Typeflag: tar.TypeReg}}},
		{"one that leads out on a way round", []tar.Header{{Name: "pictures/../../outside", Typeflag: tar.TypeReg}}},
		{"an absolute path", []tar.Header{{Name: outside, Typeflag: tar.TypeReg}}},
		{"a symbolic link", []tar.Header{{Name: "pictures", Typeflag: tar.TypeSymlink, Linkname: filepath.Dir(outside)}, {Name: "pictures/outside", Typeflag: tar.TypeReg}}},
		{"a hard link", []tar.Header{{Name: "auth.db", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"}}},
		{"a device", []tar.Header{{Name: "auth.db", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 5}}},
		{"a directory", []tar.Header{{Name: "pictures", Typeflag: tar.TypeDir}}},
		{"a file twice", []tar.Header{{Name: "auth.db", Typeflag: tar.TypeReg}, {Name: "auth.db", Typeflag: tar.TypeReg}}},
		{"a file that its manifest does not have", []tar.Header{{Name: "auth.db", Typeflag: tar.TypeReg}}},
		{"a file after the manifest", []tar.Header{{Name: "manifest.json", Typeflag: tar.TypeReg, Size: int64(len(manifest))}, {Name: "auth.db", Typeflag: tar.TypeReg}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var file bytes.Buffer
			zip := gzip.NewWriter(&file)
			archive := tar.NewWriter(zip)
			for _, header := range append(c.entries, tar.Header{Name: "manifest.json", Typeflag: tar.TypeReg, Size: int64(len(manifest))}) {
				header.Mode = 0o600
				if err := archive.WriteHeader(&header); err != nil {
					t.Fatal(err)
				}
				if header.Size > 0 {
					if _, err := archive.Write([]byte(manifest)); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := archive.Close(); err != nil {
				t.Fatal(err)
			}
			if err := zip.Close(); err != nil {
				t.Fatal(err)
			}
			forged, data := filepath.Join(t.TempDir(), "forged"), filepath.Join(t.TempDir(), "data")
			if err := os.WriteFile(forged, file.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := backup.Restore(t.Context(), forged, data)
			if err == nil || !strings.Contains(err.Error(), forged) && !strings.Contains(err.Error(), "restore ") {
				t.Errorf("got %v", err)
			}
			if left, _ := filepath.Glob(filepath.Join(data, "*")); len(left) > 0 {
				t.Errorf("there is %q in the data directory", left)
			}
			if _, err := os.Lstat(outside); err == nil {
				t.Error("a file was written outside")
			}
		})
	}
}
