package scaffold

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"go/format"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/cli"
	"github.com/sallyport-mcp/sallyport/tools"
)

// checkout is the framework that the tests are part of.
func checkout(t *testing.T) Framework {
	t.Helper()
	f, err := Locate(compiledFrom(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// made writes a server and returns its directory.
func made(t *testing.T, o NewOptions) string {
	t.Helper()
	o.Parent, o.Framework = t.TempDir(), checkout(t)
	if o.Name == "" {
		o.Name = "demo"
	}
	created, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return created.Dir
}

// snapshot reads every file below a directory.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestNew(t *testing.T) {
	for name, o := range map[string]NewOptions{
		"minimal":       {},
		"full":          {Template: Full},
		"with issuer":   {Template: Full, Issuer: "https://id.example.com/realms/main"},
		"of one letter": {Name: "a", Module: "example.com/you/A_1"},
	} {
		t.Run(name, func(t *testing.T) {
			files := snapshot(t, made(t, o))
			for _, name := range strings.Fields(`main.go main_test.go operations/operations.go operations/greet_tool.go
				operations/greet_tool_test.go model.conf policy.csv policy_test.yaml sallyport.yaml Makefile Dockerfile .dockerignore
				README.md .gitignore .github/workflows/ci.yml go.mod go.sum`) {
				if files[name] == "" {
					t.Errorf("there is no %s", name)
				}
			}
			for name, text := range files {
				checkText(t, name, text)
			}
			checkPolicy(t, files)
		})
	}
}

// leftOver is what no file may hold: a place of a template that was not filled in, work put off in any spelling, a blank at the end of a line.
var leftOver = regexp.MustCompile(`(?i)\[\[|\]\]|<no value>|\bto-?do\b|\bfix-?me\b| \n`)

// checkText is what holds for every file that is written.
func checkText(t *testing.T, name, text string) {
	t.Helper()
	if !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") || strings.Contains(text, "\n\n\n") {
		t.Errorf("%s does not end in one line end, or has empty lines that say nothing", name)
	}
	if left := leftOver.FindString(text); left != "" {
		t.Errorf("%s holds %q", name, left)
	}
	for i, b := range []byte(text) {
		if b >= 0x80 {
			t.Errorf("%s is not plain ASCII at byte %d", name, i)
			break
		}
	}
	if strings.HasSuffix(name, ".go") {
		if formatted, err := format.Source([]byte(text)); err != nil || string(formatted) != text {
			t.Errorf("%s is not formatted: %v", name, err)
		}
	}
	if name != "go.mod" && name != "go.sum" && name != "README.md" {
		for line := range strings.Lines(text) {
			if len(line) > 121 {
				t.Errorf("%s has a line of %d characters: %s", name, len(line), line)
			}
		}
	}
}

// checkPolicy compiles the policy, of which nothing is odd, and finds the comments that say what the doors are and that users have to
// be replaced.
func checkPolicy(t *testing.T, files map[string]string) {
	t.Helper()
	policy, err := authz.Compile(authz.Source{Name: modelFile, Data: []byte(files[modelFile])},
		authz.Source{Name: policyFile, Data: []byte(files[policyFile])}, authz.Options{})
	if err != nil || len(policy.Warnings()) > 0 {
		t.Errorf("%v, %v", err, policy.Warnings())
	}
	for _, want := range []string{"door two: what the caller may do", "door one: what the client was delegated", "sub claim"} {
		if !strings.Contains(files[policyFile], want) {
			t.Errorf("the policy does not say %q", want)
		}
	}
}

// TestNew_NobodyAtARealIssuer keeps demo users out of policies for issuers where somebody may have their names.
func TestNew_NobodyAtARealIssuer(t *testing.T) {
	names := regexp.MustCompile(`(?m)^[pg], (?:user|group|client):([^,]+),`)
	found := func(o NewOptions) []string {
		var list []string
		for _, row := range names.FindAllStringSubmatch(snapshot(t, made(t, o))[policyFile], -1) {
			list = append(list, row[1])
		}
		return list
	}
	for _, kind := range []string{Minimal, Full} {
		for _, name := range found(NewOptions{Template: kind, Issuer: "https://id.example.com"}) {
			if !regexp.MustCompile(`^(SUB|NAME|ID)-OF-AN?-[A-Z]+$`).MatchString(name) {
				t.Errorf("%s: %s may be somebody at the issuer", kind, name)
			}
		}
	}
	if diff := cmp.Diff([]string{"alice", "bob", "carol"}, found(NewOptions{})); diff != "" {
		t.Errorf("without an issuer (-want +got):\n%s", diff)
	}
}

// TestNew_Settings holds sallyport.yaml against the command line of a server: every setting is there, no other, and all of them at
// once are taken.
func TestNew_Settings(t *testing.T) {
	for _, o := range []NewOptions{{}, {Template: Full}, {Issuer: "https://id.example.com"}} {
		dir := made(t, o)
		text := snapshot(t, dir)["sallyport.yaml"]
		var keys []string
		for _, found := range regexp.MustCompile(`(?m)^#?([a-z_]+):`).FindAllStringSubmatch(text, -1) {
			if !slices.Contains(keys, found[1]) {
				keys = append(keys, found[1])
			}
		}
		slices.Sort(keys)
		if diff := cmp.Diff(settings(t), keys); diff != "" {
			t.Errorf("%+v: keys (-of the program +in the file):\n%s", o, diff)
		}
		t.Chdir(dir)
		if code, errors := runServer(t, "policy", "check"); code != 0 {
			t.Errorf("%+v: as it is: %d %s", o, code, errors)
		}
		write(t, "sealing.key", base64.StdEncoding.EncodeToString(make([]byte, 32))+"\n")
		write(t, "all.yaml", uncommented(text))
		if code, errors := runServer(t, "policy", "check", "--config", "all.yaml"); code != 0 {
			t.Errorf("%+v: every key set: %d %s\n%s", o, code, errors, uncommented(text))
		}
	}
}

// uncommented sets every key of a settings file. Of several examples for a key the last one counts.
func uncommented(text string) string {
	text = regexp.MustCompile(`(?m)^#([a-z_]+:|  )`).ReplaceAllString(text, "$1")
	if parts := strings.Split(text, "\nissuers:\n"); len(parts) > 2 {
		last := parts[len(parts)-1]
		first := regexp.MustCompile(`(?m)^  .*\n`).ReplaceAllString(parts[1], "")
		text = parts[0] + "\n" + first + "\nissuers:\n" + last
	}
	return text
}

// settings are the settings of a server by its help, without the one that names the file.
func settings(t *testing.T) []string {
	t.Helper()
	var help bytes.Buffer
	if code := cli.Run(t.Context(), greeter(), []string{"--help"}, nil, &help, &help); code != 0 {
		t.Fatal(help.String())
	}
	var keys []string
	for _, found := range regexp.MustCompile(`(?m)^\s+--([a-z-]+) `).FindAllStringSubmatch(help.String(), -1) {
		if found[1] != "config" {
			keys = append(keys, strings.ReplaceAll(found[1], "-", "_"))
		}
	}
	slices.Sort(keys)
	return keys
}

func runServer(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := cli.Run(t.Context(), greeter(), args, nil, &stdout, &stderr)
	return code, stderr.String()
}

func greeter() server.Config {
	return server.Config{Name: "demo", Tools: []tools.Tool{{Name: "greet", Description: "Greet.", Scopes: []string{"greet:use"}, Handler: tools.Typed(func(context.Context, struct{}) (string, error) { return "", nil })}}}
}

// TestNew_Model keeps the model that is written the one of the framework.
func TestNew_Model(t *testing.T) {
	want, err := os.ReadFile("../../model.conf")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), snapshot(t, made(t, NewOptions{}))[modelFile]); diff != "" {
		t.Errorf("model.conf (-framework +new):\n%s", diff)
	}
}

