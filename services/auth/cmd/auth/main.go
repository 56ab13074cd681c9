// Command auth runs the auth service alone.
package main

import (
	"os"

	"decentra.local/pkg/host"
	"decentra.local/services/auth"
)

func main() {
	os.Exit(host.Main(host.Program{Name: "auth", Units: []host.Unit{auth.Unit}}))
}
