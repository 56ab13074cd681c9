package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
)

const problemType = "application/problem+json"

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
func (p *problem) ContentType(string) string { return problemType }

// headers are what goes with it: when to come back, how to log in.
func (p *problem) headers() http.Header {
	h := http.Header{}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(p.RetryAfter)+1))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	return h
}

func problemOf(err error) *problem {
	r := refusal(err)
	status := fault.Code(r.Code).Status()
	return &problem{Title: http.StatusText(status), Status: status, Detail: r.Message, Code: r.Code, RetryAfter: r.RetryAfter}
}

// failed answers a call's error.
func failed(err error) error {
	p := problemOf(err)
	return huma.ErrorWithHeaders(p, p.headers())
}

// write answers with the problem where huma is not asked.
func (p *problem) write(w http.ResponseWriter) {
	for name, values := range p.headers() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client is gone, if this fails
}

func writeProblem(w http.ResponseWriter, err error) { problemOf(err).write(w) }

func init() {
	// huma makes the refusals of requests that don't fit the document itself.
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return misfit(status, message, errs)
	}
	huma.DefaultArrayNullable = false // lists are never null
}

// misfit words what is wrong with a request that does not fit its description,
// as rpc.Decode words it for frames.
func misfit(status int, message string, errs []error) *problem {
	var details []string
	for _, err := range errs {
		var d *huma.ErrorDetail
		if errors.As(err, &d) {
			details = append(details, sentence(d))
		}
	}
	p := &problem{Status: status, Code: string(fault.Invalid), Detail: "The request is not valid: " + message + "."}
	switch {
	case status == http.StatusRequestEntityTooLarge:
		p.Code, p.Detail = string(fault.TooLarge), fmt.Sprintf("A request may have at most %d kB.", bodyBytes>>10)
	case status == http.StatusUnsupportedMediaType:
		details, p.Detail = nil, "The body must be JSON (Content-Type: application/json)."
	case status == http.StatusUnprocessableEntity:
		p.Status = http.StatusBadRequest
	case status >= http.StatusInternalServerError:
		return problemOf(fault.New(fault.Internal, "Something went wrong on the server."))
	}
	if len(details) > 0 {
		p.Detail = strings.Join(details, " ")
	}
	p.Title = http.StatusText(p.Status)
	return p
}

// sentence words one misfit of huma's.
func sentence(d *huma.ErrorDetail) string {
	field, kind := d.Location, "field"
	switch at, name, _ := strings.Cut(d.Location, "."); {
	case name == "":
		field = ""
	case at == "body":
		field = name
	default:
		field, kind = name, "parameter"
	}
	missing, isMissing := strings.CutPrefix(d.Message, "expected required property ")
	switch {
	case isMissing:
		missing, _, _ = strings.Cut(missing, " ")
		return fmt.Sprintf("The field %s is missing.", missing)
	case strings.HasPrefix(d.Message, "required ") && field != "":
		return fmt.Sprintf("The %s %s is missing.", kind, field)
	case field != "":
		return fmt.Sprintf("The %s %s is not right: %s.", kind, field, d.Message)
	case strings.Contains(d.Message, "JSON"), strings.Contains(d.Message, "EOF"), strings.Contains(d.Message, "character"):
		return "The body is not valid JSON."
	default:
		return "The body is not right: " + d.Message + "."
	}
}

// clientKey leads to the client's origin and token in a request's context.
type clientKey struct{}

type client struct {
	origin contract.Origin
	token  string
	secure bool
}

// withClient tells the operations who asks. Bodies of simple clients that don't
// name what they send, curl's among them, are read as the JSON that they must be.
func withClient(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := client{
			origin: originOf(r),
			token:  requestToken(r),
			secure: isSecure(r),
		}
		r = r.WithContext(context.WithValue(r.Context(), clientKey{}, c))
		kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
		if kind == "application/x-www-form-urlencoded" || kind == "text/plain" {
			r.Header.Set("Content-Type", "application/json")
		}
		next.ServeHTTP(w, r)
	})
}

func clientOf(ctx context.Context) client {
	c, _ := ctx.Value(clientKey{}).(client)
	return c
}
