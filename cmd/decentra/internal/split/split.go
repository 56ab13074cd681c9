// Package split prepares a data directory for services that run apart: for each
// a directory, a system user and a NATS key of its own, and the NATS server's
// configuration, which says what each key may do.
package split

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nats-io/nkeys"

	"decentra.local/pkg/contract"
)

// NATS names the NATS server's directory.
const NATS = "nats"

// Users are the system users, by number, that own the directories, each the only
// one who can read it. The containers run under them.
var Users = map[string]int{
	NATS:             10001,
	contract.Auth:    10002,
	contract.Chat:    10003,
	contract.Social:  10004,
	contract.Voice:   10005,
	contract.Gateway: 10006,
}

// belongings are the files that a service had when all ran in one process, with
// one data directory, by their patterns.
var belongings = map[string][]string{
	contract.Auth:   {"auth.db*", "pictures"},
	contract.Chat:   {"chat.db*"},
	contract.Social: {"social.db*"},
}

// Prepare makes everything that is missing below the directory, and leaves
// alone what is there: it may run before every start. What services kept there
// while they all ran in one process is moved to where each finds it alone.
// With root's rights the owners are set, else everything stays the caller's.
func Prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	if os.Geteuid() == 0 { // others may only pass through
		if err := errors.Join(os.Chown(dir, 0, 0), os.Chmod(dir, 0o711)); err != nil {
			return fmt.Errorf("open data directory to its users: %w", err)
		}
	}
	keys := map[string]string{} // public ones, by service
	for _, service := range contract.Services {
		home := filepath.Join(dir, service)
		if err := os.MkdirAll(home, 0o700); err != nil {
			return fmt.Errorf("make directory of %s: %w", service, err)
		}
		if err := moveIn(dir, home, belongings[service]); err != nil {
			return err
		}
		key, err := ensureKey(filepath.Join(home, "nats.key"))
		if err != nil {
			return fmt.Errorf("key of %s: %w", service, err)
		}
		keys[service] = key
	}
	home := filepath.Join(dir, NATS)
	if err := os.MkdirAll(home, 0o700); err != nil {
		return fmt.Errorf("make directory of %s: %w", NATS, err)
	}
	if err := replace(filepath.Join(home, "nats.conf"), []byte(configuration(dir, keys))); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return nil
	}
	for name, user := range Users {
		if err := own(filepath.Join(dir, name), user); err != nil {
			return fmt.Errorf("give directory to %s: %w", name, err)
		}
	}
	return nil
}

// ensureKey makes a NATS key unless the file has one, and returns its public
// part.
func ensureKey(file string) (public string, err error) {
	seed, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		pair, err := nkeys.CreateUser()
		if err != nil {
			return "", fmt.Errorf("make: %w", err)
		}
		if seed, err = pair.Seed(); err != nil {
			return "", fmt.Errorf("make: %w", err)
		}
		if err := replace(file, seed); err != nil {
			return "", err
		}
	} else if err != nil {
		return "", fmt.Errorf("read: %w", err)
	}
	pair, err := nkeys.ParseDecoratedUserNKey(seed)
	if err != nil {
		return "", fmt.Errorf("%s is damaged; remove it, and a new one is made: %w", file, err)
	}
	return pair.PublicKey()
}

// replace writes a file so that a crash leaves the old one or the new.
func replace(file string, content []byte) error {
	beside := file + ".new"
	err := os.WriteFile(beside, content, 0o600)
	if err == nil {
		err = os.Rename(beside, file)
	}
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// moveIn moves what matches the patterns from one directory to another, and
// refuses to when it is in both.
func moveIn(from, to string, patterns []string) error {
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join(from, pattern))
		if err != nil {
			return fmt.Errorf("look for %s: %w", pattern, err)
		}
		for _, old := range found {
			place := filepath.Join(to, filepath.Base(old))
			if _, err := os.Lstat(place); err == nil {
				return fmt.Errorf("there are both %s and %s; move away the one that is not to be used", old, place)
			}
			if err := os.Rename(old, place); err != nil {
				return fmt.Errorf("move what all services shared: %w", err)
			}
		}
	}
	return nil
}

// own gives a directory with all that is in it to a user, and to nobody else.
// What that user put there already must not lead root anywhere else.
func own(dir string, user int) (err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if err := root.Chmod(".", 0o700); err != nil {
		return err
	}
	return fs.WalkDir(root.FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return root.Lchown(name, user, user)
	})
}
