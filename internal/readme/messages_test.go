package readme

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const messagesDoc = root + "/docs/messages.md"

// table is one generated stretch of docs/messages.md.
var table = regexp.MustCompile(`(?s)<!-- begin table (\w+) -->\n(.*?)<!-- end -->\n`)

// TestMessages holds the tables of docs/messages.md against the tests that they are about.
func TestMessages(t *testing.T) {
	text := read(t, messagesDoc)
	made := 0
	generated := table.ReplaceAllStringFunc(text, func(found string) string {
		made++
		name := table.FindStringSubmatch(found)[1]
		opening, _, _ := strings.Cut(found, "\n")
		return opening + "\n" + messagesTable(t, name) + "<!-- end -->\n"
	})
	if made != 3 {
		t.Fatalf("docs/messages.md has %d tables that are generated, want 3", made)
	}
	if *update {
		if err := os.WriteFile(messagesDoc, []byte(generated), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(text, generated); diff != "" {
		t.Errorf("docs/messages.md is out of date; run `go test ./internal/readme -update` (-page +generated)\n%s", diff)
	}
}

func messagesTable(t *testing.T, name string) string {
	t.Helper()
	switch name {
	case "refused":
		return refusedTable(t)
	case "suite":
		return suiteTable(t)
	case "counts":
		return countsTable(allAttacks(t))
	}
	t.Fatalf("no table is called %q", name)
	return ""
}

// countsTable says how many rows of the classes that are about messages have tests, and how many.
func countsTable(list []attack) string {
	var b strings.Builder
	b.WriteString("| class | rows with a test | tests |\n| --- | ---: | ---: |\n")
	for _, class := range classes() {
		if !strings.Contains("HRML", class[0]) {
			continue
		}
		ids, tests := map[string]bool{}, map[string]bool{}
		for _, a := range list {
			if strings.HasPrefix(a.id, class[0]+"-") {
				ids[a.id], tests[a.pkg+a.test] = true, true
			}
		}
		fmt.Fprintf(&b, "| %s: %s | %d | %d |\n", class[0], class[1], len(ids), len(tests))
	}
	return b.String()
}

// suiteTable shows what is decided about JSONTestSuite, one row for each reason.
func suiteTable(t *testing.T) string {
	t.Helper()
	var keys []string
	texts := map[string][]string{}
	for line := range strings.Lines(read(t, root+"/transport/message/testdata/suite.txt")) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		name, key, _ := strings.Cut(strings.TrimSpace(line), " | ")
		if texts[key] == nil {
			keys = append(keys, key)
		}
		texts[key] = append(texts[key], "`"+strings.TrimSuffix(name, ".json")+"`")
	}
	var b strings.Builder
	b.WriteString("| texts | answer | why |\n| --- | --- | --- |\n")
	for _, key := range keys {
		fmt.Fprintf(&b, "| %s | %s |\n", strings.Join(texts[key], ", "), key)
	}
	return b.String()
}

// refusedTable lists the cases of TestRefused by their codes.
func refusedTable(t *testing.T) string {
	t.Helper()
	cases := refusedCases(t)
	if len(cases["-32600"]) < 50 {
		t.Fatalf("the cases of TestRefused were not found: %v", cases)
	}
	meanings := [][2]string{
		{"-32700", "not one JSON value in UTF-8"}, {"-32600", "ambiguous, too deep, or no request"}, {"-32602", "a request whose params have a wrong shape"},
	}
	var b strings.Builder
	b.WriteString("| code | meaning | each with a test |\n| --- | --- | --- |\n")
	for _, m := range meanings {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", m[0], m[1], strings.Join(cases[m[0]], "; "))
		delete(cases, m[0])
	}
	for code := range cases {
		t.Errorf("nobody says what %s means", code)
	}
	return b.String()
}

// refusedCases returns the names of the cases of TestRefused, by code.
func refusedCases(t *testing.T) map[string][]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), root+"/transport/message/message_test.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string][]string{}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != "TestRefused" {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if c, ok := n.(*ast.CompositeLit); ok && c.Type == nil && len(c.Elts) == 3 {
				name, code := c.Elts[0].(*ast.BasicLit), c.Elts[2].(*ast.UnaryExpr)
				text, err := strconv.Unquote(name.Value)
				if err != nil {
					t.Fatal(err)
				}
				key := code.Op.String() + code.X.(*ast.BasicLit).Value
				cases[key] = append(cases[key], text)
			}
			return true
		})
	}
	return cases
}
