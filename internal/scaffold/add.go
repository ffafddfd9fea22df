package scaffold

import (
	"fmt"
	"go/ast"
	"path/filepath"
	"strings"
)

// AddOptions says what to add to a server.
type AddOptions struct {
	// Dir is the server's directory.
	Dir string
	// Kind and Name say what; of a resource the name is its URI or URI template.
	Kind Kind
	Name string
	// As is the name of a resource; empty means the words of its URI.
	As string
	// Scopes and Permissions are declared as they are. Permissions default to the scopes.
	Scopes, Permissions []string
	// Role is who may use it by the policy, with or without "role:" in front. Empty means whoever may already, else the role that includes
	// the others.
	Role string
}

// Added is what [Add] has written.
type Added struct {
	// What names the operation, as in "tool report".
	What string
	// Files are the new files, with slashes; Handler is the function in the first one that does the work.
	Files   []string
	Handler string
	// Edits are the files that were there before.
	Edits []Edited
	// Role is the role that may use the operation, AlreadyAllowed tells that the policy said so before.
	Role           string
	AlreadyAllowed bool
	// Listed tells that somebody had listed the operation already, so that no line was needed for that.
	Listed bool
	// Member is somebody who may use it, and Anyone tells that everybody may.
	Member string
	Anyone bool
}

// Edited is a file in which lines were added and nothing else was changed.
type Edited struct {
	Path  string
	Added []Addition
}

// Addition is a line that was added.
type Addition struct {
	Line int
	Text string
}

// Exists is the error of [Add] about what is there already. Nothing was written.
type Exists struct {
	// What and Where say what is there, and where.
	What, Where string
}

// Error says both.
func (e Exists) Error() string {
	return fmt.Sprintf("there is a %s already, in %s; nothing was changed", e.What, e.Where)
}

// ByHand is the error of [Add] if it does not know its way about in the code. Nothing was written.
type ByHand struct {
	// List is the function in which the operation is to be listed, and Line what to write there.
	List, Line string
}

// Error says what to do.
func (e ByHand) Error() string {
	return fmt.Sprintf("no function %s in %s/ returns a list that is written out, so nothing was added.\n"+
		"List it yourself, where your own code does that:\n\n    %s\n\nThen run the same command again; it adds the rest.", e.List, operationsDir, e.Line)
}

// Add writes the files of an operation with its test, lists it, and lets a role use it, all of that or nothing. Edited files are the
// same but for the added lines, byte for byte. The error is a [Mistake], an [Exists] or a [ByHand] if it says why not.
func Add(o AddOptions) (Added, error) {
	op, err := newOperation(o)
	if err != nil {
		return Added{}, err
	}
	p, err := readProject(o.Dir)
	if err != nil {
		return Added{}, err
	}
	op.Package = p.pkg
	if err := p.checkNew(op); err != nil {
		return Added{}, err
	}
	given, err := p.permit(&op, o.Role)
	if err != nil {
		return Added{}, err
	}
	listed, known := p.register(op)
	if !known {
		return Added{}, ByHand{List: op.Kind.List(), Line: op.Constructor() + "(),"}
	}
	files, err := op.render()
	if err != nil {
		return Added{}, err
	}
	var edits []edit
	for _, e := range []*edit{listed, given.edit} {
		if e != nil {
			edits = append(edits, *e)
		}
	}
	if err := apply(o.Dir, files, edits); err != nil {
		return Added{}, err
	}
	return report(op, given, listed == nil, files, edits), nil
}

// checkNew refuses an operation that is there already, or whose names in Go are.
func (p *project) checkNew(o operation) error {
	for _, same := range [][2]string{{"URI", o.URI}, {"Name", o.Name}} {
		if at := p.literal(o.Kind, same[0], same[1]); at != nil && same[1] != "" {
			return Exists{What: fmt.Sprintf("%s whose %s is %q", o.Kind, same[0], same[1]), Where: p.at(at)}
		}
	}
	var at ast.Node
	for _, name := range o.identifiers() {
		if at = p.declaration(name); at != nil {
			return Exists{What: "declaration of " + name, Where: p.at(at)}
		}
	}
	for _, name := range o.paths() {
		for _, s := range p.sources {
			if strings.EqualFold(s.path, name) {
				return Exists{What: "file", Where: s.path}
			}
		}
	}
	return nil
}

// paths are those of the operation's files: its own and its test's.
func (o operation) paths() []string {
	base := operationsDir + "/" + o.file()
	return []string{base + ".go", base + "_test.go"}
}

func (o operation) render() ([]rendered, error) {
	var files []rendered
	for i, name := range []string{string(o.Kind), "test"} {
		text, err := render("templates/add/"+name+".go"+templateSuffix, o)
		if err != nil {
			return nil, err
		}
		files = append(files, rendered{o.paths()[i], text})
	}
	return files, nil
}

func report(o operation, given grant, listed bool, files []rendered, edits []edit) Added {
	a := Added{
		What: o.what(), Handler: o.Handler(), Role: given.role, AlreadyAllowed: given.already, Listed: listed,
		Member: o.Member.String(), Anyone: o.Denied == "",
	}
	for _, f := range files {
		a.Files = append(a.Files, f.path)
	}
	for _, e := range edits {
		a.Edits = append(a.Edits, Edited{filepath.ToSlash(e.path), e.added})
	}
	return a
}
