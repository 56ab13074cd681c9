package contract

import (
	"fmt"
	"slices"

	"decentra.local/pkg/event"
	"decentra.local/pkg/presence"
	"decentra.local/pkg/rpc"
)

// Gateway is the name of the edge, which asks all others and owns no method.
const Gateway = "gateway"

// Services are all of them.
var Services = []string{Auth, Chat, Social, Voice, Gateway}

// role is what a service does on NATS beyond answering its own methods and
// publishing its own events. A service that asks another, listens to a subject or
// uses a bucket needs it here: NATS refuses the rest where services run apart.
type role struct {
	asks    []string // subjects of requests
	tells   []string // subjects published on
	hears   []string // subjects listened to
	makes   []string // key-value buckets made: by gateways alone, since who makes one can hear anything by it
	writes  []string // key-value buckets written
	watches []string // key-value buckets read
}

// asking lists the subjects of methods.
func asking(methods ...rpc.Endpoint) []string {
	var subjects []string
	for _, m := range methods {
		subjects = append(subjects, m.Subject())
	}
	return subjects
}

// roles has who may do what. Only gateways ask on behalf of a user of their
// choice, so that only they may ask everything.
var roles = map[string]role{
	Auth: {tells: []string{FactsWake}},
	Chat: {
		asks: asking(Facts, Profiles, MakeServerInvite, ListServerInvites, RevokeServerInvites,
			FindInvite, RedeemInvite),
		tells:   []string{MembershipTold},
		hears:   []string{FactsWake},
		watches: []string{presence.Users.Name},
	},
	Social: {
		asks:    asking(Facts, Profiles, SearchNames),
		tells:   []string{FriendshipTold},
		hears:   []string{FactsWake},
		watches: []string{presence.Users.Name},
	},
	Voice: {
		asks:    asking(Profiles, RelaySecret, VoiceStandings, MayCall, NoteMissedCall),
		hears:   []string{MembershipTold, FriendshipTold},
		writes:  []string{VoiceBucket.Bucket},
		watches: []string{VoiceBucket.Bucket, presence.Connections.Name},
	},
	Gateway: {
		asks:    []string{Auth + ".rpc.>", Chat + ".rpc.>", Social + ".rpc.>", Voice + ".rpc.>"},
		tells:   []string{RelayPackets + ">"},
		hears:   []string{event.Subjects, RelayPackets + ">"},
		makes:   []string{presence.Users.Name, presence.Connections.Name, VoiceBucket.Bucket},
		writes:  []string{presence.Users.Name, presence.Connections.Name},
		watches: []string{presence.Users.Name, presence.Connections.Name},
	},
}

// Access is what NATS lets a service do besides answering requests that reached
// it: subjects, with NATS's wildcards.
type Access struct {
	Publish   []string
	Subscribe []string
}

// AccessOf is the access of a service.
func AccessOf(service string) Access {
	r := roles[service]
	a := Access{
		Publish: slices.Concat([]string{service + ".event.>"}, r.asks, r.tells),
		Subscribe: slices.Concat(
			[]string{service + ".rpc.>", "_INBOX." + service + ".>", "$SRV.>"}, r.hears),
	}
	for _, bucket := range r.makes {
		a.Publish = append(a.Publish, "$JS.API.INFO", fmt.Sprintf("$JS.API.STREAM.INFO.KV_%s", bucket),
			fmt.Sprintf("$JS.API.STREAM.CREATE.KV_%s", bucket), fmt.Sprintf("$JS.API.STREAM.UPDATE.KV_%s", bucket))
	}
	for _, bucket := range r.writes {
		a.Publish = append(a.Publish, fmt.Sprintf("$KV.%s.>", bucket))
	}
	for _, bucket := range r.watches {
		a.Publish = append(a.Publish, fmt.Sprintf("$JS.API.STREAM.INFO.KV_%s", bucket),
			fmt.Sprintf("$JS.API.DIRECT.GET.KV_%s.>", bucket),
			fmt.Sprintf("$JS.API.CONSUMER.CREATE.KV_%s.>", bucket),
			fmt.Sprintf("$JS.API.CONSUMER.DELETE.KV_%s.*", bucket),
			fmt.Sprintf("$JS.FC.KV_%s.>", bucket))
	}
	return a
}
