package server

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// reasonArguments are the functions that take a reason, with the place of it
// among their arguments.
var reasonArguments = map[string]int{
	"plain": 3, "Internal": 0, "InvalidToken": 0, "Unavailable": 1, "admitted": 2,
	"take": 2, "TooManyRequests": 1,
}

// sources collects the reasons that the sources in a directory name, and where.
func sources(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := token.NewFileSet()
	found := map[string]string{}
	note := func(at ast.Expr, literal ast.Expr) {
		text, ok := literal.(*ast.BasicLit)
		if !ok || text.Kind != token.STRING {
			return
		}
		reason, err := strconv.Unquote(text.Value)
		if err != nil {
			t.Fatal(err)
		}
		found[reason] = files.Position(at.Pos()).String()
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, filepath.Join(dir, entry.Name()), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				place, ok := reasonArguments[lastName(n.Fun)]
				if ok && len(n.Args) > place {
					if _, built := n.Args[place].(*ast.BinaryExpr); built {
						t.Errorf("%s: a reason is put together while running; write it out, so that it can be listed", files.Position(n.Pos()))
					}
					note(n, n.Args[place])
				}
			case *ast.KeyValueExpr:
				if lastName(n.Key) == "Reason" {
					note(n.Key, n.Value)
				}
			case *ast.AssignStmt:
				for i, left := range n.Lhs {
					if strings.EqualFold(lastName(left), "reason") && len(n.Rhs) == len(n.Lhs) {
						note(left, n.Rhs[i])
					}
				}
			case *ast.ValueSpec:
				for i, name := range n.Names {
					if regexp.MustCompile(`^[rR]eason[A-Z]`).MatchString(name.Name) && i < len(n.Values) {
						note(name, n.Values[i])
					}
				}
			}
			return true
		})
	}
	return found
}

// lastName is the name of f in f and in p.f.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// TestReasonsAreThoseOfTheSources finds every reason that a record can have, and
// expects exactly those in the metrics: none of them becomes "other", and none
// is invented.
func TestReasonsAreThoseOfTheSources(t *testing.T) {
	found := map[string]string{}
	for _, dir := range []string{".", "../transport", "../transport/token", "../authz"} {
		reasons := sources(t, dir)
		if len(reasons) == 0 {
			t.Errorf("%s: no reasons found; the test looks for the wrong thing", dir)
		}
		maps.Copy(found, reasons)
	}
	for reason, where := range found {
		// authz findings have a Reason too: a sentence, which goes to nobody's audit.
		if !regexp.MustCompile(`^[a-z][a-z_]*$`).MatchString(reason) {
			delete(found, reason)
			t.Logf("%s: %q is no code", where, reason)
		}
	}
	delete(found, reasonOther)
	listed := append(allowReasons(), denyReasons()...)
	slices.Sort(listed)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(found)), listed); diff != "" {
		t.Errorf("reasons of the sources (-) and of the metrics (+):\n%s\nsources:\n%v", diff, found)
	}
}

// TestTheTallyDoesNotGrow counts what no source says.
func TestTheTallyDoesNotGrow(t *testing.T) {
	a := newAuditLog(newSink(), quiet())
	size := len(a.tally)
	for i := range 1000 {
		a.add(&record{reason: fmt.Sprintf("made up %d", i), allow: i%4 == 0})
		a.addAnonymous(&record{reason: fmt.Sprintf("made up %d", i)})
	}
	a.add(&record{reason: "listed"}) // a reason to allow is none to deny
	a.add(&record{reason: "listed", allow: true})
	stats, outcomes := a.snapshot()
	if len(outcomes) != size {
		t.Errorf("%d keys became %d", size, len(outcomes))
	}
	got := map[outcomeKey]uint64{}
	for key, n := range outcomes {
		if n > 0 {
			got[key] = n
		}
	}
	want := map[outcomeKey]uint64{{true, reasonOther}: 250, {false, reasonOther}: 1751, {true, "listed"}: 1}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(outcomeKey{})); diff != "" || stats.Decisions != 2002 {
		t.Errorf("%d decisions, outcomes (-want +got):\n%s", stats.Decisions, diff)
	}
}
