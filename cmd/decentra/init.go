package main

import (
	"context"
	"fmt"
	"path/filepath"

	"decentra.local/cmd/decentra/internal/split"
	"decentra.local/pkg/host"
)

// initialise prepares a data directory for services that run apart.
var initialise = host.Command{
	Name: "init",
	Help: "prepare the data directory for services that run apart over a NATS server, with a key for each",
	Run: func(_ context.Context, c host.Call) error {
		dir, err := filepath.Abs(c.Settings.Data)
		if err != nil {
			return fmt.Errorf("data directory: %w", err)
		}
		if err := split.Prepare(dir); err != nil {
			return err
		}
		fmt.Fprintf(c.Out, "%s has a directory and a NATS key for each service\n", dir)
		return nil
	},
}
