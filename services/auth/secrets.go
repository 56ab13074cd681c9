package auth

import (
	"context"
	"crypto/rand"
	"fmt"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
)

// secretBytes is the length of a key.
const secretBytes = 32

// relaySecret is the key that credentials for the relay are signed with.
func (s *Service) relaySecret(ctx context.Context, caller rpc.Caller, _ contract.Nothing) (contract.Secret, error) {
	if caller.User != "" {
		return contract.Secret{}, fault.New(fault.PermissionDenied, "This is for services alone.")
	}
	fresh := make([]byte, secretBytes)
	_, _ = rand.Read(fresh) // it never fails
	var secret contract.Secret
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO secret (name, key) VALUES ('relay', $1) ON CONFLICT (name) DO NOTHING`, fresh)
		if err != nil {
			return fmt.Errorf("make the relay's secret: %w", err)
		}
		if err := tx.QueryRow(`SELECT key FROM secret WHERE name = 'relay'`).Scan(&secret.Key); err != nil {
			return fmt.Errorf("read the relay's secret: %w", err)
		}
		return nil
	})
	return secret, err
}
