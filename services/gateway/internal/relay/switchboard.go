package relay

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"

	"github.com/nats-io/nats.go"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/firsthand"
)

const (
	// headerBytes is what precedes a packet between gateways: the addresses of the
	// receiver and of the sender, 4 bytes and a port each.
	headerBytes = 12
	// pendingPackets and pendingBytes bound what waits of other gateways. What is
	// more is lost, as packets may be.
	pendingPackets, pendingBytes = 4096, 8 << 20
	// lowestPort is the first of the ports given out.
	lowestPort = 1024
)

// virtual has the addresses that are given out: those for benchmarks of networks
// (RFC 2544), which no host has and nobody routes.
var virtual = netip.MustParsePrefix("198.18.0.0/15")

var errNoAddress = errors.New("no relay address is free")

// switchboard joins the endpoints: those here in memory, those of other gateways
// over NATS. There is no way from it to anywhere else.
type switchboard struct {
	nc      *nats.Conn
	metrics *metrics
	block   uint32 // the first address of this gateway's 256
	subs    *nats.Subscription

	mu        sync.RWMutex
	endpoints map[netip.AddrPort]*endpoint
}

// newSwitchboard draws the block of this gateway. Should another have drawn the
// same, each drops what is for addresses that it has not given out.
func newSwitchboard(nc *nats.Conn, m *metrics) (*switchboard, error) {
	first := binary.BigEndian.Uint32(virtual.Addr().AsSlice())
	b := &switchboard{
		nc: nc, metrics: m, endpoints: map[netip.AddrPort]*endpoint{},
		block: first + rand.Uint32N(1<<(32-virtual.Bits()-8))<<8,
	}
	subs, err := nc.Subscribe(subjectOf(b.block), b.receive)
	if err != nil {
		return nil, fmt.Errorf("listen for relayed packets: %w", err)
	}
	if err := subs.SetPendingLimits(pendingPackets, pendingBytes); err != nil {
		return nil, fmt.Errorf("bound relayed packets: %w", err)
	}
	b.subs = subs
	return b, nil
}

// subjectOf is where the gateway listens that has a block.
func subjectOf(block uint32) string { return fmt.Sprintf("%s%06x", contract.RelayPackets, block>>8) }

// Validate implements turn.RelayAddressGenerator.
func (b *switchboard) Validate() error { return nil }

// AllocateConn implements turn.RelayAddressGenerator: there is no relay over TCP
// to the other side (RFC 6062), which browsers do not use.
func (b *switchboard) AllocateConn(string, int) (net.Conn, net.Addr, error) {
	return nil, nil, errNoAddress
}

// AllocatePacketConn implements turn.RelayAddressGenerator.
func (b *switchboard) AllocatePacketConn(_ string, port int) (net.PacketConn, net.Addr, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range 100 {
		p := uint16(port)
		if port < lowestPort || port > 1<<16-1 {
			p = lowestPort + uint16(rand.UintN(1<<16-lowestPort))
		}
		address := netip.AddrPortFrom(addressOf(b.block+rand.Uint32N(256)), p)
		if b.endpoints[address] == nil {
			e := newEndpoint(b, address)
			b.endpoints[address] = e
			return e, e.udp, nil
		}
	}
	return nil, nil, errNoAddress
}

func addressOf(n uint32) netip.Addr {
	var raw [4]byte
	binary.BigEndian.PutUint32(raw[:], n)
	return netip.AddrFrom4(raw)
}

// addrOf is an IPv4 address of its four bytes.
func addrOf(four []byte) netip.Addr { return netip.AddrFrom4([4]byte(four)) }

// unmapped is an address as the switchboard has it.
func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

func (b *switchboard) find(address netip.AddrPort) *endpoint {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.endpoints[address]
}

func (b *switchboard) remove(e *endpoint) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.endpoints, e.address)
}

// pass takes a packet to whoever has the address. Packets to nobody are lost.
func (b *switchboard) pass(from *endpoint, to netip.AddrPort, data []byte) {
	if !virtual.Contains(to.Addr()) {
		return
	}
	b.metrics.bytes.Add(float64(len(data)))
	if e := b.find(to); e != nil {
		e.deliver(from.udp, data)
		return
	}
	raw := to.Addr().As4()
	block := binary.BigEndian.Uint32(raw[:]) &^ 0xff
	if block == b.block {
		return
	}
	packet := make([]byte, 0, headerBytes+len(data))
	packet = appendAddress(packet, to)
	packet = appendAddress(packet, from.address)
	// Without a link it is lost: there is no use for a packet that comes late.
	_ = firsthand.Send(b.nc, contract.Gateway, subjectOf(block), append(packet, data...))
}

func appendAddress(packet []byte, address netip.AddrPort) []byte {
	raw := address.Addr().As4()
	return binary.BigEndian.AppendUint16(append(packet, raw[:]...), address.Port())
}

func readAddress(packet []byte) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(packet)), binary.BigEndian.Uint16(packet[4:]))
}

// receive takes a packet that another gateway sent itself.
func (b *switchboard) receive(m *nats.Msg) {
	if !firsthand.SentBy(m, contract.Gateway) || len(m.Data) < headerBytes {
		return
	}
	if e := b.find(readAddress(m.Data)); e != nil {
		e.deliver(net.UDPAddrFromAddrPort(readAddress(m.Data[6:])), m.Data[headerBytes:])
	}
}
