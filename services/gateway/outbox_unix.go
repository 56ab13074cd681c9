//go:build unix

package gateway

import "syscall"

// writeNow writes what the connection takes without blocking, which may be
// nothing.
func writeNow(conn syscall.RawConn, b []byte) (n int, err error) {
	failed := conn.Write(func(fd uintptr) bool {
		for {
			n, err = syscall.Write(int(fd), b)
			if err != syscall.EINTR {
				return true
			}
		}
	})
	if failed != nil {
		return 0, failed
	}
	if err == syscall.EAGAIN {
		return 0, nil
	}
	return max(n, 0), err
}

// awaitInput returns when a connection has something to read, or reading from it
// would fail.
func awaitInput(conn syscall.RawConn) {
	looked := false
	_ = conn.Read(func(fd uintptr) bool { // what fails here fails again when it is read
		if looked {
			return true
		}
		looked = true
		var b [1]byte
		for {
			_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
			if err != syscall.EINTR {
				return err != syscall.EAGAIN
			}
		}
	})
}
