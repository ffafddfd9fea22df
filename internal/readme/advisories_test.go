package readme

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const advisoriesDoc = root + "/docs/advisories.md"

// published is the id of an advisory.
var published = regexp.MustCompile(`\b(?:CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3}|GO-20\d\d-\d{4})\b`)

// section is a group of the page.
type section struct {
	title string
	list  []advisory
}

func advisorySections() []section {
	return []section{
		{"Messages", advisoriesOfMessages()}, {"Sessions, streams and tasks", advisoriesOfSessions()},
		{"Decisions", advisoriesOfGates()}, {"Browsers, headers, paths and connections", advisoriesOfHTTP()},
		{"Tokens and authorization servers", advisoriesOfTokens()}, {"What is no part of this", advisoriesElsewhere()},
	}
}

// TestAdvisories holds docs/advisories.md against the list.
func TestAdvisories(t *testing.T) {
	generated := advisoriesPage(advisorySections())
	if *update {
		if err := os.WriteFile(advisoriesDoc, []byte(generated), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(read(t, advisoriesDoc), generated); diff != "" {
		t.Errorf("docs/advisories.md is out of date; run `go test ./internal/readme -update` (-page +generated)\n%s", diff)
	}
}

// TestAdvisoriesAreReplayed: each has tests that exist or a reason; a test that is written for
// advisories names those that it is listed for, and no others.
func TestAdvisoriesAreReplayed(t *testing.T) {
	listed := map[string]bool{}
	written := map[string]map[string]bool{} // what each test of advisories is listed for
	for _, s := range advisorySections() {
		for _, a := range s.list {
			if (a.tests == "") == (a.reason == "") || a.product == "" || a.essence == "" {
				t.Errorf("%s: want a product, what it did, and either tests or why there are none", a.ids)
			}
			for _, id := range strings.Fields(a.ids) {
				if listed[id] || published.FindString(id) != id {
					t.Errorf("%q is listed twice, or no id", id)
				}
				listed[id] = true
			}
			for _, name := range a.names() {
				if _, err := idsIn(name); err != nil {
					t.Errorf("%s: %v", a.ids, err)
				}
				if written[name] == nil {
					written[name] = map[string]bool{}
				}
				maps.Copy(written[name], idsOf(a.ids))
			}
		}
	}
	for name, want := range written {
		if got, err := idsIn(name); err == nil && strings.Contains(name, " TestAdvisory_") && !cmp.Equal(got, want) {
			t.Errorf("%s (-listed +named)\n%s", name, cmp.Diff(want, got))
		}
	}
	for id := range inFolder(t, "server") {
		if !listed[id] {
			t.Errorf("a test names %s, which is not listed", id)
		}
	}
}

// names are the tests of an advisory: a package and a function.
func (a advisory) names() []string {
	if a.tests == "" {
		return nil
	}
	return strings.Split(a.tests, ", ")
}

// idsIn returns the ids in one test of a package.
func idsIn(name string) (map[string]bool, error) {
	pkg, function, _ := strings.Cut(name, " ")
	files, err := filepath.Glob(filepath.Join(root, pkg, "*_test.go"))
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, source, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == function {
				start := f.Pos()
				if f.Doc != nil {
					start = f.Doc.Pos()
				}
				return idsOf(string(source[set.Position(start).Offset:set.Position(f.End()).Offset])), nil
			}
		}
	}
	return nil, fmt.Errorf("there is no test %s", name)
}

func idsOf(text string) map[string]bool {
	ids := map[string]bool{}
	for _, id := range published.FindAllString(text, -1) {
		ids[id] = true
	}
	return ids
}

// inFolder returns the ids in all tests of advisories in a folder.
func inFolder(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "advisories_*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	var all strings.Builder
	for _, file := range files {
		all.WriteString(read(t, file))
	}
	return idsOf(all.String())
}

func advisoriesPage(sections []section) string {
	replayed, others := 0, 0
	for _, s := range sections {
		for _, a := range s.list {
			if n := len(strings.Fields(a.ids)); a.tests != "" {
				replayed += n
			} else {
				others += n
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, `# Advisories of others

Written by `+"`go test ./internal/readme -update`"+` from internal/readme/advisories_data_test.go. What was published about MCP SDKs, gateways and
their neighbours is sent here too: %d advisories have a test, beside the same request with only the defect repaired, which is served. Each expects a
refusal and that nothing ran, or, where the request is a good one, that it is served as what it is and to who sent it. %d are about something that
is not here; the table says what. `+"`go test -v -run TestAdvisory ./server`"+` runs those that are written for it, and names each.
`, replayed, others)
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n| advisory | of | what it did | test here, or why there is none |\n| --- | --- | --- | --- |\n", s.title)
		for _, a := range s.list {
			answer := "Not applicable: " + a.reason + "."
			if a.tests != "" {
				answer = "`" + strings.Join(a.names(), "`, `") + "`"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", strings.Join(strings.Fields(a.ids), ", "), a.product, a.essence, answer)
		}
	}
	return b.String()
}
