// Package voicesignal owns who is in which voice room and who is in a call with
// whom, and passes on what they need to connect. The media go from peer to peer.
//
// A user is in at most one place, a room or a call, with one connection. Places and
// calls are records in a JetStream bucket, changed by compare-and-set; every
// replica watches it and turns each change into the same events, of which gateways
// deliver the first. So any replica may die at any moment, and there is one roster.
// What holds the bucket may be lost too: the replicas hold copies and write them
// anew, and clients enter again by themselves.
//
// A place ends with its connection, which its gateway makes known in another bucket,
// and with the right to be there, which chat and social are asked for.
package voicesignal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/event"
	"decentra.local/pkg/host"
	"decentra.local/pkg/presence"
	"decentra.local/pkg/rpc"
)

// Config is what the service needs to know.
type Config struct {
	// TURN has the URIs of the relay (RFC 7065), with commas between; empty: the
	// host and port that the page was opened with.
	TURN string
	// RelayOnly has nobody learn another's address.
	RelayOnly bool
}

// Unit makes the service from the settings of a process.
var Unit = host.Unit{Name: contract.Voice, New: func(s host.Settings, h *host.Host) host.Service {
	return New(Config{TURN: s.TURN, RelayOnly: s.RelayOnly}, h)
}}

// Service is the voice-signal service.
type Service struct {
	config      Config
	host        *host.Host
	log         *slog.Logger
	now         func() time.Time
	nc          *nats.Conn
	events      *event.Publisher
	book        *book
	connections *presence.Roster
	credentials credentials
	absent      absences
}

// New makes the service; Run starts it.
func New(config Config, h *host.Host) *Service {
	return &Service{config: config, host: h, log: h.Log, now: h.Now}
}

// Run serves until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	relinked := make(chan struct{}, 1)
	var err error
	s.nc, err = s.host.Connect(nats.ReconnectHandler(func(nc *nats.Conn) {
		event.NewPublisher(nc, s.host.Name, s.log).Resync()
		wake(relinked)
	}))
	if err != nil {
		return err
	}
	defer s.nc.Close()
	s.events = event.NewPublisher(s.nc, contract.Voice, s.log)
	s.book = newBook(s.nc, s.log, relinked, s.placeChanged, s.callChanged)
	s.connections = presence.Connections.Roster(s.connectionsChanged)
	s.measure(s.host.Metrics)

	verify := make(chan struct{}, 1)
	for subject, handle := range map[string]nats.MsgHandler{
		contract.MembershipTold: s.membershipTold(verify),
		contract.FriendshipTold: func(*nats.Msg) { wake(verify) },
	} {
		if _, err := s.nc.Subscribe(subject, handle); err != nil {
			return fmt.Errorf("listen to %s: %w", subject, err)
		}
	}
	server, err := rpc.NewServer(s.nc, contract.Voice, contract.Version, "voice rooms and calls", s.log)
	if err != nil {
		return err
	}
	defer server.Close()
	server.Measure(s.host.Metrics)
	if err := s.serve(server); err != nil {
		return err
	}

	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	running.Go(func() { s.book.run(background) })
	running.Go(func() {
		if s.book.loaded(background) != nil {
			return // stopped
		}
		s.events.Resync() // for what the last life changed and did not publish
		s.sweep(background, verify)
	})
	defer s.connections.Start(ctx, s.nc, s.log)()
	s.host.Ready()
	<-ctx.Done()
	return nil
}

func (s *Service) serve(server *rpc.Server) error {
	return errors.Join(
		rpc.Handle(server, contract.VoiceSnapshot, s.snapshot),
		rpc.Handle(server, contract.JoinVoiceChannel, s.join),
		rpc.Handle(server, contract.LeaveVoiceChannel, s.leave),
		rpc.Handle(server, contract.VoiceMute, s.mute),
		rpc.Handle(server, contract.VoiceDeafen, s.deafen),
		rpc.Handle(server, contract.VoiceVideo, s.video),
		rpc.Handle(server, contract.VoiceScreenShare, s.screenShare),
		rpc.Handle(server, contract.VoiceSpeaking, s.speaking),
		rpc.Handle(server, contract.GetTURNCredentials, s.turnCredentials),
		rpc.Handle(server, contract.SendOffer, s.offer),
		rpc.Handle(server, contract.SendAnswer, s.answer),
		rpc.Handle(server, contract.SendCandidate, s.candidate),
		rpc.Handle(server, contract.StartVoiceCall, s.startCall),
		rpc.Handle(server, contract.AcceptVoiceCall, s.acceptCall),
		rpc.Handle(server, contract.RejectVoiceCall, s.rejectCall),
		rpc.Handle(server, contract.ResumeVoiceCall, s.resumeCall),
	)
}

// wake signals somebody who looks at everything anyway.
func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
