package scaffold

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/sallyport-mcp/sallyport/authz"
)

// operationsDir is where a project keeps its operations.
const operationsDir = "operations"

// project is a server that exists, as far as adding to it has to know.
type project struct {
	dir           string
	model, policy authz.Source
	pkg           string   // the name of the package of operations
	sources       []source // its files, tests among them, by name
	fset          *token.FileSet
}

// source is one Go file of the operations.
type source struct {
	path string // relative to the project, with slashes
	data []byte
	file *ast.File
}

// readProject reads the project in dir.
func readProject(dir string) (*project, error) {
	p := &project{dir: dir, fset: token.NewFileSet()}
	for _, needed := range []string{"go.mod", operationsDir, policyFile} {
		if _, err := os.Stat(filepath.Join(dir, needed)); err != nil {
			return nil, mistake("run this in the directory of a server that `sallyport new` made", "there is no %s here", needed)
		}
	}
	var err error
	if p.policy, err = readSource(dir, policyFile); err != nil {
		return nil, err
	}
	if p.model, err = readSource(dir, modelFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return p, p.readOperations()
}

func readSource(dir, name string) (authz.Source, error) {
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return authz.Source{}, err
	}
	return authz.Source{Name: name, Data: data}, nil
}

func (p *project) readOperations() error {
	names, err := filepath.Glob(filepath.Join(p.dir, operationsDir, "*.go"))
	if err != nil {
		return err
	}
	for _, name := range names {
		s := source{path: operationsDir + "/" + filepath.Base(name)}
		if s.data, err = os.ReadFile(name); err != nil {
			return err
		}
		if s.file, err = parser.ParseFile(p.fset, s.path, s.data, parser.ParseComments|parser.SkipObjectResolution); err != nil {
			return fmt.Errorf("this cannot be added to before it compiles: %w", err)
		}
		p.sources = append(p.sources, s)
		if !strings.HasSuffix(name, "_test.go") {
			p.pkg = s.file.Name.Name
		}
	}
	if p.pkg == "" {
		return mistake("run this in the directory of a server that `sallyport new` made", "there are no Go files in %s", operationsDir)
	}
	return nil
}

// at says where a node is.
func (p *project) at(node ast.Node) string {
	position := p.fset.Position(node.Pos())
	return fmt.Sprintf("%s:%d", position.Filename, position.Line)
}

// declaration finds where an identifier is declared at the top of a file; nil if nowhere.
func (p *project) declaration(name string) ast.Node {
	for _, s := range p.sources {
		for _, d := range s.file.Decls {
			for _, id := range declaredBy(d) {
				if id.Name == name {
					return id
				}
			}
		}
	}
	return nil
}

func declaredBy(d ast.Decl) []*ast.Ident {
	var list []*ast.Ident
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			list = append(list, d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				list = append(list, spec.Name)
			case *ast.ValueSpec:
				list = append(list, spec.Names...)
			}
		}
	}
	return list
}

// calls tells whether a file that is no test calls a function by this name.
func (p *project) calls(name string) bool {
	found := false
	for _, s := range p.sources {
		if strings.HasSuffix(s.path, "_test.go") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				id, plain := call.Fun.(*ast.Ident)
				found = found || plain && id.Name == name
			}
			return !found
		})
	}
	return found
}

// literal finds a declaration of an operation by the value of one of its fields; nil if there is none.
func (p *project) literal(kind Kind, field, value string) ast.Node {
	for _, lit := range p.declarations(kind) {
		for _, text := range textsOf(lit, field) {
			if text == value {
				return lit
			}
		}
	}
	return nil
}

// declarations are the literals of tools.Tool, tools.Resource or tools.Prompt in the files that are no tests.
func (p *project) declarations(kind Kind) []*ast.CompositeLit {
	var found []*ast.CompositeLit
	for _, s := range p.sources {
		if strings.HasSuffix(s.path, "_test.go") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.CompositeLit); ok {
				found = append(found, literalsOf(lit, kind)...)
			}
			return true
		})
	}
	return found
}

// literalsOf returns a literal if it declares an operation of this kind, and the elements of one that lists such without naming their
// type again.
func literalsOf(lit *ast.CompositeLit, kind Kind) []*ast.CompositeLit {
	if selects(lit.Type, kind.GoName()) {
		return []*ast.CompositeLit{lit}
	}
	array, ok := lit.Type.(*ast.ArrayType)
	if !ok || !selects(array.Elt, kind.GoName()) {
		return nil
	}
	var list []*ast.CompositeLit
	for _, element := range lit.Elts {
		if inner, ok := element.(*ast.CompositeLit); ok && inner.Type == nil {
			list = append(list, inner)
		}
	}
	return list
}

// selects tells an expression like tools.Tool, whatever the package is called in the file.
func selects(e ast.Expr, name string) bool {
	selector, ok := e.(*ast.SelectorExpr)
	return ok && selector.Sel.Name == name
}

// needed are the permissions that a declaration names; they default to its scopes.
func needed(lit *ast.CompositeLit) []string {
	if list := textsOf(lit, "Permissions"); len(list) > 0 {
		return list
	}
	return textsOf(lit, "Scopes")
}

// textsOf returns the texts that are written out in a field of a literal.
func textsOf(lit *ast.CompositeLit, field string) []string {
	var list []string
	for _, element := range lit.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		if key, named := pair.Key.(*ast.Ident); !named || key.Name != field {
			continue
		}
		ast.Inspect(pair.Value, func(n ast.Node) bool {
			if basic, ok := n.(*ast.BasicLit); ok && basic.Kind == token.STRING {
				if text, err := strconv.Unquote(basic.Value); err == nil {
					list = append(list, text)
				}
			}
			return true
		})
	}
	return list
}
