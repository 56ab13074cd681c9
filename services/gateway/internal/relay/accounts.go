package relay

import (
	"net"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"decentra.local/pkg/contract"
)

const (
	// mostAllocations bounds those of one user: a room of thirty, on two devices.
	mostAllocations = 64
	// bytesPerSecond and bytesBurst bound what one user sends through the relay:
	// camera and screen to a room of eight, several times over.
	bytesPerSecond, bytesBurst = 4 << 20, 8 << 20
)

// account is what is known of a user while they have an allocation.
type account struct {
	allocations int
	limiter     *rate.Limiter // nil: no limit
}

// may reports whether the user may send so many bytes now.
func (a *account) may(n int) bool {
	return a.limiter == nil || a.limiter.AllowN(time.Now(), n)
}

// allocation is one that stands.
type allocation struct {
	name     string // of the credentials it was made with
	grant    contract.RelayGrant
	endpoint *endpoint
}

// accounts know who has which allocations.
type accounts struct {
	limited bool

	mu          sync.Mutex
	users       map[string]*account
	allocations map[string]allocation // by the client's address
	ended       map[string]time.Time  // sessions, until the last of their credentials expires
}

func newAccounts(limited bool) *accounts {
	return &accounts{
		limited: limited, users: map[string]*account{},
		allocations: map[string]allocation{}, ended: map[string]time.Time{},
	}
}

// client names where somebody comes from: the same port number over UDP and over
// TCP are two.
func client(address net.Addr) string { return address.Network() + " " + address.String() }

// admits reports whether credentials are good: of a session that has not ended,
// and not expired. What they were good for when it began may go on.
func (a *accounts) admits(name string, grant contract.RelayGrant, from net.Addr, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ended := a.ended[grant.Session]; ended {
		return false
	}
	return now.Before(grant.Expires) || a.allocations[client(from)].name == name
}

// mayAllocate reports whether a user may have one allocation more.
func (a *accounts) mayAllocate(user string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.users[user]
	return !a.limited || known == nil || known.allocations < mostAllocations
}

// open notes an allocation and lets it send.
func (a *accounts) open(from net.Addr, made allocation) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.users[made.grant.User]
	if known == nil {
		known = &account{}
		if a.limited {
			known.limiter = rate.NewLimiter(bytesPerSecond, bytesBurst)
		}
		a.users[made.grant.User] = known
	}
	known.allocations++
	a.allocations[client(from)] = made
	made.endpoint.owner.Store(known)
}

// close forgets an allocation.
func (a *accounts) close(from net.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	gone, ok := a.allocations[client(from)]
	if !ok {
		return
	}
	delete(a.allocations, client(from))
	user := a.users[gone.grant.User]
	if user.allocations--; user.allocations == 0 {
		delete(a.users, gone.grant.User)
	}
}

// end closes the allocations of a session and refuses its credentials from now on.
func (a *accounts) end(session string, now time.Time) {
	a.mu.Lock()
	for old, until := range a.ended {
		if now.After(until) {
			delete(a.ended, old)
		}
	}
	a.ended[session] = now.Add(contract.RelayLife)
	var gone []*endpoint
	for _, one := range a.allocations {
		if one.grant.Session == session {
			gone = append(gone, one.endpoint)
		}
	}
	a.mu.Unlock()
	for _, e := range gone {
		_ = e.Close() // it has no error; TURN drops the allocation then
	}
}

// sessions lists those that have allocations.
func (a *accounts) sessions() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := map[string]bool{}
	var all []string
	for _, one := range a.allocations {
		if !known[one.grant.Session] {
			known[one.grant.Session] = true
			all = append(all, one.grant.Session)
		}
	}
	return all
}
