// Package chat owns servers, their channels and members, what members may do,
// and the messages in channels and in the lobby.
package chat

import (
	"context"
	"crypto/rand"
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
	Data string // directory of chat.db
}

// Unit makes the service from the settings of a process.
var Unit = host.Unit{Name: contract.Chat, New: func(s host.Settings, h *host.Host) host.Service {
	return New(Config{Data: s.Data}, h)
}}

// Service is the chat service.
type Service struct {
	config Config
	host   *host.Host
	self   string // one process's own
	log    *slog.Logger
	now    func() time.Time
	db     *store.DB
	nc     *nats.Conn
	events *event.Publisher
	desk   *conversation.Desk
	facts  *fact.Follower
	roster *presence.Roster
	online onlineLists
}

// New makes the service; Run starts it.
func New(config Config, h *host.Host) *Service {
	return &Service{config: config, host: h, self: rand.Text()[:16], log: h.Log, now: h.Now}
}

// Run serves until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	var err error
	if s.db, err = openStore(ctx, s.config.Data, s.log, s.host.Metrics); err != nil {
		return err
	}
	defer s.db.Close()
	err = s.db.Update(ctx, func(tx *store.Tx) error { return convlog.Create(tx, lobbyLog) })
	if err != nil {
		return fmt.Errorf("make the lobby: %w", err)
	}
	s.nc, err = s.host.Connect(nats.ReconnectHandler(func(nc *nats.Conn) {
		event.NewPublisher(nc, s.host.Name, s.log).Resync()
	}))
	if err != nil {
		return err
	}
	defer s.nc.Close()
	s.events = event.NewPublisher(s.nc, contract.Chat, s.log)
	s.desk = conversation.NewDesk(s.db, s.events, s.now)
	s.roster = presence.Users.Roster(s.presenceChanged)
	s.facts = contract.FollowAuth(s.db, s.nc, s.apply, s.log)
	stopFollowing, err := contract.Follow(ctx, s.nc, s.facts)
	if err != nil {
		return err
	}
	defer stopFollowing()
	defer s.roster.Start(ctx, s.nc, s.log)()

	server, err := rpc.NewServer(s.nc, contract.Chat, contract.Version, "servers, channels, members and their messages", s.log)
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
		Path:       filepath.Join(data, "chat.db"),
		Migrations: []store.Migrations{convlog.Schema, fact.FollowerSchema, imported.Schema, {Name: "chat", Files: schema}},
		Log:        log,
		Metrics:    metrics,
	})
}

func (s *Service) serve(server *rpc.Server) error {
	return errors.Join(
		rpc.Handle(server, contract.ChatTopics, s.topics),
		rpc.Handle(server, contract.ChatSnapshot, s.snapshot),
		rpc.Handle(server, contract.OnlineMembers, s.onlineMembersOf),
		rpc.Handle(server, contract.CreateServer, s.createServer),
		rpc.Handle(server, contract.RenameServer, s.renameServer),
		rpc.Handle(server, contract.GenerateServerInvite, s.generateInvite),
		rpc.Handle(server, contract.GetServerInvites, s.getInvites),
		rpc.Handle(server, contract.RevokeServerInvite, s.revokeInvite),
		rpc.Handle(server, contract.LeaveServer, s.leaveServer),
		rpc.Handle(server, contract.DeleteServer, s.deleteServer),
		rpc.Handle(server, contract.TransferServer, s.transferServer),
		rpc.Handle(server, contract.KickMember, s.kickMember),
		rpc.Handle(server, contract.BanMember, s.banMember),
		rpc.Handle(server, contract.UnbanMember, s.unbanMember),
		rpc.Handle(server, contract.GetServerBans, s.bans),
		rpc.Handle(server, contract.UpdateChannel, s.updateChannel),
		rpc.Handle(server, contract.ReorderChannels, s.reorderChannels),
		rpc.Handle(server, contract.DeleteChannel, s.deleteChannel),
		rpc.Handle(server, contract.JoinServerWithInvite, s.joinWithInvite),
		rpc.Handle(server, contract.JoinServer, s.join),
		rpc.Handle(server, contract.GetServerMembers, s.members),
		rpc.Handle(server, contract.UpdateUserPermissions, s.updatePermissions),
		rpc.Handle(server, contract.CreateChannel, s.createChannel),
		rpc.Handle(server, contract.CreateVoiceChannel, s.createVoiceChannel),
		rpc.Handle(server, contract.VoiceStandings, s.voiceStandings),
		rpc.Handle(server, contract.SendChannelMessage, s.send),
		rpc.Handle(server, contract.EditChannelMessage, s.edit),
		rpc.Handle(server, contract.DeleteChannelMessage, s.delete),
		rpc.Handle(server, contract.MarkChannelRead, s.markRead),
		rpc.Handle(server, contract.TypeInChannel, s.typing),
		rpc.Handle(server, contract.GetChannelHistory, s.history),
		rpc.Handle(server, contract.GetLobbyHistory, s.lobbyHistory),
		rpc.Handle(server, contract.GetChannelChanges, s.changes),
	)
}
