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
