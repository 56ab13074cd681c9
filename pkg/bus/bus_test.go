package bus_test

import (
	"log/slog"
	"net"
	"testing"
	"time"

	"decentra.local/pkg/bus"
)

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestThePrivateServerOpensNoPort(t *testing.T) {
	b, err := bus.Open(bus.Config{Store: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	nc, err := b.Connect("x")
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if address := b.Address(); address != "" {
		t.Fatalf("it listens on %s", address)
	}
}

func TestTheSharedServerIsTakenOver(t *testing.T) {
	address := freeAddress(t)
	open := func() *bus.Bus {
		b, err := bus.Open(bus.Config{Listen: address, Store: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	first, second := open(), open()
	defer second.Close()
	nc, err := second.Connect("survivor")
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	echo, err := nc.SubscribeSync("ping")
	if err != nil {
		t.Fatal(err)
	}
	reaches := func() bool {
		if nc.Publish("ping", nil) != nil {
			return false
		}
		_, err := echo.NextMsg(100 * time.Millisecond)
		return err == nil
	}
	eventually(t, "the second process reaches the first one's server", reaches)
	first.Close()
	eventually(t, "the second process serves itself", reaches)
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if holds() {
			return
		}
	}
	t.Fatal("never: ", what)
}
