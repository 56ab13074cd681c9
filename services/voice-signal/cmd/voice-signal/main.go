// Command voice-signal runs the voice-signal service alone.
package main

import (
	"os"

	"decentra.local/pkg/host"
	voicesignal "decentra.local/services/voice-signal"
)

func main() {
	os.Exit(host.Main(host.Program{Name: "voice-signal", Units: []host.Unit{voicesignal.Unit}}))
}
