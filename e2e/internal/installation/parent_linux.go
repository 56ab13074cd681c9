package installation

import "syscall"

// diesWithParent leaves no process behind when the test binary itself is killed.
func diesWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
