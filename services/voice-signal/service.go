// Package voicesignal is the service for voice rooms and calls. It is started,
// announced and answers discovery and health like the others; it has no methods
// of its own yet.
package voicesignal

import (
	"context"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/host"
	"decentra.local/pkg/rpc"
)

// Config is what the service needs to know: nothing so far.
type Config struct{}

// Unit makes the service from the settings of a process.
var Unit = host.Unit{Name: contract.Voice, New: func(_ host.Settings, h *host.Host) host.Service {
	return New(Config{}, h)
}}

// Service is the voice-signal service.
type Service struct{ host *host.Host }

// New makes the service; Run starts it.
func New(_ Config, h *host.Host) *Service { return &Service{host: h} }

// Run serves until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	nc, err := s.host.Connect()
	if err != nil {
		return err
	}
	defer nc.Close()
	server, err := rpc.NewServer(nc, contract.Voice, contract.Version, "voice rooms and calls", s.host.Log)
	if err != nil {
		return err
	}
	defer server.Close()
	s.host.Ready()
	<-ctx.Done()
	return nil
}
