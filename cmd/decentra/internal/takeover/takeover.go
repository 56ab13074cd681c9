// Package takeover moves an installation of the original Decentra over: each
// owner of data here takes what is its own.
package takeover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/original"
	"decentra.local/pkg/store"
	"decentra.local/services/auth"
	"decentra.local/services/chat"
	"decentra.local/services/social"
)

// Run takes over what the original's file has and was not taken before, and
// prints what it did. Home is the data directory of a service. Nothing may run on
// them meanwhile.
func Run(ctx context.Context, home func(service string) string, file string, zone *time.Location, out io.Writer, log *slog.Logger) (err error) {
	from, err := original.Open(ctx, file, zone)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	owners := []string{contract.Auth, contract.Chat, contract.Social}
	for _, service := range owners {
		running, err := store.InUse(ctx, filepath.Join(home(service), service+".db"))
		if err != nil {
			return err
		}
		if running {
			return fmt.Errorf("%s runs on %s: stop Decentra for the time of the import", service, home(service))
		}
	}
	move := original.NewMove(from)
	for _, step := range []struct {
		service string
		take    func(context.Context, string, *original.Move, *slog.Logger) error
	}{
		{contract.Auth, auth.Import},
		{contract.Chat, chat.Import},
		{contract.Social, social.Import},
		{contract.Auth, auth.ImportInvites},
	} {
		if err := step.take(ctx, home(step.service), move, log); err != nil {
			return fmt.Errorf("%w\nWhat was taken over until then stays; run the import again, and it goes on from there", err)
		}
	}
	leftovers, err := from.Leftovers(ctx)
	if err != nil {
		return err
	}
	for _, table := range slices.Sorted(maps.Keys(leftovers)) {
		move.Note("The table %s with %d rows: there is nothing here that it would become.", table, leftovers[table])
	}
	move.Report(out)
	for _, service := range owners {
		if err := giveToOwner(home(service)); err != nil {
			return err
		}
	}
	return nil
}
