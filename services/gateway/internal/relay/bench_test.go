package relay

import (
	"net"
	"net/netip"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"decentra.local/pkg/bus/bustest"
)

// BenchmarkPass takes packets of video from one allocation to another, as far as
// the relay is concerned.
func BenchmarkPass(b *testing.B) {
	board := &switchboard{endpoints: map[netip.AddrPort]*endpoint{}, block: 198<<24 | 18<<16, metrics: newMetrics(prometheus.NewRegistry())}
	make := func() *endpoint {
		conn, _, err := board.AllocatePacketConn("udp4", 0)
		if err != nil {
			b.Fatal(err)
		}
		e := conn.(*endpoint)
		e.owner.Store(&account{})
		return e
	}
	from, to := make(), make()
	packet, buffer := [1200]byte{}, [packetBytes]byte{}
	var address net.Addr = to.udp
	b.SetBytes(int64(len(packet)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := from.WriteTo(packet[:], address); err != nil {
			b.Fatal(err)
		}
		if _, _, err := to.ReadFrom(buffer[:]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPassOn takes packets of video to an allocation of another gateway, over
// NATS in this process.
func BenchmarkPassOn(b *testing.B) {
	connect := bustest.Start(b)
	at := func() *endpoint {
		nc := connect("gateway")
		board, err := newSwitchboard(nc, newMetrics(prometheus.NewRegistry()))
		if err != nil {
			b.Fatal(err)
		}
		conn, _, err := board.AllocatePacketConn("udp4", 0)
		if err != nil {
			b.Fatal(err)
		}
		if err := nc.Flush(); err != nil {
			b.Fatal(err)
		}
		e := conn.(*endpoint)
		e.owner.Store(&account{})
		return e
	}
	from, to := at(), at()
	packet, buffer := [1200]byte{}, [packetBytes]byte{}
	const together = 32 // as many as come at once, so that not the way there and back is measured
	b.SetBytes(together * int64(len(packet)))
	b.ReportAllocs()
	for b.Loop() {
		for range together {
			if _, err := from.WriteTo(packet[:], to.udp); err != nil {
				b.Fatal(err)
			}
		}
		for range together {
			if _, _, err := to.ReadFrom(buffer[:]); err != nil {
				b.Fatal(err)
			}
		}
	}
}
