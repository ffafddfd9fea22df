package readme

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// declaration returns the source of one top-level function, type, variable or constant, with its comment.
func declaration(t *testing.T, path, name string) string {
	t.Helper()
	source := read(t, path)
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, candidate := range file.Decls {
		if declares(candidate, name) {
			return source[files.Position(start(candidate)).Offset:files.Position(candidate.End()).Offset]
		}
	}
	t.Fatalf("%s declares no %s", path, name)
	return ""
}

func declares(candidate ast.Decl, name string) bool {
	switch d := candidate.(type) {
	case *ast.FuncDecl:
		return d.Name.Name == name
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if names(spec, name) {
				return true
			}
		}
	}
	return false
}

func names(spec ast.Spec, name string) bool {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		return s.Name.Name == name
	case *ast.ValueSpec:
		for _, identifier := range s.Names {
			if identifier.Name == name {
				return true
			}
		}
	}
	return false
}

func start(candidate ast.Decl) token.Pos {
	switch d := candidate.(type) {
	case *ast.FuncDecl:
		if d.Doc != nil {
			return d.Doc.Pos()
		}
	case *ast.GenDecl:
		if d.Doc != nil {
			return d.Doc.Pos()
		}
	}
	return candidate.Pos()
}
