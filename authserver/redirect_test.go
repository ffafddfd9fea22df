package authserver

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// goodRedirects may be registered.
var goodRedirects = []string{
	"https://client.example/cb", "https://client.example:8443/cb?x=1&y=%20", "https://xn--bcher-kva.example/", "https://192.0.2.1/cb",
	"https://[2001:db8::1]/cb", "https://localhost/cb", "http://127.0.0.1:3000/cb", "http://127.0.0.1/", "http://127.0.0.1",
	"http://[::1]:1/cb?a=b", "http://localhost:65535/cb", "http://localhost?x", "cursor://anysphere.cursor-retrieval/oauth/callback",
	"vscode://vendor.ext/cb", "vscode:/cb",
}

// badRedirects may not, whatever the reason.
var badRedirects = map[string][]string{
	"O-11": {
		"http://localhost.evil.example/", "http://127.1/cb", "http://0.0.0.0/cb", "http://127.0.0.1.nip.io/", "http://client.example/cb",
		"http://127.evil.example/", "http://127.0.0.2/", "http://0177.0.0.1/", "http://2130706433/", "http://127.0.0.1@evil.example/",
		"http://127.0.0.1:80@evil.example/", "http://[::ffff:127.0.0.1]/", "http://[0:0:0:0:0:0:0:1]/", "http://127.0.0.1./", "http://localhost./",
		"http://LOCALHOST/", "http://[::1]evil.example/", "http://127.0.0.1:0/", "http://127.0.0.1:080/", "http://127.0.0.1:65536/", "http://127.0.0.1:/",
		"http://127.0.0.1:+80/", "http://127.0.0.1%2eevil.example/", "http://127.0.0.1,evil.example/", "http://127.0.0.1;/",
	},
	"O-12": {
		"javascript:alert(1)", "javascript://x/%0aalert(1)", "data:text/html,x", "data:/text/html", "file:///etc/passwd", "blob:https://x/1", "vbscript:x",
		"unknown://x/cb", "cursor:cb", "JavaScript:alert(1)", "ws://x/", "HTTPS://client.example/", "Cursor://x/", "about:blank", "mailto:/a",
	},
	"O-10": {
		"", "cb", "/cb", "//client.example/cb", "https:", "https:/client.example/cb", "https://", "https:///cb", "https://client.example/cb#", "https://client.example/cb#x",
		"https://user@client.example/", "https://u:p@client.example/", "cursor://u@x/", "https://client.example\\@evil.example/", "https://client.example/\\cb",
		"https://client.example/ cb", "https://client.example/\tcb", "https://client.example/\r\ncb", "https://client.example./cb", "https://Client.example/cb",
		"https://bücher.example/", "https://client.example:/cb", "https://client.example:0443x/", "https://client.example:99999/", "https://client.example/a/../b",
		"https://client.example/./b", "https://client.example/a/%2e%2E/b", "https://client.example/a/.", "https://client.example/%zz", "https://client.example/%",
		"https://client.example/%4", "https://-x.example/", "https://a..b/", "https://1.2.3/", "https://0x7f.1/", "https://[::1%25lo]/", "https://[2001:DB8::1]/",
		"https://client.example/<x>", "https://" + strings.Repeat("a", 2048), "https://a_b.example/", "https://*/cb", "https://client.example/\x00",
	},
}

func TestRedirectRules(t *testing.T) {
	schemes := testConfig(newClock()).withDefaults().CustomSchemes
	for _, uri := range goodRedirects {
		if err := checkRedirect(uri, schemes); err != nil {
			t.Errorf("%s: %v", uri, err)
		}
		if !matchRedirect([]string{uri}, uri, false) {
			t.Errorf("%s does not match itself", uri)
		}
	}
	for row, uris := range badRedirects {
		for _, uri := range uris {
			if checkRedirect(uri, schemes) == nil {
				t.Errorf("%s %q accepted", row, uri)
			}
		}
	}
}

func TestMatchRedirect(t *testing.T) {
	tests := []struct {
		registered, requested string
		native, web           bool
	}{
		{"http://127.0.0.1:3000/cb", "http://127.0.0.1:3000/cb", true, true},
		{"http://127.0.0.1:3000/cb", "http://127.0.0.1:4000/cb", true, false},
		{"http://127.0.0.1:3000/cb", "http://127.0.0.1/cb", true, false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:4000/cb", true, false},
		{"http://[::1]/cb", "http://[::1]:4000/cb", true, false},
		{"http://localhost/cb", "http://localhost:4000/cb", true, false},
		{"http://127.0.0.1/cb?x=1", "http://127.0.0.1:4000/cb?x=1", true, false},
		{"http://127.0.0.1/cb", "http://localhost/cb", false, false},
		{"http://127.0.0.1/cb", "http://[::1]/cb", false, false},
		{"http://127.0.0.1/cb", "https://127.0.0.1/cb", false, false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:4000/cb/", false, false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:4000/CB", false, false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:4000/cb?x", false, false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:4000/x/../cb", false, false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:4000/%63b", false, false},
		{"http://127.0.0.1/", "http://127.0.0.1:80@evil.example/", false, false},
		{"https://client.example/cb", "https://client.example:8443/cb", false, false},
		{"https://client.example/cb", "https://client.example/cb/x", false, false},
		{"https://client.example/cb", "https://client.example.evil/cb", false, false},
		{"https://localhost/cb", "https://localhost:1/cb", false, false},
		{"cursor://x/cb", "cursor://x:1/cb", false, false},
	}
	for _, tt := range tests {
		if got := matchRedirect([]string{"https://other.example/", tt.registered}, tt.requested, true); got != tt.native {
			t.Errorf("native %s for %s: %v", tt.requested, tt.registered, got)
		}
		if got := matchRedirect([]string{tt.registered}, tt.requested, false); got != tt.web {
			t.Errorf("web %s for %s: %v", tt.requested, tt.registered, got)
		}
	}
}

// FuzzMatchRedirect checks that what matches goes to the registered place, as
// another parser reads it: same scheme, host, path and query, and a different
// port only on this computer.
func FuzzMatchRedirect(f *testing.F) {
	for _, uri := range goodRedirects {
		f.Add(uri, uri)
	}
	for _, uris := range badRedirects {
		for _, uri := range uris {
			f.Add("http://127.0.0.1/cb", uri)
		}
	}
	f.Add("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb")
	schemes := []string{"cursor", "vscode"}
	f.Fuzz(func(t *testing.T, registered, requested string) {
		if checkRedirect(registered, schemes) != nil || checkRedirect(requested, schemes) != nil ||
			!matchRedirect([]string{registered}, requested, true) {
			return
		}
		have, errHave := url.Parse(registered)
		want, errWant := url.Parse(requested)
		if errHave != nil || errWant != nil {
			t.Fatalf("%q matches %q and cannot be parsed", requested, registered)
		}
		local := want.Scheme == "http" && slices.Contains([]string{"127.0.0.1", "::1", "localhost"}, want.Hostname())
		if want.Port() != have.Port() && !local {
			t.Errorf("port differs: %q for %q", requested, registered)
		}
		have.Host, want.Host = have.Hostname(), want.Hostname()
		if have.String() != want.String() || want.User != nil || want.Fragment != "" {
			t.Errorf("%q matches %q", requested, registered)
		}
		if !slices.Contains(append(schemes, "https"), want.Scheme) && !local {
			t.Errorf("%q was accepted", requested)
		}
	})
}
