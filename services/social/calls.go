package social

import (
	"context"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

var errVoiceOnly = fault.New(fault.PermissionDenied, "This is for voice-signal alone.")

// mayCall says whether one may call the other: friends may.
func (s *Service) mayCall(ctx context.Context, caller rpc.Caller, r contract.CallPair) (contract.Nothing, error) {
	if caller.User != "" {
		return contract.Nothing{}, errVoiceOnly
	}
	return contract.Nothing{}, s.db.View(ctx, func(tx *store.Tx) error {
		if blocked, err := hasBlocked(tx, r.Callee, r.Caller); err != nil {
			return err
		} else if blocked {
			return errNoUser(r.Callee)
		}
		if friends, err := areFriends(tx, r.Caller, r.Callee); err != nil {
			return err
		} else if !friends {
			return fault.New(fault.PermissionDenied, "You can call friends only.")
		}
		return nil
	})
}

// noteMissedCall leaves a line in the DM of the two, once for each call.
func (s *Service) noteMissedCall(ctx context.Context, caller rpc.Caller, r contract.MissedCall) (contract.Nothing, error) {
	if caller.User != "" {
		return contract.Nothing{}, errVoiceOnly
	}
	author := rpc.Caller{User: r.Caller}
	dm, err := s.startDM(ctx, author, wire.Peer{Username: r.Callee})
	if err != nil {
		return contract.Nothing{}, err
	}
	line := wire.SendMessage{Content: "Missed call", Nonce: contract.MissedCallNonce + r.CallID}
	_, err = s.desk.Send(ctx, author, line, find(author, dm.DM.ID, true))
	return contract.Nothing{}, err
}

// tellFriendship tells voice-signal that a friendship has ended. It looks by itself
// too, so that nothing hangs on its being told.
func (s *Service) tellFriendship() {
	if err := s.nc.Publish(contract.FriendshipTold, nil); err != nil {
		s.log.Debug("the end of a friendship was not told", "error", err)
	}
}
