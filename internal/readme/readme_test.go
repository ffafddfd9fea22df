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

var update = flag.Bool("update", false, "write the generated blocks of README.md anew")

const (
	root     = "../.."
	readme   = root + "/README.md"
	maxLines = 250
)

// block is one generated stretch of README.md.
var block = regexp.MustCompile(`(?s)<!-- begin (file|rows|code|transcript)(?: ([^\n]+?))? -->\n(.*?)<!-- end -->\n`)

func TestREADME(t *testing.T) {
	text := read(t, readme)
	var kinds []string
	generated := block.ReplaceAllStringFunc(text, func(found string) string {
		parts := block.FindStringSubmatch(found)
		kinds = append(kinds, parts[1])
		opening, _, _ := strings.Cut(found, "\n")
		return opening + "\n" + generate(t, parts[1], parts[2]) + "<!-- end -->\n"
	})
	if want := strings.Count(text, "<!-- begin "); len(kinds) != want {
		t.Fatalf("README.md opens %d blocks, of which %d are complete and of a known kind", want, len(kinds))
	}
	if first := strings.Join(kinds[:min(2, len(kinds))], " "); first != "file transcript" {
		t.Errorf("README.md begins with the blocks %q, want a program and its transcript", first)
	}
	if lines := strings.Count(generated, "\n"); lines >= maxLines {
		t.Errorf("README.md has %d lines, want fewer than %d", lines, maxLines)
	}
	if *update {
		if err := os.WriteFile(readme, []byte(generated), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(text, generated); diff != "" {
		t.Errorf("README.md is out of date; run `go test ./internal/readme -update` (-README +generated)\n%s", diff)
	}
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

var link = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)

// TestLinks checks that every file a document points to is there.
func TestLinks(t *testing.T) {
	documents := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"}
	more, err := filepath.Glob(root + "/docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range more {
		documents = append(documents, strings.TrimPrefix(path, root+"/"))
	}
	for _, document := range documents {
		for _, found := range link.FindAllStringSubmatch(read(t, filepath.Join(root, document)), -1) {
			target := filepath.Join(root, filepath.Dir(document), found[1])
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s points to %s, which does not exist", document, found[1])
			}
		}
	}
}
