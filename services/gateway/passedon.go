package gateway

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
)

// passedOnBytes is how long the line of a balancer may be (the PROXY protocol,
// version 1).
const passedOnBytes = 107

// readPassedOn reads the line with which a balancer says whose connection it
// passes on. One of its own, which checks whether somebody is there, is UNKNOWN.
func readPassedOn(conn io.Reader, balancer net.Addr) (client net.Addr, err error) {
	line := make([]byte, 0, passedOnBytes)
	for len(line) < 2 || string(line[len(line)-2:]) != "\r\n" {
		if len(line) == passedOnBytes {
			return nil, fmt.Errorf("the line of the balancer has no end")
		}
		// Byte by byte: what follows is for somebody else.
		if _, err := io.ReadFull(conn, line[len(line):len(line)+1]); err != nil {
			return nil, fmt.Errorf("read the line of the balancer: %w", err)
		}
		line = line[:len(line)+1]
		if !strings.HasPrefix("PROXY ", string(line[:min(len(line), 6)])) {
			return nil, fmt.Errorf("the balancer says nothing of the client: is it told to speak the PROXY protocol, version 1?")
		}
	}
	words := strings.Fields(string(line))
	if len(words) >= 2 && words[1] == "UNKNOWN" {
		return balancer, nil
	}
	if len(words) != 6 || words[1] != "TCP4" && words[1] != "TCP6" {
		return nil, fmt.Errorf("the line of the balancer is %q", line)
	}
	address, err := netip.ParseAddrPort(net.JoinHostPort(words[2], words[4]))
	if err != nil {
		return nil, fmt.Errorf("the line of the balancer: %w", err)
	}
	return net.TCPAddrFromAddrPort(address), nil
}
