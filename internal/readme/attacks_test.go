package readme

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const attacks = root + "/docs/attacks.md"

// attack is a test that is named after what it answers.
type attack struct{ id, test, pkg, about string }

// numbered is the name of such a test: a class and a number, or several, and what it is about.
var numbered = regexp.MustCompile(`^(?:Test|Benchmark)((?:[A-Z]\d\d_)+)(\w+)$`)

// inText is an id where it stands within a test: the name of a subtest, or a comment.
var inText = regexp.MustCompile(`\b([A-Z])-(\d\d)\b`)

// TestAttacks holds docs/attacks.md against the tests that it lists.
func TestAttacks(t *testing.T) {
	generated := attacksPage(allAttacks(t))
	if *update {
		if err := os.WriteFile(attacks, []byte(generated), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(read(t, attacks), generated); diff != "" {
		t.Errorf("docs/attacks.md is out of date; run `go test ./internal/readme -update` (-page +generated)\n%s", diff)
	}
}

func allAttacks(t *testing.T) []attack {
	t.Helper()
	var list []attack
	for _, folder := range []string{"authserver", "authz", "internal", "server", "tools", "transport"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") || strings.Contains(path, "tokendiff") {
				return err
			}
			found, err := attacksIn(path)
			list = append(list, found...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.SortFunc(list, func(a, b attack) int { return strings.Compare(a.id+a.pkg+a.test, b.id+b.pkg+b.test) })
	return slices.Compact(list)
}

// attacksIn returns the tests of one file, each under the id in its name and under those in its text.
func attacksIn(path string) ([]attack, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	pkg := filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), root+string(filepath.Separator)))
	var list []attack
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") && !strings.HasPrefix(f.Name.Name, "Benchmark") {
			continue
		}
		ids := map[string]bool{}
		about := words(f)
		if parts := numbered.FindStringSubmatch(f.Name.Name); parts != nil {
			for _, id := range strings.Split(strings.TrimSuffix(parts[1], "_"), "_") {
				ids[id[:1]+"-"+id[1:]] = true
			}
		}
		start := f.Pos()
		if f.Doc != nil {
			start = f.Doc.Pos()
		}
		for _, parts := range inText.FindAllStringSubmatch(string(source[files.Position(start).Offset:files.Position(f.End()).Offset]), -1) {
			ids[parts[1]+"-"+parts[2]] = true
		}
		for id := range ids {
			list = append(list, attack{id, f.Name.Name, pkg, about})
		}
	}
	return list, nil
}

// words says what a test is about: the first sentence of its comment, or its name.
func words(f *ast.FuncDecl) string {
	text := strings.Join(strings.Fields(f.Doc.Text()), " ")
	text = strings.TrimLeft(strings.TrimPrefix(text, f.Name.Name), ": ")
	if sentence, _, found := strings.Cut(text, ". "); found {
		text = sentence
	}
	if text = strings.TrimSuffix(text, "."); text != "" {
		return text
	}
	name := f.Name.Name
	if parts := numbered.FindStringSubmatch(name); parts != nil {
		name = parts[2]
	}
	spaced := regexp.MustCompile(`([a-z0-9])([A-Z])`).ReplaceAllString(strings.TrimPrefix(name, "Test"), "$1 $2")
	spaced = regexp.MustCompile(`([A-Z])([A-Z][a-z])`).ReplaceAllString(strings.ReplaceAll(spaced, "_", ", "), "$1 $2")
	return regexp.MustCompile(`\b[A-Z][a-z]`).ReplaceAllStringFunc(spaced, strings.ToLower)
}

// classes are what the letters mean.
func classes() [][2]string {
	return [][2]string{
		{"J", "Access tokens"}, {"H", "HTTP and bearer"}, {"R", "JSON-RPC messages"}, {"M", "MCP operations"},
		{"O", "Authorization server"}, {"P", "Policy"}, {"F", "Faults"}, {"L", "Leaks and records"},
	}
}

func attacksPage(list []attack) string {
	var b strings.Builder
	b.WriteString(`# Attacks and faults that have a test

Written by ` + "`go test ./internal/readme -update`" + ` from the tests themselves: each that names what it answers by a letter and a number, in its name or
in that of a case. Every refusal there has its twin, the same request with only the defect repaired, which succeeds. ` + "`go test -run J19 ./...`" + ` runs
those of a number; ` + "`make mutants`" + ` shows that a test fails for each check of token verification that is switched off.
`)
	for _, class := range classes() {
		var rows []string
		ids := map[string]bool{}
		for _, a := range list {
			if strings.HasPrefix(a.id, class[0]+"-") {
				ids[a.id] = true
				rows = append(rows, fmt.Sprintf("| %s | `%s` | %s | %s |\n", a.id, a.pkg, a.test, strings.ReplaceAll(a.about, "|", `\|`)))
			}
		}
		fmt.Fprintf(&b, "\n## %s: %s (%d)\n\n| | package | test | about |\n| --- | --- | --- | --- |\n%s", class[0], class[1], len(ids), strings.Join(rows, ""))
	}
	return b.String()
}
