package authz

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// bundle is a txtar file by section.
type bundle struct {
	path     string
	archive  *txtar.Archive
	sections map[string]string
}

func bundles(t *testing.T, pattern string) []bundle {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %v, %v", pattern, paths, err)
	}
	var list []bundle
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b := bundle{path: path, archive: archive, sections: map[string]string{}}
		for _, f := range archive.Files {
			b.sections[f.Name] = string(f.Data)
		}
		list = append(list, b)
	}
	return list
}

// check compares a section with what was computed, and rewrites it with -update.
func (b bundle) check(t *testing.T, section, got string) {
	t.Helper()
	if *update {
		for i, f := range b.archive.Files {
			if f.Name == section {
				b.archive.Files[i].Data = []byte(got)
			}
		}
		if err := os.WriteFile(b.path, txtar.Format(b.archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(b.sections[section], got); diff != "" {
		t.Errorf("%s, %s (-want +got):\n%s", b.path, section, diff)
	}
}

func (b bundle) model() Source {
	text, found := b.sections["model.conf"]
	if !found {
		return Source{}
	}
	return modelSource(text)
}

// options reads "aliases: a b" and "declared: scope,scope|permission,permission ..." lines.
func (b bundle) options(t *testing.T) Options {
	t.Helper()
	var o Options
	for line := range strings.Lines(b.sections["options"]) {
		key, value, _ := strings.Cut(line, ":")
		for _, f := range strings.Fields(value) {
			if key == "aliases" {
				o.Aliases = append(o.Aliases, f)
				continue
			}
			scopes, permissions, _ := strings.Cut(f, "|")
			o.Declared = append(o.Declared, need(t, scopes, permissions))
		}
	}
	return o
}

// TestDecide_Data asks the policies of testdata/decide what their cases say. A case is one line:
//
//	WHO SCOPES|PERMISSIONS [scopes=..] [groups=..] [roles=..] [client=..] [alias=..] [name=value] -> ANSWER
func TestDecide_Data(t *testing.T) {
	for _, b := range bundles(t, "testdata/decide/*.txtar") {
		t.Run(strings.TrimSuffix(filepath.Base(b.path), ".txtar"), func(t *testing.T) {
			p := compiled(t, b.model(), b.sections["policy.csv"], b.options(t))
			var got strings.Builder
			for line := range strings.Lines(b.sections["cases"]) {
				question, _, found := strings.Cut(line, " -> ")
				if !found {
					got.WriteString(line)
					continue
				}
				who, need, v := parseQuestion(t, question)
				fmt.Fprintf(&got, "%s -> %s\n", question, answer(p.Decide(who, need, v)))
			}
			b.check(t, "cases", got.String())
		})
	}
}

func parseQuestion(t *testing.T, text string) (Principal, Requirement, Values) {
	t.Helper()
	fields := strings.Fields(text)
	kind, name, _ := strings.Cut(fields[0], ":")
	who := Principal{Subject: name, Client: "app"}
	if kind == kindClient {
		who = Principal{Subject: name, Client: name, Machine: true}
	}
	scopes, permissions, _ := strings.Cut(fields[1], "|")
	args := map[string]string{}
	for _, f := range fields[2:] {
		key, value, _ := strings.Cut(f, "=")
		switch key {
		case "scopes":
			who.Scopes = list(value)
		case "groups":
			who.Groups = list(value)
		case "roles":
			who.Roles = list(value)
		case "client":
			who.Client = value
		case "alias":
			who.Alias = value
		default:
			args[key] = value
		}
	}
	if fields[1] == "ANY" {
		return who, Requirement{anyPrincipal: true}, nil
	}
	return who, need(t, scopes, permissions), values(args)
}

func answer(d Decision) string {
	words := []string{"deny", fmt.Sprintf("door %d", d.Door())}
	if d.Allowed() {
		words = []string{"allow"}
	}
	words = append(words, string(d.Reason()))
	if d.Permission() != "" {
		words = append(words, d.Permission())
	}
	if len(d.Scopes()) > 0 {
		words = append(words, fmt.Sprint(d.Scopes()))
	}
	if d.Rule() != "" {
		words = append(words, d.Rule())
	}
	return strings.Join(words, " ")
}

// TestLint_Data compares every finding with its place, and checks that the repaired twin has no error left.
func TestLint_Data(t *testing.T) {
	for _, b := range bundles(t, "testdata/lint/*.txtar") {
		t.Run(strings.TrimSuffix(filepath.Base(b.path), ".txtar"), func(t *testing.T) {
			var got strings.Builder
			for _, f := range Lint(b.model(), source(b.sections["policy.csv"]), b.options(t)) {
				fmt.Fprintln(&got, f)
			}
			b.check(t, "findings", got.String())
			model, policy := b.model(), b.sections["policy.csv"]
			if text, found := b.sections["model.conf repaired"]; found {
				model = modelSource(text)
			}
			if text, found := b.sections["policy.csv repaired"]; found {
				policy = text
			}
			if _, err := Compile(model, source(policy), b.options(t)); err != nil {
				t.Errorf("the repaired twin: %v", err)
			}
		})
	}
}
