package backup

import (
	"archive/tar"
	"bufio"
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
	"path/filepath"
	"slices"
	"strings"
)

// largestManifest bounds what is read into memory: some millions of pictures.
const largestManifest = 1 << 30

// Restore puts a backup into a data directory that has nothing in it, or does not
// exist. It is there whole, checked against its manifest and on disk, or not at
// all. With root's rights the files get the owners they had.
func Restore(ctx context.Context, name, data string) (Manifest, error) {
	if err := mustBeEmpty(data); err != nil {
		return Manifest{}, err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return Manifest{}, fmt.Errorf("make data directory: %w", err)
	}
	// Below the directory, which may be a mount of its own.
	scratch, err := os.MkdirTemp(data, ".decentra-restore-")
	if err != nil {
		return Manifest{}, fmt.Errorf("make room for the files: %w", err)
	}
	defer os.RemoveAll(scratch)
	manifest, err := unpack(ctx, name, scratch)
	if err != nil {
		return manifest, err
	}
	// The databases come last: until they are there, nothing starts with a part.
	entries, err := os.ReadDir(scratch)
	if err != nil {
		return manifest, fmt.Errorf("put the files in place: %w", err)
	}
	slices.SortStableFunc(entries, func(a, b fs.DirEntry) int { return order(b.Name()) - order(a.Name()) })
	for _, entry := range entries {
		if err := os.Rename(filepath.Join(scratch, entry.Name()), filepath.Join(data, entry.Name())); err != nil {
			return manifest, fmt.Errorf("put the files in place: %w", err)
		}
	}
	return manifest, syncDirectory(data)
}

func mustBeEmpty(data string) error {
	entries, err := os.ReadDir(data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the data directory: %w", err)
	}
	for _, entry := range entries {
		if entry.Name() == "lost+found" || strings.HasPrefix(entry.Name(), ".decentra-restore-") {
			continue
		}
		return fmt.Errorf("%s is not empty (it has %s): a backup is restored beside what there is, never over it; "+
			"name another directory with --data, or move this one away", data, entry.Name())
	}
	return nil
}

// unpack puts the files of a backup into a directory and checks each against the
// manifest.
func unpack(ctx context.Context, name, dir string) (manifest Manifest, err error) {
	file, err := os.Open(name)
	if err != nil {
		return manifest, fmt.Errorf("open the backup: %w", err)
	}
	defer file.Close()
	zip, err := gzip.NewReader(bufio.NewReaderSize(file, 1<<20))
	if err != nil {
		return manifest, fmt.Errorf("%s is no backup of Decentra: %w", name, err)
	}
	found := map[string]File{}
	archive := tar.NewReader(zip)
	for {
		if err := ctx.Err(); err != nil {
			return manifest, err
		}
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return manifest, fmt.Errorf("%s is damaged or cut short: %w", name, err)
		}
		if header.Name == manifestName {
			if err := json.NewDecoder(io.LimitReader(archive, largestManifest)).Decode(&manifest); err != nil {
				return manifest, fmt.Errorf("%s is damaged: its manifest can't be read: %w", name, err)
			}
			continue
		}
		if manifest.Format != 0 || header.Typeflag != tar.TypeReg || !filepath.IsLocal(filepath.FromSlash(header.Name)) {
			return manifest, fmt.Errorf("%s is no backup of Decentra: it has %q", name, header.Name)
		}
		entry, err := unpackFile(archive, header, filepath.Join(dir, filepath.FromSlash(header.Name)))
		if err != nil {
			return manifest, fmt.Errorf("restore %s: %w", header.Name, err)
		}
		found[header.Name] = entry
	}
	// The rest of the file: gzip's checksum is at its end.
	if _, err := io.Copy(io.Discard, zip); err != nil {
		return manifest, fmt.Errorf("%s is damaged or cut short: %w", name, err)
	}
	return manifest, manifest.check(name, found)
}

func (m Manifest) check(name string, found map[string]File) error {
	switch {
	case m.Format == 0:
		return fmt.Errorf("%s is cut short: it has no manifest", name)
	case m.Format > format:
		return fmt.Errorf("%s was written by a newer Decentra (%s): restore it with that one", name, m.Program)
	case len(found) != len(m.Files):
		return fmt.Errorf("%s is damaged: it has %d files, and %d in its manifest", name, len(found), len(m.Files))
	}
	for _, want := range m.Files {
		got, ok := found[want.Name]
		if !ok || got.Size != want.Size || got.SHA256 != want.SHA256 {
			return fmt.Errorf("%s is damaged: %s is not what its manifest says", name, want.Name)
		}
	}
	return nil
}

func unpackFile(from io.Reader, header *tar.Header, to string) (File, error) {
	entry := File{Name: header.Name}
	if err := makeDirectories(filepath.Dir(to), header); err != nil {
		return entry, err
	}
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return entry, err
	}
	hash := sha256.New()
	entry.Size, err = io.Copy(io.MultiWriter(file, hash), from)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close(), giveBack(to, header))
	entry.SHA256 = hex.EncodeToString(hash.Sum(nil))
	if err != nil {
		return entry, err
	}
	return entry, syncDirectory(filepath.Dir(to))
}

// makeDirectories makes those that are missing, for the owner of the file.
func makeDirectories(dir string, header *tar.Header) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := makeDirectories(filepath.Dir(dir), header); err != nil {
		return err
	}
	return errors.Join(os.Mkdir(dir, 0o700), giveBack(dir, header))
}

// giveBack sets the owner that a file had, where that may be done.
func giveBack(name string, header *tar.Header) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Lchown(name, header.Uid, header.Gid)
}

func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync the directory: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync the directory: %w", err)
	}
	return nil
}
