package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

// resources is REST by resources, below /api/v1. Each operation is one call of
// the service that owns what it is about, on behalf of the session's user.
type resources struct {
	*Service
	api huma.API
}

// resourceAPI adds the operations, their description and the page that shows it.
func (s *Service) resourceAPI(r chi.Router) {
	r.Group(func(r chi.Router) {
		r.Use(withClient)
		document, err := json.Marshal(s.describe(r))
		if err != nil {
			panic(fmt.Sprintf("gateway: the description can't be encoded: %v", err)) // made of our own types
		}
		r.Get("/v1/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/openapi+json")
			_, _ = w.Write(document) // the client is gone, if this fails
		})
	})
	r.Get("/docs", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/api-docs/", http.StatusFound) // part of the web client's build
	})
}

// OpenAPI is the description of the resources (OpenAPI 3.1), for the reference
// that is generated from it.
func OpenAPI() *huma.OpenAPI {
	return new(Service).describe(chi.NewRouter())
}

// describe registers every operation.
func (s *Service) describe(r chi.Router) *huma.OpenAPI {
	config := huma.DefaultConfig("Decentra", contract.Version)
	config.Info.Description = "The REST resources of a Decentra installation. Whatever changes here reaches the WebSocket connections " +
		"of everybody concerned as events. Errors are problems (RFC 9457) with a stable `code`. Clients ignore fields that they don't know."
	config.Servers = []*huma.Server{{URL: "/api"}}
	config.OpenAPIPath = "" // served from memory above, in one form
	config.DocsPath = ""    // its page would load scripts from elsewhere
	config.SchemasPath = ""
	config.CreateHooks = nil // no $schema fields in answers
	format := huma.Format{Marshal: writeBody, Unmarshal: huma.DefaultJSONFormat.Unmarshal}
	config.Formats = map[string]huma.Format{"application/json": format, "json": format}
	config.AllowAdditionalPropertiesByDefault = true
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", Description: "A session's token, from `POST /api/v1/tokens`."},
		"cookie": {Type: "apiKey", In: "cookie", Name: cookieName, Description: "The page's session, from `POST /api/v1/session`; " +
			"refused in requests of other origins."},
	}
	for _, name := range []string{tagAccounts, tagProfile, tagServers, tagChannels, tagMembers, tagInvites, tagMessages, tagPeople, tagAdministration} {
		config.Tags = append(config.Tags, &huma.Tag{Name: name})
	}
	config.Components.Responses = map[string]*huma.Response{}
	config.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[wire.Time](), reflect.TypeFor[time.Time]())
	a := &resources{Service: s, api: humachi.New(r, config)}
	a.accounts()
	a.sessions()
	a.profile()
	a.servers()
	a.channels()
	a.members()
	a.invites()
	a.messages()
	a.people()
	a.administration()
	correct(config.Components.Schemas)
	return a.api.OpenAPI()
}

// operation describes one; refusals are the codes of HTTP that it may answer
// beside those that its form tells.
func operation(method, path, id, tag, summary string, refusals ...int) huma.Operation {
	return huma.Operation{
		Method: method, Path: "/v1" + path, OperationID: id, Tags: []string{tag}, Summary: summary,
		MaxBodyBytes: bodyBytes, Errors: refusals,
	}
}

// created makes success 201.
func created(op huma.Operation) huma.Operation {
	op.DefaultStatus = http.StatusCreated
	return op
}

type answer[T any] struct{ Body T }

// handle registers an operation of a logged-in user.
func handle[In, Out any](a *resources, op huma.Operation, work func(context.Context, contract.Session, *In) (Out, error)) {
	huma.Register(a.api, a.private(op, reflect.TypeFor[In]()), func(ctx context.Context, in *In) (*answer[Out], error) {
		out, err := work(ctx, sessionIn(ctx), in)
		if err != nil {
			return nil, failed(err)
		}
		return &answer[Out]{Body: out}, nil
	})
}

// call is handle for an operation that one call answers: what its owner says is
// passed on as it is.
func call[In, Req, Res any](a *resources, op huma.Operation, m rpc.Method[Req, Res], request func(*In) Req) {
	handle(a, op, func(ctx context.Context, session contract.Session, in *In) (passed[Res], error) {
		question, err := json.Marshal(request(in))
		if err != nil {
			return nil, err
		}
		return a.askKept(ctx, m, callerOf(session), question)
	})
}

// passed is a T in JSON.
type passed[T any] []byte

// Schema implements huma.SchemaProvider: the T's.
func (passed[T]) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[T](), true, "")
}

func (p passed[T]) writeTo(w io.Writer) error {
	_, err := w.Write(p)
	return err
}

// writeBody writes an answer as JSON, unless it is that already.
func writeBody(w io.Writer, answer any) error {
	if p, ok := answer.(interface{ writeTo(io.Writer) error }); ok {
		return p.writeTo(w)
	}
	return huma.DefaultJSONFormat.Marshal(w, answer)
}

