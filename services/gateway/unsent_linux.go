package gateway

import (
	"net"

	"golang.org/x/sys/unix"
)

// boundUnsent has the system take no more of what is written than unsentBytes that the
// other side has no room for: it would keep megabytes for one that reads nothing, and
// nobody would notice that it does not.
func boundUnsent(conn *net.TCPConn) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return // it is closed, as it is where the next fails
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentBytes)
	})
}
