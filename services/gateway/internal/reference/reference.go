// Package reference owns what is generated from the contracts: the reference of
// both APIs, and the types of the web client. It reads the Go types for their
// form and the sources for their comments.
package reference

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/wire"
	"decentra.local/services/gateway"
)

// Where the files go, below the root of the repository.
const (
	markdownFile   = "API.md"
	typescriptFile = "web/src/lib/wire.generated.ts"
)

// Generate makes the files, by their path below the root of the repository.
func Generate(root string) (map[string][]byte, error) {
	sources, err := readSources(filepath.Join(root, "pkg", "wire"), filepath.Join(root, "pkg", "contract"))
	if err != nil {
		return nil, err
	}
	p, err := protocolOf(sources)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		markdownFile:   markdown(p, gateway.OpenAPI()),
		typescriptFile: typescript(p),
	}, nil
}

// protocol is all that goes over a WebSocket.
type protocol struct {
	client []clientFrame // sorted by type
	server []serverFrame // sorted by type
	shapes shapes
	oks    []string // the types whose fields an `ok` may carry
}

type clientFrame struct {
	Type   string
	Fields *shape
	// Answer is the answering frame's type, Body what it carries: nil for nothing.
	Answer string
	Body   *shape
	// Owners tells for each context, or for none, who takes the frame.
	Owners []owner
}

type owner struct {
	Context string
	Service string
	Doc     string // what the method says of its errors
}

type serverFrame struct {
	Type string
	Body *shape
}

// The frames that the gateway takes itself.
var edgeFrames = []struct {
	frameType string
	request   any
	answer    wire.Frame
	doc       string
}{
	{"signup", wire.Signup{}, wire.AuthSuccess{}, "Before the login only; refused with `auth_error`. After `auth_success` comes `init`."},
	{"login", wire.Login{}, wire.AuthSuccess{}, "Before the login only; refused with `auth_error`. After `auth_success` comes `init`."},
	{"auth", wire.Auth{}, wire.AuthSuccess{}, "Before the login only; refused with `auth_error`. After `auth_success` comes `init`."},
	{wire.Resync{}.FrameType(), struct{}{}, wire.Init{}, "Asks for a fresh `init`."},
}

func protocolOf(sources *sources) (*protocol, error) {
	p := &protocol{shapes: shapes{sources: sources, named: map[string]*shape{}}}
	answers := map[string]bool{}
	for _, e := range edgeFrames {
		p.client = append(p.client, clientFrame{
			Type: e.frameType, Fields: p.shapes.of(reflect.TypeOf(e.request)),
			Answer: e.answer.FrameType(), Body: p.shapes.of(reflect.TypeOf(e.answer)),
			Owners: []owner{{Service: "gateway", Doc: e.doc}},
		})
	}
	byType := map[string]*clientFrame{}
	keys := slices.SortedFunc(maps.Keys(contract.Frames), func(a, b contract.FrameKey) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.Context, b.Context))
	})
	for _, key := range keys {
		route := contract.Frames[key]
		request, answer := route.Endpoint.Types()
		f := clientFrame{Type: key.Type, Fields: p.shapes.of(request), Answer: "ok"}
		if answer.NumField() > 0 {
			f.Body = p.shapes.of(answer)
		}
		if route.Answer != "" {
			f.Answer = route.Answer
			if frame, ok := reflect.Zero(answer).Interface().(wire.Frame); !ok || frame.FrameType() != route.Answer {
				return nil, fmt.Errorf("%s is answered by %q, but %s is not that frame", key.Type, route.Answer, answer)
			}
		} else if f.Body != nil && !answers[f.Body.Name] {
			answers[f.Body.Name] = true
			p.oks = append(p.oks, f.Body.Name)
		}
		service, _, _ := strings.Cut(route.Endpoint.Subject(), ".")
		o := owner{Context: key.Context, Service: service, Doc: sources.methods[route.Endpoint.Subject()]}
		if same := byType[key.Type]; same != nil {
			if same.Fields != f.Fields || same.Answer != f.Answer || same.Body != f.Body {
				return nil, fmt.Errorf("the contexts of %s differ in their fields or answers", key.Type)
			}
			same.Owners = append(same.Owners, o)
			continue
		}
		f.Owners = []owner{o}
		byType[key.Type] = &f
	}
	for _, f := range byType {
		p.client = append(p.client, *f)
	}
	for _, f := range wire.ServerFrames {
		p.server = append(p.server, serverFrame{Type: f.FrameType(), Body: p.shapes.of(reflect.TypeOf(f))})
	}
	slices.SortFunc(p.client, func(a, b clientFrame) int { return strings.Compare(a.Type, b.Type) })
	slices.SortFunc(p.server, func(a, b serverFrame) int { return strings.Compare(a.Type, b.Type) })
	return p, p.shapes.err
}

// requestOnly reports whether a shape is nothing but the fields of client frames,
// which are described with these.
func (p *protocol) requestOnly(s *shape) bool {
	for _, f := range p.server {
		if f.Body == s {
			return false
		}
	}
	for _, f := range p.client {
		if f.Body == s {
			return false
		}
	}
	for _, other := range p.shapes.named {
		for _, f := range other.Fields {
			form := f.Type
			for form.Of != nil {
				form = *form.Of
			}
			if form.Shape == s {
				return false
			}
		}
	}
	return true
}
