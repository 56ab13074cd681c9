// Package backup owns the copy of a whole installation in one file: how it is
// written while the installation runs, put back, and proved.
//
// The file is a gzipped tar (POSIX.1-2001) with everything below the data
// directory but what a running process makes anew, each database as a copy of one
// moment, and a manifest with the hash of each file and the number of rows of each
// table as the last entry. Nothing of it is held in memory.
package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/store"
)

// manifestName is the last entry of a backup.
const manifestName = "manifest.json"

// format is the version of the file's form.
const format = 1

// Manifest says what a backup has.
type Manifest struct {
	Format  int       `json:"format"`
	Program string    `json:"program"` // the version that wrote it
	Made    time.Time `json:"made"`
	Files   []File    `json:"files"`
}

// File is one file of a backup.
type File struct {
	Name   string           `json:"name"` // below the data directory, with slashes
	Size   int64            `json:"size"`
	SHA256 string           `json:"sha256"`
	Rows   map[string]int64 `json:"rows,omitempty"` // of a database, by table
}

// databases are the owners' files. What follows another is copied before it: a
// copy of chat's must not have applied what the copy of auth's does not know.
var databases = []string{contract.Chat + ".db", contract.Social + ".db", contract.Auth + ".db"}

// Write writes a backup of a data directory to a new file, or to out for the name
// "-". Scratch copies of the databases are made, one at a time, beside the file.
func Write(ctx context.Context, data, name, program string, out io.Writer) (manifest Manifest, err error) {
	found, err := content(data, isDatabase)
	if err != nil {
		return manifest, err
	}
	if len(found) == 0 {
		return manifest, fmt.Errorf("there is no installation in %s: no database is in it", data)
	}
	beside := filepath.Dir(name)
	if within(data, name) {
		return manifest, fmt.Errorf("%s lies in the data directory %s: a backup beside the data is lost with it, and the next one would have it inside", name, data)
	}
	if name == "-" {
		beside = os.TempDir()
	}
	scratch, err := os.MkdirTemp(beside, ".decentra-backup-")
	if err != nil {
		return manifest, fmt.Errorf("make room for copies: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	w := &writer{data: data, scratch: scratch, manifest: Manifest{Format: format, Program: program, Made: time.Now().UTC()}}
	if name == "-" {
		err = w.write(ctx, out)
		return w.manifest, err
	}
	err = newFile(name, func(file io.Writer) error { return w.write(ctx, file) })
	return w.manifest, err
}

// within tells whether a file lies below a directory.
func within(dir, name string) bool {
	if name == "-" {
		return false
	}
	dir, err1 := filepath.Abs(dir)
	name, err2 := filepath.Abs(name)
	relative, err3 := filepath.Rel(dir, name)
	return errors.Join(err1, err2, err3) == nil && filepath.IsLocal(relative)
}

// newFile writes a file that has its name only when it is whole and on disk. One
// that is there already stays.
func newFile(name string, write func(io.Writer) error) error {
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already; a backup never replaces a file", name)
	}
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*.partial") // for the owner alone
	if err != nil {
		return fmt.Errorf("make the backup's file: %w", err)
	}
	buffered := bufio.NewWriterSize(file, 1<<20)
	err = write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Link(file.Name(), name) // fails where Rename would replace
	}
	return errors.Join(err, os.Remove(file.Name()))
}

// content lists the files to keep of one kind below a data directory, databases in
// their order.
func content(data string, kind func(name string) bool) ([]string, error) {
	var names []string
	err := fs.WalkDir(os.DirFS(data), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && madeAnew(name):
			return fs.SkipDir
		case entry.Type().IsRegular() && !madeAnew(name) && kind(name):
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the data directory: %w", err)
	}
	slices.SortStableFunc(names, func(a, b string) int { return order(a) - order(b) })
	return names, nil
}

func isDatabase(name string) bool { return slices.Contains(databases, path.Base(name)) }

func isOther(name string) bool { return !isDatabase(name) }

func order(name string) int {
	if i := slices.Index(databases, path.Base(name)); i >= 0 {
		return i
	}
	return len(databases)
}

// madeAnew tells what a process makes anew: NATS's store, a copy of what gateways
// know; the address files of running processes; half-written files; what SQLite
// keeps beside a database; snapshots from before a migration; and the manifest of a
// backup that was unpacked by hand.
func madeAnew(name string) bool {
	base := path.Base(name)
	return name == manifestName || base == "jetstream" || strings.HasPrefix(base, "status-address.") || strings.HasPrefix(base, "new-") ||
		strings.HasSuffix(base, ".partial") || strings.HasSuffix(base, ".new") || strings.HasPrefix(base, ".decentra-") ||
		strings.HasSuffix(base, ".db-wal") || strings.HasSuffix(base, ".db-shm") || strings.HasSuffix(base, ".db-journal") ||
		strings.Contains(base, ".db.before-")
}

type writer struct {
	data, scratch string
	tar           *tar.Writer
	manifest      Manifest
}

func (w *writer) write(ctx context.Context, out io.Writer) error {
	zip, err := gzip.NewWriterLevel(out, gzip.BestSpeed)
	if err != nil {
		return err
	}
	w.tar = tar.NewWriter(zip)
	// The others are looked for once the databases are copied: pictures and keys that
	// a copy speaks of are there by then.
	for _, kind := range []func(string) bool{isDatabase, isOther} {
		names, err := content(w.data, kind)
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := w.file(ctx, name); err != nil {
				return fmt.Errorf("back %s up: %w", name, err)
			}
		}
	}
	text, err := json.MarshalIndent(w.manifest, "", "  ")
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	header := &tar.Header{Name: manifestName, Size: int64(len(text)), Mode: 0o600, ModTime: w.manifest.Made}
	if err := w.tar.WriteHeader(header); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	if _, err := io.Copy(w.tar, bytes.NewReader(text)); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return errors.Join(w.tar.Close(), zip.Close())
}

func (w *writer) file(ctx context.Context, name string) error {
	place := filepath.Join(w.data, filepath.FromSlash(name))
	original, err := os.Stat(place)
	if err != nil {
		return err
	}
	entry := File{Name: name}
	if isDatabase(name) {
		whole := filepath.Join(w.scratch, "copy.db")
		if err := store.Copy(ctx, place, whole); err != nil {
			return err
		}
		defer os.Remove(whole)
		if entry.Rows, err = store.Counts(ctx, whole); err != nil {
			return err
		}
		place = whole
	}
	file, err := os.Open(place)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	entry.Size = info.Size()
	header, err := tar.FileInfoHeader(original, "") // with the owner, for whom services run as
	if err != nil {
		return err
	}
	header.Name, header.Size, header.Format = name, entry.Size, tar.FormatPAX
	if err := w.tar.WriteHeader(header); err != nil {
		return err
	}
	hash := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(w.tar, hash), file, entry.Size); err != nil {
		return err
	}
	entry.SHA256 = hex.EncodeToString(hash.Sum(nil))
	w.manifest.Files = append(w.manifest.Files, entry)
	return nil
}
