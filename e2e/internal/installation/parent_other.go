//go:build !linux

package installation

import "syscall"

func diesWithParent() *syscall.SysProcAttr { return nil }
