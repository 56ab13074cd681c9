package bus

import (
	"bytes"
	"fmt"
	"os"

	"github.com/nats-io/nats.go"
)

// credentials makes the option that shows NATS who connects, from a file: an
// nkey seed, as `decentra init` writes it, or a .creds file of an operator who
// runs NATS with accounts. No file: none is shown.
func credentials(file string) (nats.Option, error) {
	if file == "" {
		return func(*nats.Options) error { return nil }, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read nats credentials: %w", err)
	}
	if bytes.Contains(content, []byte("BEGIN NATS USER JWT")) {
		return nats.UserCredentials(file), nil
	}
	option, err := nats.NkeyOptionFromSeed(file)
	if err != nil {
		return nil, fmt.Errorf("read nats credentials in %s: %w", file, err)
	}
	return option, nil
}
