// Command social runs the social service alone.
package main

import (
	"os"

	"decentra.local/pkg/host"
	"decentra.local/services/social"
)

func main() {
	os.Exit(host.Main(host.Program{Name: "social", Units: []host.Unit{social.Unit}}))
}
