package main

import (
	"context"
	"fmt"

	"decentra.local/cmd/decentra/internal/doctor"
	"decentra.local/pkg/host"
)

// examine looks for what is wrong with an installation.
var examine = host.Command{
	Name:      "doctor",
	Arguments: "[URL]",
	Help:      "look at data, clock, NATS, port, TLS and voice, and say what to do; with a URL as a browser here would reach it",
	Run: func(ctx context.Context, c host.Call) error {
		problems := 0
		switch len(c.Arguments) {
		case 0:
			problems = doctor.Here(ctx, c.Settings, c.Out)
		case 1:
			problems = doctor.There(ctx, c.Arguments[0], c.Out)
		default:
			return &host.UsageError{Text: "doctor takes one address at most"}
		}
		if problems > 0 {
			fmt.Fprintf(c.Out, "\nproblems: %d\n", problems)
			return host.ErrFailed
		}
		return nil
	},
}
