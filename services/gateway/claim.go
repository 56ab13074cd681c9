package gateway

import (
	"context"
	"time"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
)

// claimRetry is the pause between two tries to learn the claim code.
const claimRetry = 2 * time.Second

// printClaim says how the first account is made, while there is none: from a
// public address it takes a code, else a stranger who comes first would own the
// installation.
func (s *Service) printClaim(ctx context.Context, url string) {
	for ctx.Err() == nil {
		claim, err := rpc.Call(ctx, s.nc, contract.Claim, rpc.Caller{}, contract.Nothing{})
		switch {
		case err == nil:
			s.host.Say("There is no account yet. The first one owns the installation: make it at " + url +
				" on this machine or in its private network, or from anywhere with this link: " + url + "/#invite=" + claim.Code +
				" (the same path at the address that others use)")
			return
		case fault.Is(err, fault.NotFound):
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(claimRetry):
		}
	}
}
