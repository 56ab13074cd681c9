package reference

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// sources has the comments of the contracts.
type sources struct {
	types   map[string]string // by package and type: wire.Server
	fields  map[string]string // by package, type and field: wire.Server.ID
	methods map[string]string // by subject: chat.rpc.send
}

func readSources(directories ...string) (*sources, error) {
	s := &sources{types: map[string]string{}, fields: map[string]string{}, methods: map[string]string{}}
	constants := map[string]string{}
	var values []*ast.ValueSpec
	for _, directory := range directories {
		entries, err := os.ReadDir(directory)
		if err != nil {
			return nil, fmt.Errorf("read sources: %w", err)
		}
		for _, entry := range entries {
			if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(directory, entry.Name()), nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return nil, fmt.Errorf("read sources: %w", err)
			}
			for _, declaration := range file.Decls {
				general, ok := declaration.(*ast.GenDecl)
				if !ok {
					continue
				}
				for _, spec := range general.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						s.addType(file.Name.Name, spec, general.Doc)
					case *ast.ValueSpec:
						if general.Tok == token.CONST {
							addConstant(constants, spec)
						} else {
							if spec.Doc == nil && len(general.Specs) == 1 {
								spec.Doc = general.Doc
							}
							values = append(values, spec)
						}
					}
				}
			}
		}
	}
	for _, v := range values {
		s.addMethod(v, constants)
	}
	return s, nil
}

func (s *sources) addType(pkg string, spec *ast.TypeSpec, doc *ast.CommentGroup) {
	if spec.Doc != nil {
		doc = spec.Doc
	}
	name := pkg + "." + spec.Name.Name
	s.types[name] = line(doc)
	structure, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, field := range structure.Fields.List {
		text := line(field.Doc)
		if text == "" {
			text = line(field.Comment)
		}
		for _, n := range field.Names {
			s.fields[name+"."+n.Name] = text
		}
	}
}

func addConstant(constants map[string]string, spec *ast.ValueSpec) {
	for i, name := range spec.Names {
		if i < len(spec.Values) {
			if text, ok := literal(spec.Values[i]); ok {
				constants[name.Name] = text
			}
		}
	}
}

// addMethod notes the comment of an rpc.Method: `X = rpc.Method[…]{Service: Chat, Name: "x"}`.
func (s *sources) addMethod(spec *ast.ValueSpec, constants map[string]string) {
	if len(spec.Values) != 1 {
		return
	}
	composite, ok := spec.Values[0].(*ast.CompositeLit)
	if !ok {
		return
	}
	parts := map[string]string{}
	for _, element := range composite.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			return
		}
		key, ok := pair.Key.(*ast.Ident)
		if !ok {
			return
		}
		if text, ok := literal(pair.Value); ok {
			parts[key.Name] = text
		} else if name, ok := pair.Value.(*ast.Ident); ok {
			parts[key.Name] = constants[name.Name]
		}
	}
	if parts["Service"] != "" && parts["Name"] != "" {
		doc := line(spec.Doc)
		// `Login: invalid, unauthenticated.` says the errors alone.
		if rest, ok := strings.CutPrefix(doc, spec.Names[0].Name+": "); ok {
			doc = "Errors: " + rest
		}
		s.methods[parts["Service"]+".rpc."+parts["Name"]] = doc
	}
}

func literal(e ast.Expr) (string, bool) {
	basic, ok := e.(*ast.BasicLit)
	if !ok || basic.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(basic.Value)
	return text, err == nil
}

// line is a comment as one line.
func line(doc *ast.CommentGroup) string {
	if doc == nil {
		return ""
	}
	words := strings.Fields(doc.Text())
	for i, word := range words {
		if word == "nil" { // as clients see it
			words[i] = "null"
		}
	}
	return strings.Join(words, " ")
}
