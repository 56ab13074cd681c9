package e2e

import (
	"fmt"
	"sync"
	"testing"

	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/wire"
)

// clubMembers are people behind one address.
const clubMembers = 400

// TestAClubBehindOneAddressComesBack has hundreds of people come back from one
// address in the moment in which the program is there again: what slows attackers
// down lets them in, all of them and at once.
func TestAClubBehindOneAddressComesBack(t *testing.T) {
	inst := installation.Start(t, installation.Options{Topology: installation.AllInOne, Flags: []string{"--limits", "on"}})
	members := []*person{signUp(t, inst, "member0", "")}
	for n := 1; n < clubMembers; n++ {
		members = append(members, signUp(t, inst, fmt.Sprint("member", n), members[n-1].invite()))
	}
	inst.Kill("decentra")
	inst.StartOne("decentra")
	inst.AwaitReady()
	back := make([]*client.Conn, clubMembers)
	var coming sync.WaitGroup
	for n, member := range members {
		coming.Go(func() {
			conn, err := client.Resume(t.Context(), inst.URL, member.Token)
			if err != nil {
				t.Errorf("%s does not come back: %v", member.Username, err)
				return
			}
			t.Cleanup(conn.Close)
			back[n] = conn
		})
	}
	coming.Wait()
	if t.Failed() {
		return
	}
	for n, conn := range back {
		members[n] = &person{Conn: conn, t: t, base: inst.URL}
	}
	members[0].write(client.Place{Context: wire.ContextGlobal}, "We are all here.", "hello")
	for _, member := range members {
		member.hears("message", "content", "We are all here.")
	}
}
