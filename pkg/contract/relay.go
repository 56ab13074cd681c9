package contract

import (
	"crypto/hmac"
	"crypto/sha1" // #nosec G505 -- what the TURN REST convention has
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"decentra.local/pkg/rpc"
)

// RelayLife is how long credentials for the relay are good for new allocations.
const RelayLife = time.Hour

// RelayPackets begins the subjects of packets between the relays of two gateways.
const RelayPackets = Gateway + ".relay."

// RelaySecret signs the credentials for the relay. It is for voice-signal, which
// hands them out, and for gateways, which check them: permission_denied on
// behalf of a user.
var RelaySecret = rpc.Method[Nothing, Secret]{Service: Auth, Name: "relay_secret"}

// Secret is a key of the installation.
type Secret struct {
	Key []byte `json:"key"`
}

// RelayGrant is what credentials for the relay say of who has them.
type RelayGrant struct {
	Expires time.Time // to the second
	Session string
	User    string
}

// Name is the user name of the credentials, as the TURN REST convention has it.
func (g RelayGrant) Name() string {
	return strconv.FormatInt(g.Expires.Unix(), 10) + ":" + g.Session + ":" + g.User
}

// ParseRelayName reads a user name of credentials.
func ParseRelayName(name string) (RelayGrant, bool) {
	parts := strings.SplitN(name, ":", 3)
	if len(parts) != 3 || parts[1] == "" || parts[2] == "" {
		return RelayGrant{}, false
	}
	seconds, err := strconv.ParseInt(parts[0], 10, 64)
	return RelayGrant{Expires: time.Unix(seconds, 0), Session: parts[1], User: parts[2]}, err == nil
}

// Password is the password that belongs to a user name of credentials.
func (s Secret) Password(name string) string {
	mac := hmac.New(sha1.New, s.Key)
	mac.Write([]byte(name))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
