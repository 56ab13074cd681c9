package doctor

import (
	"errors"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"

	"decentra.local/pkg/bus"
)

// checkNATS connects as a service would.
func checkNATS(r *report, url, credentials string) {
	b, err := bus.Open(bus.Config{URL: url, Credentials: credentials, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		r.add(finding{problem, "nats", err.Error(), ""})
		return
	}
	defer b.Close()
	nc, err := b.Connect("doctor", nats.RetryOnFailedConnect(false), nats.Timeout(5*time.Second), nats.MaxReconnects(0))
	switch {
	case errors.Is(err, nats.ErrAuthorization):
		r.add(finding{problem, "nats", url + " does not know this key", "name the service's key with --nats-credentials; after `decentra init` NATS has to be started anew"})
		return
	case err != nil:
		r.add(finding{problem, "nats", url + ": " + err.Error(), "start the NATS server, or correct --nats"})
		return
	}
	defer nc.Close()
	rtt, err := nc.RTT()
	if err != nil {
		r.add(finding{problem, "nats", url + ": " + err.Error(), ""})
		return
	}
	r.ok("nats", "%s answers in %s (version %s)", url, rtt.Round(10*time.Microsecond), nc.ConnectedServerVersion())
	if size := nc.MaxPayload(); size < bus.MaxPayload {
		r.add(finding{warning, "nats", "it takes messages of " + kilobytes(size) + " at most", "set max_payload to 8 MB: pictures and long histories need it"})
	}
}