// TestNew_IgnoresNoSource keeps what git and docker pass over apart from what was written.
func TestNew_IgnoresNoSource(t *testing.T) {
	for _, o := range []NewOptions{{Name: "notes", Template: Full}, {Name: "greet"}} {
		files := snapshot(t, made(t, o))
		for _, list := range []string{".gitignore", ".dockerignore"} {
			for line := range strings.Lines(files[list]) {
				pattern := strings.Trim(strings.TrimSpace(line), "/")
				for name := range files {
					top, _, _ := strings.Cut(name, "/")
					if hit, err := path.Match(pattern, top); err != nil || hit && top != ".github" {
						t.Errorf("%s: %s passes over %s: %v", o.Name, list, name, err)
					}
				}
			}
		}
	}
}

// TestNew_Image looks at what runs where others can reach it.
func TestNew_Image(t *testing.T) {
	image := snapshot(t, made(t, NewOptions{Name: "My-Notes"}))["Dockerfile"]
	for _, from := range regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllStringSubmatch(image, -1) {
		if strings.ContainsAny(from[1], "/@") {
			t.Errorf("the image comes from a registry by name: %s", from[1])
		}
	}
	for _, want := range []string{"FROM golang:1.26 AS build", "FROM scratch", "USER 65532:65532", "SALLYPORT_AUDIT=stdout", "SALLYPORT_ISSUERS", "    my-notes\n"} {
		if !strings.Contains(strings.ReplaceAll(image, "#     ", "    "), want) {
			t.Errorf("no %q in\n%s", want, image)
		}
	}
}

