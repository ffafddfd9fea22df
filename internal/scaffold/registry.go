package scaffold

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// edit is a file of a person's with lines added to it.
type edit struct {
	path          string // relative to the project, with slashes
	before, after []byte
	added         []Addition
}

// register adds a call to the list that a function of the operations returns. It knows one shape of such a function: a single return of
// a list that is written out. Everything but the new line stays byte for byte. No edit and no error: somebody has listed it already.
func (p *project) register(o operation) (*edit, bool) {
	call := o.Constructor()
	if p.calls(call) {
		return nil, true
	}
	for _, s := range p.sources {
		list := returned(s.file, o.Kind)
		if list == nil || strings.HasSuffix(s.path, "_test.go") {
			continue
		}
		at, text := insertion(s.data, p.fset.Position(list.Lbrace).Offset, p.fset.Position(list.Rbrace).Offset, call+"()")
		after := insert(s.data, at, text)
		if !grown(after, o.Kind, len(list.Elts), call) {
			return nil, false
		}
		return &edit{path: s.path, before: s.data, after: after, added: []Addition{{lineOf(s.data, at, text), call + "(),"}}}, true
	}
	return nil, false
}

// returned finds the list in a file: what its function for this kind returns.
func returned(file *ast.File, kind Kind) *ast.CompositeLit {
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil || f.Name.Name != kind.List() || f.Body == nil || len(f.Body.List) != 1 {
			continue
		}
		statement, ok := f.Body.List[0].(*ast.ReturnStmt)
		if !ok || len(statement.Results) != 1 {
			continue
		}
		list, ok := statement.Results[0].(*ast.CompositeLit)
		if !ok {
			continue
		}
		if array, ok := list.Type.(*ast.ArrayType); ok && array.Len == nil && selects(array.Elt, kind.GoName()) {
			return list
		}
	}
	return nil
}

// insertion is where and what to insert for a call in front of the closing brace of a list: a line of its own, or an element of a list
// that is on one line.
func insertion(data []byte, open, shut int, call string) (int, string) {
	start := bytes.LastIndexByte(data[:shut], '\n') + 1
	ending := lineEnd(data)
	switch {
	case start > open && len(bytes.TrimSpace(data[start:shut])) == 0: // the brace is alone on its line
		return start, string(data[start:shut]) + "\t" + call + "," + ending
	case len(bytes.TrimSpace(data[open+1:shut])) == 0 && !endsLine(data[shut+1:]):
		return shut, call
	case len(bytes.TrimSpace(data[open+1:shut])) == 0:
		line := data[bytes.LastIndexByte(data[:open], '\n')+1:]
		indent := string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
		return shut, ending + indent + "\t" + call + "," + ending + indent
	}
	return shut, ", " + call
}

// endsLine tells whether nothing but a line end is in front of the rest of a file.
func endsLine(rest []byte) bool {
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return len(bytes.TrimSpace(line)) == 0
}

// insert puts a text into a file and leaves everything else as it is.
func insert(data []byte, at int, text string) []byte {
	return bytes.Join([][]byte{data[:at], data[at:]}, []byte(text))
}

// lineOf is the line on which a text begins that was inserted, not counting line ends in front of it.
func lineOf(data []byte, at int, text string) int {
	lead := text[:len(text)-len(strings.TrimLeft(text, "\r\n"))]
	return 1 + bytes.Count(data[:at], []byte("\n")) + strings.Count(lead, "\n")
}

// grown tells whether a changed file lists one operation more, and that it is the new one.
func grown(data []byte, kind Kind, before int, call string) bool {
	file, err := parser.ParseFile(token.NewFileSet(), "", data, parser.SkipObjectResolution)
	if err != nil {
		return false
	}
	list := returned(file, kind)
	if list == nil || len(list.Elts) != before+1 {
		return false
	}
	last, ok := list.Elts[before].(*ast.CallExpr)
	if !ok {
		return false
	}
	id, ok := last.Fun.(*ast.Ident)
	return ok && id.Name == call
}

// lineEnd is what ends the lines of a file.
func lineEnd(data []byte) string {
	if bytes.Contains(data, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}
