package bench

import (
	"bytes"
	"fmt"
	"strconv"
)

// mark is what a message says of itself, in its nonce: which round and sender it is
// of, its number, from 1, and when it was sent, in microseconds of this process.
type mark struct {
	round, sender, number, sent int64
}

func (m mark) append(b []byte) []byte {
	for i, n := range []int64{m.round, m.sender, m.number, m.sent} {
		if i > 0 {
			b = append(b, '-')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return b
}

var nonceField = []byte(`"nonce":"`)

// parseMark finds the mark in a `message` frame.
func parseMark(frame []byte) (mark, bool) {
	i := bytes.Index(frame, nonceField)
	if i < 0 {
		return mark{}, false
	}
	var parts [4]int64
	part := 0
	for _, c := range frame[i+len(nonceField):] {
		switch {
		case c >= '0' && c <= '9':
			parts[part] = parts[part]*10 + int64(c-'0')
		case c == '-' && part < len(parts)-1:
			part++
		default:
			return mark{parts[0], parts[1], parts[2], parts[3]}, c == '"' && part == len(parts)-1
		}
	}
	return mark{}, false
}

// ledger is how far one connection has received what each sender sent: everything,
// once, in order.
type ledger []int64

// note enters a message, and returns an error if it is not the next of its sender.
func (l ledger) note(m mark) error {
	if m.sender >= int64(len(l)) {
		return fmt.Errorf("a message of sender %d of %d", m.sender, len(l))
	}
	last := l[m.sender]
	l[m.sender] = m.number
	switch {
	case m.number == last+1:
		return nil
	case m.number <= last:
		return fmt.Errorf("message %d of sender %d came after message %d: twice, or out of order", m.number, m.sender, last)
	default:
		return fmt.Errorf("message %d of sender %d came after message %d: some are lost, or out of order", m.number, m.sender, last)
	}
}
