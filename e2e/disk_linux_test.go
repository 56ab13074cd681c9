package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
)

// The tests of this file trace processes and mount a file system: `make faults`
// runs them where that is allowed.

// syncs are the system calls that ask for what was written to be on disk.
const syncs = "fsync,fdatasync"

// diary is what somebody wrote: what was acknowledged must be there in the end,
// once and in order, and what was refused once it was sent again.
type diary struct {
	*person
	place client.Place
	kept  []string
	open  []string // refused so far
}

func (d *diary) note(content string) {
	d.t.Helper()
	d.write(d.place, content, content)
	d.kept = append(d.kept, content)
}

// fails writes what can't be stored now.
func (d *diary) fails(content string) {
	d.t.Helper()
	quickly(d.t, "a message that can't be stored", func() {
		d.refused("message", d.place.Fields(client.Fields{"content": content, "nonce": content}), "unavailable")
	})
	d.open = append(d.open, content)
}

// again sends what was refused, until it is taken.
func (d *diary) again() {
	d.t.Helper()
	for _, content := range d.open {
		await.Until(d.t, await.Patience, "what was refused is taken", func() error {
			_, err := d.Ask(d.t.Context(), "message", d.place.Fields(client.Fields{"content": content, "nonce": content}))
			return err
		})
		d.kept = append(d.kept, content)
	}
	d.open = nil
}

// holds compares the history with what was acknowledged.
func (d *diary) holds() {
	d.t.Helper()
	messages, _ := d.history(d.place)
	var have []string
	for _, m := range messages {
		have = append(have, m.Content)
	}
	if !slices.Equal(have, d.kept) {
		d.t.Errorf("stored are %d messages, acknowledged were %d:\n%.500q\n%.500q", len(have), len(d.kept), have, d.kept)
	}
}

// keeper is the process that has the channel messages.
func keeper(inst *installation.Installation) *installation.Process {
	name := "chat"
	if inst.Topology == installation.AllInOne {
		name = "decentra"
	}
	return inst.Process(name).(*installation.Process)
}

// TestDiskThatFails lets every sync to the disk fail: nothing is acknowledged, what
// is there can be read, and when the disk is well again everything goes on by itself.
func TestDiskThatFails(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		inst := installation.Start(t, installation.Options{Topology: topology})
		anna := signUp(t, inst, "anna", "")
		server, general := anna.createServer("On a bad disk")
		ben := signUp(t, inst, "ben", anna.serverInvite(server.ID))
		mirror := client.StartMirror(t.Context(), "ben", inst.URL, ben.Token, general)
		defer mirror.Stop()
		d := &diary{person: anna, place: general}
		for n := range 20 {
			d.note(fmt.Sprint("before ", n))
		}

		for round := range 2 {
			well := installation.Inject(t, keeper(inst), syncs+":error=EIO")
			for n := range 10 {
				d.fails(fmt.Sprintf("round %d, refused %d", round, n))
			}
			d.holds()
			anna.refused("create_channel", client.Fields{"server_id": server.ID, "name": "nowhere"}, "unavailable")
			anna.ask("get_server_members", client.Fields{"server_id": server.ID}, "server_members")
			well()
			d.again()
			d.note(fmt.Sprint("after round ", round))
			d.holds()
		}

		// It dies with the disk failing. What was refused may have reached the disk
		// all the same; sent again it is there once.
		installation.Inject(t, keeper(inst), syncs+":error=EIO")
		d.fails("at the end")
		keeper(inst).Kill()
		inst.StartOne(keeper(inst).Name)
		inst.AwaitReady()
		d.person = logIn(t, inst, "anna")
		d.again()
		d.holds()
		messages, seq := d.history(general)
		await.Until(t, await.Patience, "the mirror holds the history", func() error { return mirror.Differs(general, messages, seq) })
		if channels := d.Init.Servers[0].Channels; len(channels) != 1 {
			t.Errorf("the channel that was refused is there: %+v", channels)
		}
	})
}

// TestDiskThatStalls lets every sync take longer than anybody waits: who writes is
// told so in time, who reads notices nothing.
func TestDiskThatStalls(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		inst := installation.Start(t, installation.Options{Topology: topology})
		anna := signUp(t, inst, "anna", "")
		server, general := anna.createServer("On a slow disk")
		ben := signUp(t, inst, "ben", anna.serverInvite(server.ID))
		d := &diary{person: anna, place: general}
		d.note("before")
		well := installation.Inject(t, keeper(inst), syncs+":delay_enter=7000000") // µs
		d.fails("too late")
		for range 20 {
			started := time.Now()
			ben.ask("get_server_members", client.Fields{"server_id": server.ID}, "server_members")
			if took := time.Since(started); took > 2*time.Second {
				t.Errorf("reading took %s", took)
			}
		}
		ben.hears("message", "content", "before")
		well()
		d.again()
		d.note("after")
		d.holds()
	})
}

// TestFullDisk fills the file system that has the data: what can't be stored is
// refused, the rest goes on, also after a new start; once there is room again
// everything does, by itself.
func TestFullDisk(t *testing.T) {
	inst := installation.New(t, installation.Options{Topology: installation.AllInOne})
	data := inst.Data("decentra")
	installation.Volume(t, data, 24<<20)
	inst.StartAll()
	anna := signUp(t, inst, "anna", "")
	server, general := anna.createServer("On a small disk")
	ben := signUp(t, inst, "ben", anna.serverInvite(server.ID))
	d := &diary{person: anna, place: general}
	d.note("before")

	ballast := filepath.Join(data, "ballast")
	fill(t, ballast)
	// There is room in the files for a while.
	text := strings.Repeat("x", 3900)
	await.Until(t, await.Patience, "the disk is full", func() error {
		content := fmt.Sprintf("%d %s", len(d.kept), text)
		_, err := d.Ask(t.Context(), "message", general.Fields(client.Fields{"content": content, "nonce": fmt.Sprint(len(d.kept))}))
		if err == nil {
			d.kept = append(d.kept, content)
			return errors.New("messages are taken still")
		}
		if client.Code(err) != "unavailable" {
			t.Fatalf("on the full disk: %v", err)
		}
		return nil
	})
	d.fails("no room for this")
	d.holds()
	ben.ask("get_server_members", client.Fields{"server_id": server.ID}, "server_members")
	ben.ask("typing", general.Fields(nil), "ok")
	anna.hears("typing", "username", "ben")

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	d.again()
	d.note("after")
	d.holds()

	fill(t, ballast)
	inst.Kill("decentra")
	inst.StartOne("decentra")
	inst.AwaitReady()
	d.person = anna.another()
	d.holds()
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	d.note("after the new start")
	d.holds()
	if left, _ := filepath.Glob(filepath.Join(data, "*.partial")); len(left) > 0 {
		t.Errorf("half-written files are left: %q", left)
	}
}

// fill writes a file until nothing more fits.
func fill(t *testing.T, name string) {
	t.Helper()
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, size := range []int{1 << 20, 4 << 10, 1} {
		for block := make([]byte, size); err == nil; {
			_, err = file.Write(block)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		err = nil
	}
}
