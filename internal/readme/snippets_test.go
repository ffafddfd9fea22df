package readme

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/cli"
	"github.com/sallyport-mcp/sallyport/tools"
)

// fences finds what stands between fences, with the marker in front of it if there is one.
var fences = regexp.MustCompile("(?ms)^(<!-- begin [^\n]*-->\n)?```([a-z]*)\n(.*?)^```$")

// TestSnippets goes through the code in every document: Go comes from what the tests compile, a policy loads, a configuration is
// accepted, JSON is JSON. Other tests run the commands and transcripts, next to what they are about.
func TestSnippets(t *testing.T) {
	for _, path := range documents(t) {
		for _, found := range fences.FindAllStringSubmatch(read(t, path), -1) {
			t.Run(filepath.Base(path), func(t *testing.T) {
				if wrong := checkSnippet(t, found[1] != "", found[2], found[3]); wrong != "" {
					t.Errorf("%s\n%s", wrong, found[3])
				}
			})
		}
	}
}

func checkSnippet(t *testing.T, generated bool, language, text string) string {
	t.Helper()
	switch {
	case language == "go" && !generated:
		return "Go that no test compiles: put it into a file and show it by a block"
	case language == "json" && !json.Valid([]byte(text)):
		return "no JSON"
	case language == "csv":
		return checkPolicy(text)
	case language == "yaml" && strings.HasPrefix(text, "- "): // steps of a workflow
	case language == "yaml" && !strings.HasPrefix(text, "tests:"): // those are run by the tests beside what they are about
		return checkSettings(t, text)
	}
	return ""
}

// checkPolicy reads rows that may be a part of a policy.
func checkPolicy(text string) string {
	for _, finding := range authz.Lint(authz.Source{}, authz.Source{Name: "policy.csv", Data: []byte(text)}, authz.Options{}) {
		if finding.Severity == authz.SeverityError {
			return finding.String()
		}
	}
	return ""
}

// checkSettings has a server read the text as its configuration.
func checkSettings(t *testing.T, text string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range map[string]string{"sallyport.yaml": text, "introspection.secret": "of no use"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(folder)
	config := server.Config{Name: "snippet", Tools: []tools.Tool{{
		Name: "nothing", Description: "Do nothing.", AnyPrincipal: true,
		Handler: tools.Typed(func(context.Context, struct{}) (string, error) { return "", nil }),
	}}}
	var stderr bytes.Buffer
	if cli.Run(t.Context(), config, []string{"tools"}, nil, &bytes.Buffer{}, &stderr) != 0 {
		return stderr.String()
	}
	return ""
}

// TestSnippetsAreChecked is the twin: one mistake of each kind, and the same without it.
func TestSnippetsAreChecked(t *testing.T) {
	for _, c := range []struct{ language, bad, good string }{
		{"json", `{"a":}`, `{"a":1}`},
		{"csv", "p, anyone, notes, read, Allow\n", "p, anyone, notes, read, allow\n"},
		{"yaml", "adr: 127.0.0.1:8080\n", "addr: 127.0.0.1:8080\n"},
		{"yaml", "issuers: [{url: https://id.example.com, profil: okta}]\n", "issuers: [{url: https://id.example.com, profile: okta}]\n"},
	} {
		if checkSnippet(t, false, c.language, c.bad) == "" {
			t.Errorf("%s: accepted %s", c.language, c.bad)
		}
		if wrong := checkSnippet(t, false, c.language, c.good); wrong != "" {
			t.Errorf("%s: %s", c.language, wrong)
		}
	}
	if checkSnippet(t, false, "go", "package main") == "" || checkSnippet(t, true, "go", "package main") != "" {
		t.Error("Go is not told from generated Go")
	}
}
