package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
	_ "time/tzdata" // zones by name, where the system has none

	"decentra.local/cmd/decentra/internal/backup"
	"decentra.local/cmd/decentra/internal/takeover"
	"decentra.local/pkg/contract"
	"decentra.local/pkg/host"
	"decentra.local/services/auth"
)

// backUp, restore and verify are the life of a backup.
var (
	backUp = host.Command{
		Name: "backup", Arguments: "FILE",
		Help: "write everything to one file while it runs; - is the standard output",
		Run: func(ctx context.Context, c host.Call) error {
			file, err := oneArgument(c, "backup")
			if err != nil {
				return err
			}
			manifest, err := backup.Write(ctx, c.Settings.Data, file, host.Version, c.Out)
			if err == nil && file != "-" {
				fmt.Fprintf(c.Out, "%s has %d files of %s\nProve it with: %s verify %s\n",
					file, len(manifest.Files), c.Settings.Data, c.Program, file)
			}
			return err
		},
	}
	restore = host.Command{
		Name: "restore", Arguments: "FILE",
		Help: "put a backup into an empty data directory",
		Run: func(ctx context.Context, c host.Call) error {
			file, err := oneArgument(c, "restore")
			if err != nil {
				return err
			}
			manifest, err := backup.Restore(ctx, file, c.Settings.Data)
			if err == nil {
				fmt.Fprintf(c.Out, "%s has the %d files that were backed up at %s\n",
					c.Settings.Data, len(manifest.Files), manifest.Made.Format(time.RFC3339))
			}
			return err
		},
	}
	verify = host.Command{
		Name: "verify", Arguments: "FILE",
		Help: "prove a backup: restore it elsewhere, start it, compare, and print a receipt",
		Run: func(ctx context.Context, c host.Call) error {
			file, err := oneArgument(c, "verify")
			if err != nil {
				return err
			}
			return backup.Verify(ctx, file, c.Out)
		},
	}
)

// importOriginal moves an installation of the original over.
var importOriginal = func() host.Command {
	var from, zone string
	return host.Command{
		Name: "import",
		Help: "take over the database of the original Decentra; it may be run again",
		Flags: func(flags *flag.FlagSet) {
			flags.StringVar(&from, "from", "", "the original's file, decentra.db")
			flags.StringVar(&zone, "timezone", "Local", "where the original ran, as in Europe/Berlin: its times have no zone")
		},
		Run: func(ctx context.Context, c host.Call) error {
			if from == "" {
				return &host.UsageError{Text: "import needs --from decentra.db"}
			}
			place, err := time.LoadLocation(zone)
			if err != nil {
				return &host.UsageError{Text: fmt.Sprintf("--timezone %q: %v", zone, err)}
			}
			return takeover.Run(ctx, home(c.Settings.Data), from, place, c.Out, c.Settings.Logger())
		},
	}
}()

// resetPassword is for an owner who forgot their own password.
var resetPassword = host.Command{
	Name: "reset-password", Arguments: "USERNAME",
	Help: "print a link with which somebody sets a new password, once",
	Run: func(ctx context.Context, c host.Call) error {
		username, err := oneArgument(c, "reset-password")
		if err != nil {
			return err
		}
		reset, err := auth.MakeReset(ctx, home(c.Settings.Data)(contract.Auth), username)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.Out, "%s sets a new password at the installation's address with /#reset=%s until %s\n",
			reset.Username, reset.Token, reset.ExpiresAt.Format(time.RFC1123))
		return nil
	},
}

func oneArgument(c host.Call, command string) (string, error) {
	if len(c.Arguments) != 1 {
		return "", &host.UsageError{Text: command + " takes one argument; see " + command + " --help"}
	}
	return c.Arguments[0], nil
}

// home finds the directory of a service: its own where services run apart, else
// the one for all.
func home(data string) func(service string) string {
	return func(service string) string {
		own := filepath.Join(data, service)
		if _, err := os.Stat(own); errors.Is(err, fs.ErrNotExist) {
			return data
		}
		return own
	}
}
