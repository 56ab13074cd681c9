//go:build !unix

package gateway

import "syscall"

// writeNow writes nothing: only where the operating system tells how much a
// connection takes is it tried.
func writeNow(syscall.RawConn, []byte) (int, error) { return 0, nil }

// awaitInput returns at once: whoever reads waits there.
func awaitInput(syscall.RawConn) {}
