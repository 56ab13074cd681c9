package reference

import (
	"fmt"
	"strings"
)

// typescript writes the types of the web client.
func typescript(p *protocol) []byte {
	var b strings.Builder
	b.WriteString(`// Code generated from the Go types by "make generate"; DO NOT EDIT.

/** A moment: ISO 8601 with microseconds and an offset. */
export type Time = string;

export type Nothing = Record<never, never>;

`)
	for _, s := range p.shapes.sorted() {
		comment(&b, "", s.Doc)
		if len(s.Fields) == 0 {
			fmt.Fprintf(&b, "export type %s = Nothing;\n\n", s.Name)
			continue
		}
		fmt.Fprintf(&b, "export interface %s {\n", s.Name)
		for _, f := range s.Fields {
			comment(&b, "\t", f.Doc)
			fmt.Fprintf(&b, "\t%s%s: %s;\n", f.Name, mark(f.Optional, "?"), script(f.Type)+mark(f.Nullable, " | null"))
		}
		b.WriteString("}\n\n")
	}

	comment(&b, "", "What the server sends, by type. `ok` has the fields of what it answers.")
	b.WriteString("export interface ServerBodies {\n")
	for _, f := range p.server {
		fmt.Fprintf(&b, "\t%s: %s;\n", f.Type, name(f.Body))
	}
	fmt.Fprintf(&b, "\tok: Partial<%s>;\n", strings.Join(p.oks, " & "))
	b.WriteString("}\n\n")

	comment(&b, "", "What a client sends, by type.")
	b.WriteString("export interface ClientBodies {\n")
	for _, f := range p.client {
		fmt.Fprintf(&b, "\t%s: %s;\n", f.Type, name(f.Fields))
	}
	b.WriteString("}\n\n")

	b.WriteString(`export type ServerFrameType = keyof ServerBodies;
export type ClientFrameType = keyof ClientBodies;

/** The frame from the server of a type, or of some types. An answer has the ` + "`request_id`" + ` of what it answers. */
export type FrameOf<T extends ServerFrameType> = { [K in T]: { type: K; request_id?: string } & ServerBodies[K] }[T];

/** The frame from a client of a type, or of some types. */
export type ClientFrameOf<T extends ClientFrameType> = { [K in T]: { type: K; request_id?: string } & ClientBodies[K] }[T];

export type ServerFrame = FrameOf<ServerFrameType>;
export type ClientFrame = ClientFrameOf<ClientFrameType>;
`)
	return []byte(b.String())
}

func comment(b *strings.Builder, indent, doc string) {
	if doc != "" {
		fmt.Fprintf(b, "%s/** %s */\n", indent, strings.ReplaceAll(doc, "*/", "* /"))
	}
}

func mark(on bool, text string) string {
	if on {
		return text
	}
	return ""
}

// name is how a shape is referred to; nothing, and what has no name, is empty.
func name(s *shape) string {
	if s == nil || s.Name == "" {
		return "Nothing"
	}
	return s.Name
}

func script(f form) string {
	switch f.Kind {
	case text:
		if len(f.Words) > 0 {
			return "'" + strings.Join(f.Words, "' | '") + "'"
		}
		return "string"
	case boolean:
		return "boolean"
	case integer, number:
		return "number"
	case moment:
		return "Time"
	case list:
		if len(f.Of.Words) > 0 {
			return "(" + script(*f.Of) + ")[]"
		}
		return script(*f.Of) + "[]"
	case table:
		return "Record<string, " + script(*f.Of) + ">"
	case object:
		return name(f.Shape)
	default:
		return "unknown"
	}
}
