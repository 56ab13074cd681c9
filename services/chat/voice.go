package chat

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

// mostStandings bounds one question.
const mostStandings = 1000

// voiceStandings says for each who may be in a voice room.
func (s *Service) voiceStandings(ctx context.Context, caller rpc.Caller, r contract.VoiceStandingsRequest) (contract.VoiceStandingsAnswer, error) {
	answer := contract.VoiceStandingsAnswer{Standings: make([]string, 0, len(r.Standings))}
	if caller.User != "" {
		return answer, fault.New(fault.PermissionDenied, "This is for voice-signal alone.")
	}
	if len(r.Standings) > mostStandings {
		return answer, fault.New(fault.Invalid, "At most %d standings are told at once.", mostStandings)
	}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		for _, of := range r.Standings {
			standing, err := voiceStanding(tx, of)
			if err != nil {
				return err
			}
			answer.Standings = append(answer.Standings, standing)
		}
		return nil
	})
	return answer, err
}

func voiceStanding(tx *store.Tx, of contract.VoiceStanding) (string, error) {
	var kind string
	err := tx.QueryRow(`SELECT c.kind FROM channel c JOIN member m ON m.server_id = c.server_id
		WHERE c.server_id = $1 AND c.id = $2 AND m.username = $3`, of.ServerID, of.ChannelID, of.Username).Scan(&kind)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return string(fault.NotFound), nil
	case err != nil:
		return "", fmt.Errorf("find voice channel: %w", err)
	case kind != wire.ChannelVoice:
		return string(fault.Invalid), nil
	default:
		return contract.StandingOK, nil
	}
}

// tellMembership tells voice-signal that there is a new member, or that rights have
// ended. It looks by itself too, so that nothing hangs on its being told.
func (s *Service) tellMembership(of contract.Membership) {
	data, err := json.Marshal(of)
	if err == nil {
		err = s.nc.Publish(contract.MembershipTold, data)
	}
	if err != nil {
		s.log.Debug("a membership was not told", "error", err)
	}
}
