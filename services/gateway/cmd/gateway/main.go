// Command gateway runs the gateway service alone.
package main

import (
	"os"

	"decentra.local/pkg/host"
	"decentra.local/services/gateway"
)

func main() {
	os.Exit(host.Main(host.Program{Name: "gateway", Units: []host.Unit{gateway.Unit}}))
}