// effect is call for what answers nothing: its effect is an event.
func effect[In, Req any](a *resources, op huma.Operation, m rpc.Method[Req, contract.Nothing], request func(*In) Req) {
	huma.Register(a.api, a.private(op, reflect.TypeFor[In]()), func(ctx context.Context, in *In) (*struct{}, error) {
		if _, err := rpc.Call(ctx, a.nc, m, callerOf(sessionIn(ctx)), request(in)); err != nil {
			return nil, failed(err)
		}
		return nil, nil
	})
}

// private lets an operation be asked for with a session only. That is checked
// before the request is read any further.
func (a *resources) private(op huma.Operation, in reflect.Type) huma.Operation {
	op.Security = []map[string][]string{{"bearer": {}}, {"cookie": {}}}
	op.Middlewares = huma.Middlewares{a.admit(op.OperationID)}
	op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusTooManyRequests)
	return a.refusals(op, in)
}

// public is private without a session.
func (a *resources) public(op huma.Operation, in reflect.Type) huma.Operation {
	return a.refusals(op, in)
}

// refusals describes the problems that an operation may answer.
func (a *resources) refusals(op huma.Operation, in reflect.Type) huma.Operation {
	statuses := append(op.Errors, http.StatusInternalServerError, http.StatusServiceUnavailable)
	if in.NumField() > 0 {
		statuses = append(statuses, http.StatusBadRequest)
	}
	if _, ok := in.FieldByName("Body"); ok {
		statuses = append(statuses, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if strings.Contains(op.Path, "{") {
		statuses = append(statuses, http.StatusNotFound)
	}
	op.Errors = nil
	op.Responses = map[string]*huma.Response{}
	for _, status := range statuses {
		op.Responses[fmt.Sprint(status)] = a.refusal(status)
	}
	return op
}

// refusal is the description of a problem, the same one for all operations.
func (a *resources) refusal(status int) *huma.Response {
	components := a.api.OpenAPI().Components
	name := strings.ReplaceAll(http.StatusText(status), " ", "")
	if components.Responses[name] == nil {
		schema := components.Schemas.Schema(reflect.TypeFor[problem](), true, "Problem")
		response := &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{problemType: {Schema: schema}},
		}
		switch status {
		case http.StatusTooManyRequests:
			response.Headers = map[string]*huma.Param{"Retry-After": {Description: "Seconds to wait.", Schema: &huma.Schema{Type: huma.TypeInteger}}}
		case http.StatusUnauthorized:
			response.Headers = map[string]*huma.Param{"WWW-Authenticate": {Schema: &huma.Schema{Type: huma.TypeString}}}
		}
		components.Responses[name] = response
	}
	return &huma.Response{Ref: "#/components/responses/" + name}
}

// correct corrects what huma makes of the types. It knows that text and numbers
// behind a pointer may be null, but not that times may. That objects may have
// more fields goes without saying.
func correct(registry huma.Registry) {
	for name, schema := range registry.Map() {
		schema.AdditionalProperties = nil
		t := registry.TypeFromRef("#/components/schemas/" + name)
		if t == nil || t.Kind() != reflect.Struct {
			continue
		}
		for _, field := range reflect.VisibleFields(t) {
			tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			property := schema.Properties[tag]
			if property != nil && property.Ref == "" && field.Type.Kind() == reflect.Pointer && options == "" {
				property.Nullable = true
			}
		}
	}
}

type sessionKey struct{}

// admit finds the session of a request and bounds how fast its user may ask.
func (a *resources) admit(operation string) func(huma.Context, func(huma.Context)) {
	kind := operation
	if strings.HasPrefix(operation, "send-") {
		kind = wire.Message{}.FrameType()
	}
	return func(ctx huma.Context, next func(huma.Context)) {
		session, err := a.resume(ctx.Context(), clientOf(ctx.Context()).token)
		if err == nil {
			err = a.limits.allowFrame(session.Profile.Username, kind)
		}
		if err != nil {
			_, w := humachi.Unwrap(ctx)
			writeProblem(w, err)
			return
		}
		next(huma.WithValue(ctx, sessionKey{}, session))
	}
}

func sessionIn(ctx context.Context) contract.Session {
	session, _ := ctx.Value(sessionKey{}).(contract.Session)
	return session
}

// chatState is what chat has for the session's user.
func (a *resources) chatState(ctx context.Context, session contract.Session) (contract.ChatState, error) {
	return rpc.Call(ctx, a.nc, contract.ChatSnapshot, callerOf(session), contract.SnapshotRequest{AtLeast: session.AtLeast, WithoutLobby: true})
}

// socialState is what social has for the session's user.
func (a *resources) socialState(ctx context.Context, session contract.Session) (contract.SocialState, error) {
	return rpc.Call(ctx, a.nc, contract.SocialSnapshot, callerOf(session), contract.SnapshotRequest{AtLeast: session.AtLeast})
}
