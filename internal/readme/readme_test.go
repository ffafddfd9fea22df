package readme

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the generated blocks of the documents anew")

const (
	root     = "../.."
	readme   = root + "/README.md"
	maxLines = 250
)

// block is one generated stretch of a document.
var block = regexp.MustCompile(`(?s)<!-- begin (file|rows|code|transcript)(?: ([^\n]+?))? -->\n(.*?)<!-- end -->\n`)

// TestREADME is about the shape of the first page. That its blocks are true is checked like in every document.
func TestREADME(t *testing.T) {
	text := read(t, readme)
	var kinds []string
	for _, parts := range block.FindAllStringSubmatch(text, -1) {
		kinds = append(kinds, parts[1])
	}
	if first := strings.Join(kinds[:min(2, len(kinds))], " "); first != "file transcript" {
		t.Errorf("README.md begins with the blocks %q, want a program and its transcript", first)
	}
	if lines := strings.Count(text, "\n"); lines >= maxLines {
		t.Errorf("README.md has %d lines, want fewer than %d", lines, maxLines)
	}
}

// TestBlocks compares the generated stretches of every document with what they show.
func TestBlocks(t *testing.T) {
	for _, path := range documents(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text := read(t, path)
			generated := block.ReplaceAllStringFunc(text, func(found string) string {
				parts := block.FindStringSubmatch(found)
				opening, _, _ := strings.Cut(found, "\n")
				return opening + "\n" + generate(t, parts[1], parts[2]) + "<!-- end -->\n"
			})
			if *update && generated != text {
				if err := os.WriteFile(path, []byte(generated), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(text, generated); diff != "" {
				t.Errorf("%s is out of date; run `go test ./internal/readme -update` (-document +generated)\n%s", path, diff)
			}
		})
	}
}

// documents returns the paths of everything that is written for readers.
func documents(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob(root + "/docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"} {
		pages = append(pages, filepath.Join(root, name))
	}
	return pages
}

func generate(t *testing.T, kind, argument string) string {
	t.Helper()
	switch kind {
	case "file":
		return fence(language(argument), read(t, filepath.Join(root, argument)))
	case "rows":
		return fence(language(argument), rows(read(t, filepath.Join(root, argument))))
	case "code":
		path, name, _ := strings.Cut(argument, "#")
		return fence(language(path), declaration(t, filepath.Join(root, path), name))
	default:
		return fence("", transcript(t))
	}
}

// rows is a policy file without its comments and empty lines.
func rows(text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "#") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

func language(path string) string {
	return map[string]string{".go": "go", ".csv": "csv", ".conf": "ini", ".yaml": "yaml"}[filepath.Ext(path)]
}

func fence(language, text string) string {
	return fmt.Sprintf("```%s\n%s\n```\n", language, strings.TrimSpace(text))
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var link = regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`)

// TestLinks checks that every file a document points to is there, and every heading.
func TestLinks(t *testing.T) {
	for _, document := range documents(t) {
		for _, found := range link.FindAllStringSubmatch(read(t, document), -1) {
			target := document
			if found[1] != "" {
				target = filepath.Join(filepath.Dir(document), found[1])
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s points to %s, which does not exist", document, found[1])
				continue
			}
			if found[2] != "" && filepath.Ext(target) == ".md" && !anchors(read(t, target))[found[2]] {
				t.Errorf("%s points to #%s of %s, which has no such heading", document, found[2], target)
			}
		}
	}
}

// TestEveryPageIsInTheREADME: a page that the first one does not name is found by nobody.
func TestEveryPageIsInTheREADME(t *testing.T) {
	text := read(t, readme)
	for _, path := range documents(t) {
		page, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(page, "docs/") && !strings.Contains(text, "]("+page+")") {
			t.Errorf("README.md has no link to %s", page)
		}
	}
}

var (
	heading = regexp.MustCompile("(?m)^#+ (.+)$")
	unkept  = regexp.MustCompile(`[^a-z0-9 _-]`)
)

// anchors returns the names that the headings of a document have in links.
func anchors(text string) map[string]bool {
	names := map[string]bool{}
	for _, found := range heading.FindAllStringSubmatch(fences.ReplaceAllString(text, ""), -1) {
		names[strings.ReplaceAll(unkept.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-")] = true
	}
	return names
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
