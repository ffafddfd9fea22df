package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const document = "../../docs/issuers.md"

func TestTheDocumentNamesTheVersionsThatAreRun(t *testing.T) {
	doc := content(t, document)
	for issuer, at := range map[string]struct{ path, pattern string }{
		"Keycloak":      {"run", `keycloak_version=(\S+)`},
		"oidc-provider": {"oidcprovider/package.json", `"oidc-provider": "(\S+)"`},
	} {
		found := regexp.MustCompile(at.pattern).FindStringSubmatch(content(t, at.path))
		if found == nil {
			t.Fatalf("%s names no version of %s", at.path, issuer)
		}
		if !strings.Contains(doc, "| "+issuer+" | "+found[1]+" |") {
			t.Errorf("%s does not say that %s is tried at version %s", document, issuer, found[1])
		}
	}
}

// The profiles in the document are those of gate/profiles.go, without comments.
func TestTheDocumentShowsTheProfilesThatAreRun(t *testing.T) {
	doc, source := content(t, document), content(t, "gate/profiles.go")
	source = regexp.MustCompile(`(?m)^\s*//.*\n`).ReplaceAllString(source, "")
	for _, issuer := range []string{"keycloak", "oidc-provider"} {
		_, rest, found := strings.Cut(source, `case "`+issuer+"\":\n\t\t")
		profile, _, closed := strings.Cut(rest, "\n\t\treturn profile, true\n")
		if !found || !closed {
			t.Fatalf("gate/profiles.go has no profile for %s", issuer)
		}
		want := "<!-- begin profile " + issuer + " -->\n```go\n" + strings.ReplaceAll(profile, "\n\t\t", "\n") + "\n```\n<!-- end -->\n"
		if !strings.Contains(doc, want) {
			t.Errorf("%s does not have:\n%s", document, want)
		}
	}
}