func TestNew_Refusals(t *testing.T) {
	for name, tt := range map[string]struct {
		o    NewOptions
		want string
	}{
		"no name":           {NewOptions{}, `"" cannot be the name`},
		"the directory":     {NewOptions{Name: "."}, `"." cannot be`},
		"above":             {NewOptions{Name: ".."}, `".." cannot be`},
		"outside":           {NewOptions{Name: "../demo"}, `"../demo" cannot be`},
		"inside":            {NewOptions{Name: "a/b"}, `"a/b" cannot be`},
		"on Windows":        {NewOptions{Name: `a\b`}, `cannot be`},
		"absolute":          {NewOptions{Name: "/demo"}, `"/demo" cannot be`},
		"a flag":            {NewOptions{Name: "-demo"}, `"-demo" cannot be`},
		"hidden":            {NewOptions{Name: ".demo"}, `".demo" cannot be`},
		"a line end":        {NewOptions{Name: "demo\n"}, `"demo\n" cannot be`},
		"long":              {NewOptions{Name: strings.Repeat("a", 65)}, "cannot be"},
		"its own directory": {NewOptions{Name: "Operations"}, "called Operations would have operations in it"},
		"a file":            {NewOptions{Name: "makefile"}, "would have Makefile in it"},
		"that of full":      {NewOptions{Name: "notebook", Template: Full}, "would have notebook in it"},
		"a module of Go":    {NewOptions{Name: "net"}, "cannot be called net"},
		"bad module":        {NewOptions{Name: "demo", Module: "example.com//x"}, "is no module path"},
		"a line of go.mod":  {NewOptions{Name: "demo", Module: "demo\nreplace x => y"}, "is no module path"},
		"dots":              {NewOptions{Name: "demo", Module: "example.com/../x"}, "is no module path"},
		"template":          {NewOptions{Name: "demo", Template: "large"}, `no template "large"`},
		"issuer":            {NewOptions{Name: "demo", Issuer: "id.example.com"}, "is no URL of an issuer"},
		"issuer in quotes":  {NewOptions{Name: "demo", Issuer: `https://id.example.com/"x`}, "is no URL of an issuer"},
		"issuer's query":    {NewOptions{Name: "demo", Issuer: "https://id.example.com?x"}, "is no URL of an issuer"},
		"plain http":        {NewOptions{Name: "demo", Issuer: "http://id.example.com"}, "could be trusted"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.o.Parent, tt.o.Framework = t.TempDir(), checkout(t)
			_, err := New(tt.o)
			var wrong Mistake
			if !errors.As(err, &wrong) || !strings.Contains(err.Error(), tt.want) || wrong.Fix == "" {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if left := snapshot(t, tt.o.Parent); len(left) > 0 {
				t.Errorf("there are files: %v", slices.Collect(maps.Keys(left)))
			}
		})
	}
	for _, o := range []NewOptions{
		{Name: "test"}, {Name: strings.Repeat("a", 64)}, {Name: "net", Module: "example.com/net"}, {Issuer: "http://127.0.0.1:9000/realms/x"},
		{Issuer: "http://localhost:9000"}, {Name: "Demo_2-x"}, {Name: "notebook"},
	} {
		made(t, o)
	}
}

