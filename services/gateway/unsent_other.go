//go:build !linux

package gateway

import "net"

// boundUnsent leaves it to the system how much it keeps.
func boundUnsent(*net.TCPConn) {}
