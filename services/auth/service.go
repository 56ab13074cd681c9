// Package auth owns accounts, passwords, sessions and invite codes, for
// accounts and for servers. It asks nobody; what others must know for good it
// leaves as facts.
package auth

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/event"
	"decentra.local/pkg/fact"
	"decentra.local/pkg/host"
	"decentra.local/pkg/imported"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config is what the service needs to know.
type Config struct {
	Data       string // directory of auth.db
	BcryptCost int    // 4 to 20
	Limits     bool   // bounds on wrong passwords
}

// Unit makes the service from the settings of a process.
var Unit = host.Unit{Name: contract.Auth, New: func(s host.Settings, h *host.Host) host.Service {
	return New(Config{Data: s.Data, BcryptCost: s.BcryptCost, Limits: s.Limits == "on"}, h)
}}

// Service is the auth service.
type Service struct {
	config    Config
	host      *host.Host
	log       *slog.Logger
	now       func() time.Time
	db        *store.DB
	nc        *nats.Conn
	events    *event.Publisher
	passwords *passwords
}

// New makes the service; Run starts it.
func New(config Config, h *host.Host) *Service {
	return &Service{config: config, host: h, log: h.Log, now: h.Now}
}

// Run serves until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	var err error
	if s.db, err = openStore(ctx, s.config.Data, s.log, s.host.Metrics); err != nil {
		return err
	}
	defer s.db.Close()
	s.passwords, err = newPasswords(s.config.BcryptCost, s.config.Limits, s.host.Metrics)
	if err != nil {
		return err
	}
	s.nc, err = s.host.Connect()
	if err != nil {
		return err
	}
	defer s.nc.Close()
	s.events = event.NewPublisher(s.nc, contract.Auth, s.log)

	server, err := rpc.NewServer(s.nc, contract.Auth, contract.Version, "accounts, sessions and invite codes", s.log)
	if err != nil {
		return err
	}
	defer server.Close()
	server.Measure(s.host.Metrics)
	if err := s.serve(server); err != nil {
		return err
	}
	s.host.Ready()
	<-ctx.Done()
	return nil
}

func openStore(ctx context.Context, data string, log *slog.Logger, metrics prometheus.Registerer) (*store.DB, error) {
	schema, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return store.Open(ctx, store.Options{
		Path:       filepath.Join(data, "auth.db"),
		Migrations: []store.Migrations{fact.OutboxSchema, imported.Schema, {Name: "auth", Files: schema}},
		Log:        log,
		Metrics:    metrics,
	})
}

func (s *Service) serve(server *rpc.Server) error {
	return errors.Join(
		rpc.Handle(server, contract.SignUp, s.signUp),
		rpc.Handle(server, contract.Login, s.login),
		rpc.Handle(server, contract.Resume, s.resume),
		rpc.Handle(server, contract.LiveSessions, s.liveSessions),
		rpc.Handle(server, contract.Logout, s.logout),
		rpc.Handle(server, contract.SetAvatar, s.setAvatar),
		rpc.Handle(server, contract.SetProfile, s.setProfile),
		rpc.Handle(server, contract.GetPicture, s.picture),
		rpc.Handle(server, contract.DeleteAccount, s.deleteAccount),
		rpc.Handle(server, contract.ChangePassword, s.changePassword),
		rpc.Handle(server, contract.GetSessions, s.getSessions),
		rpc.Handle(server, contract.RevokeSession, s.revokeSession),
		rpc.Handle(server, contract.Installation, s.installation),
		rpc.Handle(server, contract.GetAccounts, s.getAccounts),
		rpc.Handle(server, contract.CreatePasswordReset, s.createPasswordReset),
		rpc.Handle(server, contract.ResetPassword, s.resetPassword),
		rpc.Handle(server, contract.RemoveAccount, s.removeAccount),
		rpc.Handle(server, contract.GetInstallationSettings, s.installationSettings),
		rpc.Handle(server, contract.UpdateInstallation, s.updateInstallation),
		rpc.Handle(server, contract.Claim, s.claim),
		rpc.Handle(server, contract.Profiles, s.profiles),
		rpc.Handle(server, contract.SearchNames, s.search),
		rpc.Handle(server, contract.GenerateInvite, s.generateInvite),
		rpc.Handle(server, contract.GetInvites, s.getInvites),
		rpc.Handle(server, contract.RevokeInvite, s.revokeInvite),
		rpc.Handle(server, contract.ListServerInvites, s.listServerInvites),
		rpc.Handle(server, contract.RevokeServerInvites, s.revokeServerInvites),
		rpc.Handle(server, contract.MakeServerInvite, s.makeServerInvite),
		rpc.Handle(server, contract.FindInvite, s.findInvite),
		rpc.Handle(server, contract.RedeemInvite, s.redeemInvite),
		rpc.Handle(server, contract.RelaySecret, s.relaySecret),
		rpc.Handle(server, contract.Facts, s.facts),
	)
}

// facts answers the services that follow auth's outbox.
func (s *Service) facts(ctx context.Context, _ rpc.Caller, r contract.FactsRequest) (contract.FactsAnswer, error) {
	var answer contract.FactsAnswer
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		answer.Facts, err = fact.List(tx, r.After, min(max(r.Limit, 1), 1000))
		return err
	})
	return answer, err
}

// leaveFact appends a fact and makes its followers fetch it after the commit.
func (s *Service) leaveFact(tx *store.Tx, username, kind string, data any) (int64, error) {
	number, err := appendFact(tx, username, kind, data, s.now())
	if err != nil {
		return 0, err
	}
	tx.AfterCommit(func() {
		if err := s.nc.Publish(contract.FactsWake, nil); err != nil {
			s.log.Debug("followers not woken; they look again by themselves", "error", err)
		}
	})
	return number, nil
}

func appendFact(tx *store.Tx, username, kind string, data any, now time.Time) (int64, error) {
	number, err := fact.Append(tx, kind, data, now)
	if err != nil {
		return 0, err
	}
	_, err = tx.Exec(`UPDATE account SET newest_fact = $1 WHERE username = $2`, number, username)
	if err != nil {
		return 0, fmt.Errorf("note newest fact: %w", err)
	}
	return number, nil
}
