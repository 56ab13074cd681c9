package gateway

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

// problem is an RFC 9457 problem with our code.
type problem struct {
	Title      string  `json:"title" doc:"The HTTP status in words."`
	Status     int     `json:"status" doc:"The HTTP status."`
	Detail     string  `json:"detail" doc:"What is wrong, for the person who asked."`
	Code       string  `json:"code" doc:"What is wrong, for programs." enum:"invalid,unauthenticated,permission_denied,not_found,conflict,rate_limited,too_large,unavailable,internal"`
	RetryAfter float64 `json:"retry_after,omitempty" doc:"Seconds to wait, with rate_limited."`
}

func (p *problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus implements huma.StatusError.
func (p *problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *problem) ContentType(string) string { return "application/problem+json" }

func problemOf(err error) *problem {
	r := refusal(err)
	status := fault.Code(r.Code).Status()
	return &problem{Title: http.StatusText(status), Status: status, Detail: r.Message, Code: r.Code, RetryAfter: r.RetryAfter}
}

func writeProblem(w http.ResponseWriter, err error) {
	p := problemOf(err)
	setRetryAfter(w, fault.Of(err))
	writeJSON(w, p.Status, p)
}

func init() {
	// huma makes the refusals of requests that don't fit the document itself.
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		detail := message
		for _, err := range errs {
			var d *huma.ErrorDetail
			if errors.As(err, &d) {
				detail += ": " + d.Location + " " + d.Message
			}
		}
		code := fault.Invalid
		if status == http.StatusRequestEntityTooLarge {
			code = fault.TooLarge
		}
		return problemOf(fault.New(code, "%s", detail))
	}
}

// failed answers a call's error, with Retry-After where it has one.
func failed(err error) error {
	p := problemOf(err)
	if p.RetryAfter > 0 {
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {strconv.Itoa(int(p.RetryAfter) + 1)}})
	}
	return p
}

// clientKey leads to the client's origin and token in a request's context.
type clientKey struct{}

type client struct {
	origin contract.Origin
	token  string
	secure bool
}

func withClient(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := client{
			origin: contract.Origin{Address: clientAddress(r), UserAgent: r.UserAgent()},
			token:  requestToken(r),
			secure: r.TLS != nil,
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), clientKey{}, c)))
	})
}

func clientOf(ctx context.Context) client {
	c, _ := ctx.Value(clientKey{}).(client)
	return c
}

type userBody struct {
	User wire.Profile `json:"user"`
}

type sessionAnswer struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      userBody
}

type userAnswer struct{ Body userBody }

type signUpInput struct {
	Body wire.Signup
}

type loginInput struct {
	Body wire.Login
}

type installationAnswer struct{ Body contract.InstallationState }

type endedAnswer struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

// resourceAPI is REST by resources, described by /api/v1/openapi.json.
func (s *Service) resourceAPI(r chi.Router) {
	config := huma.DefaultConfig("Decentra", contract.Version)
	config.OpenAPIPath = "/v1/openapi"
	config.DocsPath = "" // its page would load scripts from elsewhere
	config.SchemasPath = ""
	config.CreateHooks = nil // no $schema fields in answers
	r.Group(func(r chi.Router) {
		r.Use(withClient)
		api := humachi.New(r, config)

		huma.Register(api, huma.Operation{
			OperationID: "get-installation", Method: http.MethodGet, Path: "/v1/installation",
			Summary: "What a page must know before the login",
		}, func(ctx context.Context, _ *struct{}) (*installationAnswer, error) {
			state, err := rpc.Call(ctx, s.nc, contract.Installation, rpc.Caller{}, contract.Nothing{})
			if err != nil {
				return nil, failed(err)
			}
			return &installationAnswer{Body: state}, nil
		})

		huma.Register(api, huma.Operation{
			OperationID: "create-account", Method: http.MethodPost, Path: "/v1/accounts",
			Summary: "Sign up and start the page's session", DefaultStatus: http.StatusCreated,
			SkipValidateBody: true, MaxBodyBytes: bodyBytes,
		}, func(ctx context.Context, in *signUpInput) (*sessionAnswer, error) {
			c := clientOf(ctx)
			session, err := s.signUp(ctx, in.Body, c.origin)
			return started(session, c, err)
		})

		huma.Register(api, huma.Operation{
			OperationID: "create-session", Method: http.MethodPost, Path: "/v1/session",
			Summary: "Log in and start the page's session", DefaultStatus: http.StatusCreated,
			SkipValidateBody: true, MaxBodyBytes: bodyBytes,
		}, func(ctx context.Context, in *loginInput) (*sessionAnswer, error) {
			c := clientOf(ctx)
			session, err := s.logIn(ctx, in.Body, c.origin)
			return started(session, c, err)
		})

		huma.Register(api, huma.Operation{
			OperationID: "get-session", Method: http.MethodGet, Path: "/v1/session",
			Summary: "Who is logged in",
		}, func(ctx context.Context, _ *struct{}) (*userAnswer, error) {
			session, err := s.resume(ctx, clientOf(ctx).token)
			if err != nil {
				return nil, failed(err)
			}
			return &userAnswer{Body: userBody{User: session.Profile}}, nil
		})

		huma.Register(api, huma.Operation{
			OperationID: "end-session", Method: http.MethodDelete, Path: "/v1/session",
			Summary: "Log out: the session and its sockets end", DefaultStatus: http.StatusNoContent,
		}, func(ctx context.Context, _ *struct{}) (*endedAnswer, error) {
			c := clientOf(ctx)
			session, err := s.resume(ctx, c.token)
			if err == nil {
				_, err = rpc.Call(ctx, s.nc, contract.Logout, callerOf(session), contract.Nothing{})
			}
			if err != nil && !fault.Is(err, fault.Unauthenticated) {
				return nil, failed(err)
			}
			return &endedAnswer{SetCookie: sessionCookie("", c.secure)}, nil
		})
	})
}

func started(session contract.Session, c client, err error) (*sessionAnswer, error) {
	if err != nil {
		return nil, failed(err)
	}
	return &sessionAnswer{SetCookie: sessionCookie(session.Token, c.secure), Body: userBody{User: session.Profile}}, nil
}
