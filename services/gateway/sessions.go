package gateway

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/gather"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

const (
	cookieName = "decentra_session"
	cookieLife = 90 * 24 * time.Hour
)

// gathered are questions about everybody who enters. When many do, at once after a
// restart, they are asked together.
type gathered struct {
	resume *rpc.Gathered[contract.ResumeRequest, contract.Session]
	live   *rpc.Gathered[contract.LiveSessionsRequest, contract.LiveSessionsAnswer]
	topics *rpc.Gathered[contract.SnapshotRequest, contract.TopicsAnswer]
	online *gather.Questions[[]string, onlineLists]
}

func newGathered(nc *nats.Conn) gathered {
	return gathered{rpc.Gather(nc, contract.Resume), rpc.Gather(nc, contract.LiveSessions), rpc.Gather(nc, contract.ChatTopics), gatherOnline(nc)}
}

func (s *Service) signUp(ctx context.Context, r wire.Signup, origin contract.Origin) (session contract.Session, err error) {
	err = s.limits.password(ctx, origin.Address, func() error {
		session, err = rpc.Call(ctx, s.nc, contract.SignUp, rpc.Caller{}, contract.SignUpRequest{Signup: r, Origin: origin})
		return err
	})
	return session, err
}

func (s *Service) logIn(ctx context.Context, r wire.Login, origin contract.Origin) (session contract.Session, err error) {
	err = s.limits.password(ctx, origin.Address, func() error {
		session, err = rpc.Call(ctx, s.nc, contract.Login, rpc.Caller{}, contract.LoginRequest{Login: r, Origin: origin})
		return err
	})
	return session, err
}

func (s *Service) resume(ctx context.Context, token string) (contract.Session, error) {
	if token == "" {
		return contract.Session{}, fault.New(fault.Unauthenticated, "Please log in.")
	}
	return s.gathered.resume.Call(ctx, rpc.Caller{}, contract.ResumeRequest{Token: token})
}

// liveSessions picks the sessions that have not ended.
func (s *Service) liveSessions(ctx context.Context, ids []string) (map[string]bool, error) {
	answer, err := s.gathered.live.Call(ctx, rpc.Caller{}, contract.LiveSessionsRequest{IDs: ids})
	if err != nil {
		return nil, err
	}
	live := make(map[string]bool, len(answer.IDs))
	for _, id := range answer.IDs {
		live[id] = true
	}
	return live, nil
}

// sessionOf finds the session of a REST request: the bearer token (RFC 6750), or
// the page's cookie.
func (s *Service) sessionOf(r *http.Request) (contract.Session, error) {
	return s.resume(r.Context(), requestToken(r))
}

func requestToken(r *http.Request) string {
	if token, ok := bearer(r.Header.Get("Authorization")); ok {
		return token
	}
	return cookieToken(r)
}

func bearer(header string) (string, bool) {
	scheme, token, ok := strings.Cut(header, " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}

// cookieToken is the session of the page's cookie, unless the request says that
// it comes from a page of another origin.
func cookieToken(r *http.Request) string {
	if !sameOrigin(r) {
		return ""
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return ""
	}
	return cookie.Value
}

func sameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	// Whoever can answer for this host without TLS is not us.
	return err == nil && strings.EqualFold(u.Host, r.Host) && (u.Scheme == "https" || !isSecure(r))
}

// sessionCookie is the page's session: no script can read it, no other site can
// make a browser send it.
func sessionCookie(token string, secure bool) http.Cookie {
	c := http.Cookie{
		Name: cookieName, Value: token, Path: "/",
		MaxAge: int(cookieLife.Seconds()), HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode,
	}
	if token == "" {
		c.MaxAge = -1
	}
	return c
}
