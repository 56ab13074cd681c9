// Command chat runs the chat service alone.
package main

import (
	"os"

	"decentra.local/pkg/host"
	"decentra.local/services/chat"
)

func main() {
	os.Exit(host.Main(host.Program{Name: "chat", Units: []host.Unit{chat.Unit}}))
}
