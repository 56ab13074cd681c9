//go:build unix

package takeover

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// giveToOwner gives what root made below a directory to the directory's owner,
// whom the service runs as. What that owner can put there must not lead root
// anywhere else.
func giveToOwner(dir string) (err error) {
	if os.Geteuid() != 0 {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("find the owner of %s: %w", dir, err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	info, err := root.Stat(".")
	if err != nil {
		return fmt.Errorf("find the owner of %s: %w", dir, err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return fs.WalkDir(root.FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return root.Lchown(name, int(owner.Uid), int(owner.Gid))
	})
}
