package gateway

import (
	"bufio"
	"net"
	"net/http"
)

// readBytes is how much is read of a connection at once: most say nothing, and what
// is longer is read around the buffer.
const readBytes = 512

// lean gives whoever takes the connection over a small buffer to read with, and
// keeps hold of it.
type lean struct {
	http.ResponseWriter
	reader *bufio.Reader
}

// Hijack implements http.Hijacker.
func (l *lean) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(l.ResponseWriter).Hijack()
	if err != nil || buffers.Reader.Buffered() > 0 { // who sends before the answer is refused
		return conn, buffers, err
	}
	l.reader = bufio.NewReaderSize(conn, readBytes)
	return conn, bufio.NewReadWriter(l.reader, buffers.Writer), nil
}

// await waits until there is something to read, or reading would fail. Who waits
// here, and not in the midst of reading, needs half the stack.
func (s *socket) await() {
	if s.out.raw != nil && s.reader.Buffered() == 0 {
		awaitInput(s.out.raw)
	}
}
