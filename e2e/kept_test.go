package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/wire"
)

// TestAPageThatWasReadBeforeIsAsItIsNow: a change is there at once, whoever may not
// read it any more gets nothing, and data that were restored are what is read.
func TestAPageThatWasReadBeforeIsAsItIsNow(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		inst := installation.Start(t, installation.Options{Topology: topology})
		anna := signUp(t, inst, "anna", "")
		server, general := anna.createServer("Home")
		ben := signUp(t, inst, "ben", anna.serverInvite(server.ID))
		channel := client.Fields{"server_id": server.ID, "channel_id": server.Channels[0].ID}
		rest := "/api/v1/servers/" + server.ID + "/channels/" + server.Channels[0].ID + "/messages"
		reads := func(p *person, want ...string) {
			t.Helper()
			for range 2 {
				var pages [2]wire.ChannelHistory
				if err := p.ask("get_channel_history", channel, "channel_history").Into(&pages[0]); err != nil {
					t.Fatal(err)
				}
				if err := p.get(rest, 200).Into(&pages[1]); err != nil {
					t.Fatal(err)
				}
				for _, page := range pages {
					if got := contents(page.Messages); !slices.Equal(got, want) {
						t.Fatalf("%s reads %q, want %q", p.Username, got, want)
					}
				}
			}
		}

		first := anna.write(general, "one", "")
		reads(anna, "anna: one")
		reads(ben, "anna: one")
		anna.ask("edit_message", client.Fields{"context": "server", "context_id": general.ID, "id": first.ID, "content": "changed"}, "ok")
		reads(ben, "anna: changed")
		second := anna.write(general, "two", "")
		reads(ben, "anna: changed", "anna: two")
		anna.ask("delete_message", client.Fields{"context": "server", "context_id": general.ID, "id": second.ID}, "ok")
		reads(ben, "anna: changed")

		owner := "chat"
		if topology == installation.AllInOne {
			owner = "decentra"
		}
		files := filepath.Join(inst.Data(owner), "chat.db*")
		again := func(meanwhile func()) {
			t.Helper()
			if code := inst.Process(owner).Stop(); code != 0 {
				t.Fatalf("%s ended with %d", owner, code)
			}
			meanwhile()
			inst.StartOne(owner)
			inst.AwaitReady()
			anna, ben = logIn(t, inst, "anna"), logIn(t, inst, "ben")
		}
		saved := map[string][]byte{}
		again(func() {
			for _, file := range found(t, files) {
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				saved[file] = data
			}
		})
		anna.write(general, "is lost", "")
		reads(ben, "anna: changed", "anna: is lost")
		again(func() {
			for _, file := range found(t, files) {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
			}
			for file, data := range saved {
				if err := os.WriteFile(file, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
		reads(ben, "anna: changed")
		anna.write(general, "comes instead", "")
		reads(ben, "anna: changed", "anna: comes instead")

		anna.ask("kick_member", with(here(server.ID), who(ben)), "ok")
		ben.refused("get_channel_history", channel, "not_found")
		ben.get(rest, 404)
		reads(anna, "anna: changed", "anna: comes instead")
	})
}

func found(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v, %v", pattern, files, err)
	}
	return files
}
