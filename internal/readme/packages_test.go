package readme

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const modulePath = "github.com/sallyport-mcp/sallyport/"

// TestPackages holds the table of packages in docs/design.md, the linter's rules and the imports of the code against each other.
func TestPackages(t *testing.T) {
	table, rules := packageTable(t), linterRules(t)
	for dir, imports := range packages(t) {
		says, listed := table[dir]
		switch {
		case !listed:
			t.Errorf("%s is not in the table of docs/design.md", dir)
		case dir == "server/servertest": // may import all of it
		case !slices.Equal(says, imports):
			t.Errorf("%s: the table of docs/design.md differs from its imports:\n%s", dir, cmp.Diff(says, imports))
		case !slices.Equal(rules[dir], imports):
			t.Errorf("%s: .golangci.yml differs from its imports:\n%s", dir, cmp.Diff(rules[dir], imports))
		}
		delete(table, dir)
		delete(rules, dir)
	}
	delete(table, "internal/tokendiff") // a module of its own
	if len(table) > 0 {
		t.Errorf("docs/design.md lists packages that are not there: %v", table)
	}
	if len(rules) > 0 {
		t.Errorf(".golangci.yml has rules for packages that are not there: %v", rules)
	}
}

// packageTable returns what each package may import of ours, by the document.
func packageTable(t *testing.T) map[string][]string {
	t.Helper()
	table := map[string][]string{}
	_, section, _ := strings.Cut(read(t, root+"/docs/design.md"), "\n## Packages\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*) \\|[^|]*\\|[^|]*\\|([^|]*)\\|$").FindAllStringSubmatch(section, -1) {
		for _, dir := range quoted(row[1]) {
			table[dir] = quoted(row[2])
		}
	}
	return table
}

func quoted(text string) []string {
	var names []string
	for _, name := range regexp.MustCompile("`([^`]*)`").FindAllStringSubmatch(text, -1) {
		names = append(names, name[1])
	}
	slices.Sort(names)
	return names
}

// linterRules returns it by the linter. Rules for examples are not asked about.
func linterRules(t *testing.T) map[string][]string {
	t.Helper()
	rules := map[string][]string{}
	rule := regexp.MustCompile(`files: \["\$\{base-path\}/([a-z/0-9]+)/\*\.go", "!\$test"\]\n +allow:\n((?: +- .*\n)+)`)
	for _, found := range rule.FindAllStringSubmatch(read(t, root+"/.golangci.yml"), -1) {
		if dir := found[1]; !strings.HasPrefix(dir, "examples") && dir != "server/servertest" {
			rules[dir] = nil
			for _, ours := range regexp.MustCompile(modulePath+`([a-z/0-9]+)\$`).FindAllStringSubmatch(found[2], -1) {
				rules[dir] = append(rules[dir], ours[1])
			}
			slices.Sort(rules[dir])
		}
	}
	return rules
}

// packages returns what each package of the module, but examples, imports of ours outside its tests.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && isElsewhere(path):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		found[dir] = append(found[dir], ownImports(t, root+"/"+path)...)
		slices.Sort(found[dir])
		found[dir] = slices.Compact(found[dir])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// isElsewhere tells whether a folder has no packages of the module, or only examples.
func isElsewhere(dir string) bool {
	name := filepath.Base(dir)
	_, err := os.Stat(root + "/" + dir + "/go.mod")
	return err == nil || strings.HasPrefix(name, ".") || name == "testdata" || name == "examples"
}

func ownImports(t *testing.T, path string) []string {
	t.Helper()
	if strings.HasSuffix(path, "_test.go") {
		return nil
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var ours []string
	for _, spec := range file.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		if name, ok := strings.CutPrefix(name, modulePath); ok {
			ours = append(ours, name)
		}
	}
	return ours
}
