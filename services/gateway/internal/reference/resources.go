package reference

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

type endpoint struct {
	method, path string
	op           *huma.Operation
}

// describeREST writes the resources and names the types that they use.
func describeREST(b *strings.Builder, api *huma.OpenAPI) (types []string) {
	byTag := map[string][]endpoint{}
	for path, item := range api.Paths {
		for method, op := range map[string]*huma.Operation{
			http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put,
			http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
		} {
			if op == nil {
				continue
			}
			byTag[op.Tags[0]] = append(byTag[op.Tags[0]], endpoint{method, api.Servers[0].URL + path, op})
		}
	}
	b.WriteString("\n## REST resources\n")
	for _, t := range api.Tags {
		tag := t.Name
		fmt.Fprintf(b, "\n### %s\n\n| endpoint | takes | answers |\n|---|---|---|\n", tag)
		order := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
		slices.SortFunc(byTag[tag], func(a, b endpoint) int {
			return cmp.Or(strings.Compare(a.path, b.path), slices.Index(order, a.method)-slices.Index(order, b.method))
		})
		for _, e := range byTag[tag] {
			takes, took := takes(e.op)
			answers, answered := answers(e.op)
			types = append(append(types, took...), answered...)
			fmt.Fprintf(b, "| `%s %s`<br>%s%s | %s | %s |\n", e.method, e.path, cell(e.op.Summary),
				mark(len(e.op.Security) == 0, " (takes no session)"), takes, answers)
		}
	}
	return closure(types, api)
}

// takes describes the parameters that the path does not show, and the body.
func takes(op *huma.Operation) (text string, types []string) {
	var parts []string
	for _, p := range op.Parameters {
		switch p.In {
		case "query":
			parts = append(parts, fmt.Sprintf("`%s`%s %s", p.Name, mark(!p.Required, "?"), bounds(p)))
		case "header":
			parts = append(parts, "header `"+p.Name+"`?")
		}
	}
	if op.RequestBody != nil {
		ref := op.RequestBody.Content["application/json"].Schema.Ref
		parts = append(parts, link(ref)+mark(!op.RequestBody.Required, "?"))
		types = append(types, refName(ref))
	}
	return strings.Join(parts, ", "), types
}

func bounds(p *huma.Param) string {
	if p.Schema.Minimum != nil && p.Schema.Maximum != nil {
		return fmt.Sprintf("(%g to %g)", *p.Schema.Minimum, *p.Schema.Maximum)
	}
	return ""
}

// answers describes the success, then the refusals.
func answers(op *huma.Operation) (text string, types []string) {
	var refusals []string
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		response := op.Responses[status]
		if response.Ref != "" {
			refusals = append(refusals, status)
			continue
		}
		text = status
		if body := response.Content["application/json"]; body != nil {
			text += " " + link(body.Schema.Ref)
			types = append(types, refName(body.Schema.Ref))
		}
	}
	return text + "; " + strings.Join(refusals, ", "), types
}

func refName(ref string) string { return ref[strings.LastIndex(ref, "/")+1:] }

func link(ref string) string { return typeLink(refName(ref)) }

// closure adds the types that types refer to.
func closure(types []string, api *huma.OpenAPI) []string {
	seen := map[string]bool{}
	for len(types) > 0 {
		name := types[0]
		types = types[1:]
		schema := api.Components.Schemas.Map()[name]
		if seen[name] || schema == nil {
			continue
		}
		seen[name] = true
		for _, property := range schema.Properties {
			for property.Items != nil {
				property = property.Items
			}
			if property.Ref != "" {
				types = append(types, refName(property.Ref))
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// describeSchema writes a type that only REST has.
func describeSchema(b *strings.Builder, name string, api *huma.OpenAPI) {
	schema := api.Components.Schemas.Map()[name]
	typeHeading(b, name)
	b.WriteString("| field | type | |\n|---|---|---|\n")
	for _, field := range slices.Sorted(maps.Keys(schema.Properties)) {
		property := schema.Properties[field]
		optional := mark(!slices.Contains(schema.Required, field), "?")
		fmt.Fprintf(b, "| `%s`%s | %s | %s |\n", field, optional, schemaWords(property)+mark(property.Nullable, " or null"), cell(property.Description))
	}
	b.WriteString("\n")
}

func schemaWords(s *huma.Schema) string {
	switch {
	case s.Ref != "":
		return link(s.Ref)
	case s.Type == huma.TypeArray:
		return "list of " + schemaWords(s.Items)
	case len(s.Enum) > 0:
		var all []string
		for _, word := range s.Enum {
			all = append(all, fmt.Sprintf("`%v`", word))
		}
		return strings.Join(all, ", ")
	case s.Format == "date-time":
		return "time"
	case s.Type == huma.TypeString:
		return "text"
	default:
		return s.Type
	}
}
