// Command decentra runs all services in one process, or those that its
// arguments name, and has the commands for who looks after an installation.
package main

import (
	"os"

	"decentra.local/pkg/host"
	"decentra.local/services/auth"
	"decentra.local/services/chat"
	"decentra.local/services/gateway"
	"decentra.local/services/social"
	voicesignal "decentra.local/services/voice-signal"
)

// units are all services, in the order in which they start.
var units = []host.Unit{auth.Unit, social.Unit, chat.Unit, voicesignal.Unit, gateway.Unit}

func main() {
	os.Exit(host.Main(host.Program{
		Name:     "decentra",
		Units:    units,
		Commands: []host.Command{initialise, examine, backUp, restore, verify, importOriginal, resetPassword},
	}))
}
