package wire_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"decentra.local/pkg/wire"
)

// What a client can't learn of, it can't rely on: no frame is forgotten.
func TestServerFramesHasEveryFrame(t *testing.T) {
	listed := map[string]bool{}
	types := map[string]string{}
	for _, f := range wire.ServerFrames {
		name := reflect.TypeOf(f).Name()
		if other, ok := types[f.FrameType()]; ok {
			t.Errorf("%s and %s have the type %q", other, name, f.FrameType())
		}
		listed[name], types[f.FrameType()] = true, name
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Name.Name != "FrameType" || function.Recv == nil {
				continue
			}
			found++
			receiver, ok := function.Recv.List[0].Type.(*ast.Ident)
			if !ok {
				t.Errorf("%s: FrameType has a receiver that is no plain type", name)
			} else if !listed[receiver.Name] {
				t.Errorf("%s is a frame that ServerFrames does not have", receiver.Name)
			}
		}
	}
	if found != len(listed) {
		t.Errorf("%d frames are declared, %d listed", found, len(listed))
	}
}
