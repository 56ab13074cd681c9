// Package social owns who knows whom: friends, friend requests, and direct
// messages between two.
package social

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
	"decentra.local/pkg/conversation"
	"decentra.local/pkg/convlog"
	"decentra.local/pkg/event"
	"decentra.local/pkg/fact"
	"decentra.local/pkg/host"
	"decentra.local/pkg/imported"
	"decentra.local/pkg/presence"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config is what the service needs to know.
type Config struct {
	Data string // directory of social.db
	// Friends is how others become friends of new accounts: instant or ask.
	Friends string
}

// Unit makes the service from the settings of a process.
var Unit = host.Unit{Name: contract.Social, New: func(s host.Settings, h *host.Host) host.Service {
	return New(Config{Data: s.Data, Friends: s.Friends}, h)
}}

// Service is the social service.
type Service struct {
	config Config
	host   *host.Host
	log    *slog.Logger
	now    func() time.Time
	db     *store.DB
	nc     *nats.Conn
	events *event.Publisher
	desk   *conversation.Desk
	facts  *fact.Follower
	roster *presence.Roster
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
	s.nc, err = s.host.Connect(nats.ReconnectHandler(func(nc *nats.Conn) {
		event.NewPublisher(nc, s.host.Name, s.log).Resync()
	}))
	if err != nil {
		return err
	}
	defer s.nc.Close()
	s.events = event.NewPublisher(s.nc, contract.Social, s.log)
	s.desk = conversation.NewDesk(s.db, s.events, s.now)
	s.roster = presence.Users.Roster(s.presenceChanged)
	s.facts = contract.FollowAuth(s.db, s.nc, s.apply, s.log)
	stopFollowing, err := contract.Follow(ctx, s.nc, s.facts)
	if err != nil {
		return err
	}
	defer stopFollowing()
	defer s.roster.Start(ctx, s.nc, s.log)()

	server, err := rpc.NewServer(s.nc, contract.Social, contract.Version, "friends and direct messages", s.log)
	if err != nil {
		return err
	}
	defer server.Close()
	server.Measure(s.host.Metrics)
	if err := s.serve(server); err != nil {
		return err
	}
	s.events.Resync() // for what the last life committed and did not publish
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
		Path:       filepath.Join(data, "social.db"),
		Migrations: []store.Migrations{convlog.Schema, fact.FollowerSchema, imported.Schema, {Name: "social", Files: schema}},
		Log:        log,
		Metrics:    metrics,
	})
}

func (s *Service) serve(server *rpc.Server) error {
	return errors.Join(
		rpc.Handle(server, contract.SocialSnapshot, s.snapshot),
		rpc.Handle(server, contract.SearchUsers, s.search),
		rpc.Handle(server, contract.AddFriend, s.addFriend),
		rpc.Handle(server, contract.ApproveFriendRequest, s.approve),
		rpc.Handle(server, contract.DenyFriendRequest, s.deny),
		rpc.Handle(server, contract.CancelFriendRequest, s.cancel),
		rpc.Handle(server, contract.RemoveFriend, s.removeFriend),
		rpc.Handle(server, contract.StartDM, s.startDM),
		rpc.Handle(server, contract.BlockUser, s.block),
		rpc.Handle(server, contract.UnblockUser, s.unblock),
		rpc.Handle(server, contract.SetFriendPolicy, s.setFriendPolicy),
		rpc.Handle(server, contract.MarkDMRead, s.markRead),
		rpc.Handle(server, contract.TypeInDM, s.typing),
		rpc.Handle(server, contract.MayCall, s.mayCall),
		rpc.Handle(server, contract.NoteMissedCall, s.noteMissedCall),
		rpc.Handle(server, contract.SendDM, s.send),
		rpc.Handle(server, contract.EditDM, s.edit),
		rpc.Handle(server, contract.DeleteDM, s.delete),
		rpc.Handle(server, contract.GetDMHistory, s.history),
		rpc.Handle(server, contract.GetDMChanges, s.changes),
	)
}
