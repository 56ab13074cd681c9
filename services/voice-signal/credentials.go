package voicesignal

import (
	"context"
	"strings"
	"sync"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

// credentials has the key that signs those for the relay.
type credentials struct {
	mu     sync.Mutex
	secret contract.Secret
}

// turn makes credentials for the relay, for the session of the caller.
func (s *Service) turn(ctx context.Context, caller rpc.Caller, relayOnly bool) (wire.TURNCredentials, error) {
	if caller.Session == "" {
		return wire.TURNCredentials{}, fault.New(fault.Unauthenticated, "The relay is for those who are logged in.")
	}
	secret, err := s.secret(ctx)
	if err != nil {
		return wire.TURNCredentials{}, err
	}
	grant := contract.RelayGrant{Expires: s.now().Add(contract.RelayLife), Session: caller.Session, User: caller.User}
	urls := strings.FieldsFunc(s.config.TURN, func(r rune) bool { return r == ',' || r == ' ' })
	return wire.TURNCredentials{
		Username: grant.Name(), Credential: secret.Password(grant.Name()), ExpiresAt: wire.Time{Time: grant.Expires},
		URLs: append([]string{}, urls...), RelayOnly: relayOnly || s.config.RelayOnly,
	}, nil
}

func (s *Service) secret(ctx context.Context) (contract.Secret, error) {
	c := &s.credentials
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.secret.Key != nil {
		return c.secret, nil
	}
	secret, err := rpc.Call(ctx, s.nc, contract.RelaySecret, rpc.Caller{}, contract.Nothing{})
	if err == nil {
		c.secret = secret
	}
	return secret, err
}

func (s *Service) turnCredentials(ctx context.Context, caller rpc.Caller, _ contract.Nothing) (wire.TURNCredentials, error) {
	return s.turn(ctx, caller, false)
}