// TestReserved compares the names of Go's own with the Go that runs the test.
func TestReserved(t *testing.T) {
	entries, err := os.ReadDir(filepath.Join(goEnv(t, "GOROOT"), "src"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.IsDir() && !slices.Contains(reserved(), entry.Name()) {
			t.Errorf("%s is a package of Go", entry.Name())
		}
	}
}

// TestNew_LosesNothing has something in the place already.
func TestNew_LosesNothing(t *testing.T) {
	for name, prepare := range map[string]func(dir string) error{
		"a file":        func(dir string) error { return os.WriteFile(dir, []byte("mine"), 0o600) },
		"a directory":   func(dir string) error { return create(filepath.Join(dir, "mine"), "mine") },
		"a hidden file": func(dir string) error { return create(filepath.Join(dir, ".mine"), "mine") },
		"a link":        func(dir string) error { return os.Symlink(t.TempDir(), dir) },
		"a broken link": func(dir string) error { return os.Symlink("nowhere", dir) },
	} {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			if err := prepare(filepath.Join(parent, "demo")); err != nil {
				t.Fatal(err)
			}
			before := entries(t, parent)
			if _, err := New(NewOptions{Parent: parent, Name: "demo", Framework: checkout(t)}); !errors.As(err, new(Mistake)) {
				t.Errorf("%v", err)
			}
			if diff := cmp.Diff(before, entries(t, parent)); diff != "" {
				t.Errorf("(-before +after):\n%s", diff)
			}
		})
	}
	parent := t.TempDir()
	if err := os.Mkdir(filepath.Join(parent, "demo"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := New(NewOptions{Parent: parent, Name: "demo", Framework: checkout(t)}); err != nil {
		t.Errorf("an empty directory holds nothing to lose: %v", err)
	}
}

// TestPlace_AllOrNothing fails halfway.
func TestPlace_AllOrNothing(t *testing.T) {
	parent := t.TempDir()
	if err := place(filepath.Join(parent, "demo"), []rendered{{"a", "one"}, {"a/b", "two"}}); err == nil {
		t.Error("a file cannot be a directory as well")
	}
	if left := entries(t, parent); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := place(filepath.Join(parent, "demo"), []rendered{{"a", "one"}, {"b/c", "two"}}); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"demo", "demo/a", "demo/b", "demo/b/c"}, entries(t, parent)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestPlace_TakesNoPlace is for what came into the place since it was free.
func TestPlace_TakesNoPlace(t *testing.T) {
	parent := t.TempDir()
	write(t, filepath.Join(parent, "demo"), "mine")
	if err := place(filepath.Join(parent, "demo"), []rendered{{"a", "one"}}); err == nil {
		t.Error("a file gave way")
	}
	if diff := cmp.Diff(map[string]string{"demo": "mine"}, snapshot(t, parent)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// entries are the paths below a directory.
func entries(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if name, _ := filepath.Rel(dir, path); name != "." {
			list = append(list, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}
