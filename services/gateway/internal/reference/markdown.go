package reference

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// intro is what the sources don't say.
//
//go:embed intro.md
var intro string

// markdown writes API.md.
func markdown(p *protocol, api *huma.OpenAPI) []byte {
	b := &strings.Builder{}
	b.WriteString(intro)
	rest := describeREST(b, api)
	describeFrames(b, p)

	b.WriteString("\n## Types\n\nA field with `?` may be missing.\n")
	types := map[string]func(){}
	for _, s := range p.shapes.sorted() {
		if !p.requestOnly(s) || slices.Contains(rest, s.Name) {
			types[s.Name] = func() { describeShape(b, s) }
		}
	}
	for _, name := range rest {
		if types[name] == nil {
			types[name] = func() { describeSchema(b, name, api) }
		}
	}
	for _, name := range slices.Sorted(maps.Keys(types)) {
		types[name]()
	}
	return []byte(b.String())
}

func describeFrames(b *strings.Builder, p *protocol) {
	b.WriteString("\n## Frames from a client\n\n| type | fields | answer | owner |\n|---|---|---|---|\n")
	for _, f := range p.client {
		var owners []string
		for _, o := range f.Owners {
			if !slices.Contains(owners, o.Service) {
				owners = append(owners, o.Service)
			}
		}
		fmt.Fprintf(b, "| [`%s`](#client-%s) | %s | %s | %s |\n", f.Type, f.Type, shortly(f.Fields), answerOf(f), strings.Join(owners, ", "))
	}
	for _, f := range p.client {
		fmt.Fprintf(b, "\n<a id=\"client-%s\"></a>\n\n### `%s`\n\n", f.Type, f.Type)
		if f.Fields.Doc != "" {
			b.WriteString(f.Fields.Doc + "\n\n")
		}
		describeFields(b, f.Fields.Fields)
		fmt.Fprintf(b, "Answer: %s.\n", answerOf(f))
		for _, o := range f.Owners {
			where := "The " + o.Service + " service"
			if o.Context != "" {
				where += ", context `" + o.Context + "`"
			}
			fmt.Fprintf(b, "\n%s. %s\n", where, o.Doc)
		}
	}
	b.WriteString("\n## Frames from the server\n\n| type | fields | |\n|---|---|---|\n")
	for _, f := range p.server {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", f.Type, shortly(f.Body)+reference(f.Body), cell(f.Body.Doc))
	}
	b.WriteString("| `ok` | `request_id`, and the fields of the answer | Acknowledges a frame that has a `request_id` and no answer of its own. |\n")
}

func answerOf(f clientFrame) string {
	if f.Body == nil || f.Body.Name == "" {
		return "`" + f.Answer + "`"
	}
	return "`" + f.Answer + "`" + reference(f.Body)
}

func reference(s *shape) string {
	if s == nil || s.Name == "" || len(s.Fields) == 0 {
		return ""
	}
	return " (" + typeLink(s.Name) + ")"
}

// shortly lists the names of the fields.
func shortly(s *shape) string {
	var names []string
	for _, f := range s.Fields {
		names = append(names, "`"+f.Name+"`"+mark(f.Optional, "?"))
	}
	return strings.Join(names, ", ")
}

func describeShape(b *strings.Builder, s *shape) {
	typeHeading(b, s.Name)
	if s.Doc != "" {
		b.WriteString(s.Doc + "\n\n")
	}
	describeFields(b, s.Fields)
}

func describeFields(b *strings.Builder, fields []field) {
	if len(fields) == 0 {
		return
	}
	b.WriteString("| field | type | |\n|---|---|---|\n")
	for _, f := range fields {
		fmt.Fprintf(b, "| `%s`%s | %s | %s |\n", f.Name, mark(f.Optional, "?"), words(f.Type)+mark(f.Nullable, " or null"), cell(f.Doc))
	}
	b.WriteString("\n")
}

func words(f form) string {
	switch f.Kind {
	case text:
		if len(f.Words) > 0 {
			return "`" + strings.Join(f.Words, "`, `") + "`"
		}
		return "text"
	case boolean:
		return "boolean"
	case integer:
		return "integer"
	case number:
		return "number"
	case moment:
		return "time"
	case list:
		return "list of " + words(*f.Of)
	case table:
		return "object of " + words(*f.Of)
	case object:
		return typeLink(f.Shape.Name)
	default:
		return "any"
	}
}

// typeHeading is what typeLink leads to; frames have the same names, but for case.
func typeHeading(b *strings.Builder, name string) {
	fmt.Fprintf(b, "\n<a id=\"type-%s\"></a>\n\n### %s\n\n", strings.ToLower(name), name)
}

func typeLink(name string) string {
	return "[" + name + "](#type-" + strings.ToLower(name) + ")"
}

// cell is a text inside a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }
