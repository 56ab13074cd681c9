package reference

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"

	"decentra.local/pkg/wire"
)

// shape is a Go struct as JSON has it.
type shape struct {
	Name   string
	Doc    string
	Fields []field
}

// field of a shape; those of embedded structs are among them.
type field struct {
	Name     string
	Doc      string
	Optional bool // may be missing
	Nullable bool // may be null
	Type     form
}

// form is the type of a value.
type form struct {
	Kind  kind
	Words []string // of which a text is one, if any
	Of    *form    // what a list or a map has
	Shape *shape   // of an object
}

type kind int

const (
	text kind = iota
	boolean
	integer
	number
	moment
	list
	table
	object
	anything
)

// shapes collects them: each has a name of its own.
type shapes struct {
	sources *sources
	named   map[string]*shape
	types   map[*shape]reflect.Type
	err     error
}

// sorted lists them by name.
func (s *shapes) sorted() []*shape {
	var all []*shape
	for _, name := range slices.Sorted(maps.Keys(s.named)) {
		all = append(all, s.named[name])
	}
	return all
}

// of is the shape of a struct.
func (s *shapes) of(t reflect.Type) *shape {
	if t.Name() == "" || t.NumField() == 0 && path.Base(t.PkgPath()) == "contract" {
		return &shape{} // an empty request
	}
	if known := s.named[t.Name()]; known != nil {
		if s.types[known] != t {
			s.fail("two types are named %s", t.Name())
		}
		return known
	}
	made := &shape{Name: t.Name(), Doc: s.sources.types[path.Base(t.PkgPath())+"."+t.Name()]}
	if s.types == nil {
		s.types = map[*shape]reflect.Type{}
	}
	s.named[t.Name()], s.types[made] = made, t
	made.Fields = s.fields(t)
	return made
}

func (s *shapes) fields(t reflect.Type) []field {
	var all []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			all = append(all, s.fields(f.Type)...)
			continue
		}
		if name == "-" || !f.IsExported() {
			continue
		}
		if name == "" {
			s.fail("%s.%s has no name in JSON", t, f.Name)
		}
		made := field{
			Name: name, Doc: s.sources.fields[path.Base(t.PkgPath())+"."+t.Name()+"."+f.Name],
			Optional: slices.Contains(strings.Split(options, ","), "omitempty"),
		}
		ft := f.Type
		if ft.Kind() == reflect.Pointer {
			ft, made.Nullable = ft.Elem(), !made.Optional
		}
		made.Type = s.form(ft)
		if words := f.Tag.Get("enum"); words != "" {
			target := &made.Type
			for target.Of != nil {
				target = target.Of
			}
			target.Words = strings.Split(words, ",")
		}
		all = append(all, made)
	}
	return all
}

func (s *shapes) form(t reflect.Type) form {
	switch {
	case t == reflect.TypeFor[wire.Time]():
		return form{Kind: moment}
	case t == reflect.TypeFor[json.RawMessage]():
		return form{Kind: anything}
	case t.Implements(reflect.TypeFor[json.Marshaler]()):
		s.fail("%s writes its JSON itself", t)
	}
	switch t.Kind() {
	case reflect.String:
		return form{Kind: text}
	case reflect.Bool:
		return form{Kind: boolean}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return form{Kind: integer}
	case reflect.Float32, reflect.Float64:
		return form{Kind: number}
	case reflect.Slice:
		of := s.form(t.Elem())
		return form{Kind: list, Of: &of}
	case reflect.Map:
		of := s.form(t.Elem())
		return form{Kind: table, Of: &of}
	case reflect.Struct:
		return form{Kind: object, Shape: s.of(t)}
	case reflect.Interface:
		return form{Kind: anything}
	default:
		s.fail("%s has no form in JSON that is known here", t)
		return form{Kind: anything}
	}
}

// fail keeps the first thing that is wrong with the types.
func (s *shapes) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}
