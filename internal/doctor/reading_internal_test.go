package doctor

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseChallenges(t *testing.T) {
	for value, want := range map[string][]string{
		``:                                    nil,
		`Bearer`:                              {`Bearer map[]`},
		`Bearer realm="a, b", scope=read`:     {`Bearer map[realm:a, b scope:read]`},
		`bearer Scope = "a\"b"`:               {`bearer map[scope:a"b]`},
		`Basic realm="x", Bearer scope="y z"`: {`Basic map[realm:x]`, `Bearer map[scope:y z]`},
		`Negotiate, Bearer a="1"`:             {`Negotiate map[]`, `Bearer map[a:1]`},
		`, ,Bearer a="1",,b=2`:                {`Bearer map[a:1 b:2]`},
		`Bearer a="1" b="2"`:                  {`error`},
		`Bearer a="1`:                         {`error`},
		`Bearer a="1\`:                        {`error`},
		`Bearer a=1, A=2`:                     {`error`},
		`Bearer a=`:                           {`error`},
		`Bearer scope=https://x`:              {`error`},
		`"Bearer"`:                            {`error`},
		"Bearer\x00":                          {`error`},
	} {
		all, err := parseChallenges(value)
		var got []string
		for _, c := range all {
			got = append(got, c.scheme+" "+printMap(c.params))
		}
		if err != nil {
			got = []string{"error"}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %v\n%s", value, err, diff)
		}
	}
}

func printMap(m map[string]string) string {
	var pairs []string
	for name, value := range m {
		pairs = append(pairs, name+":"+value)
	}
	slices.Sort(pairs)
	return "map[" + strings.Join(pairs, " ") + "]"
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		" a\r\n\tb ":                  "a b",
		"\x1b[31mred\x1b[0m":          `\x1b[31mred\x1b[0m`,
		"\u202etxt.exe \u200b\x7f":    `\u202etxt.exe \u200b\x7f`,
		"bad\xff":                     `bad\ufffd`,
		strings.Repeat("a", 40):       strings.Repeat("a", 40),
		strings.Repeat("a", 41):       strings.Repeat("a", 37) + "...",
		strings.Repeat("\u00fc", 100): strings.Repeat(`\xfc`, 9) + `\...`,
	} {
		if got := printable(text, 40); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestWorst(t *testing.T) {
	for _, tt := range []struct {
		all  []verdict
		want verdict
	}{
		{nil, verdict{}},
		{[]verdict{ok("a"), ok("b")}, ok("a")},
		{[]verdict{ok("a"), problem("b"), note("c"), problem("d")}, problem("b (and 1 more like it)")},
		{[]verdict{ok("a"), unseen("b"), skipped("c")}, unseen("b")},
		{[]verdict{unseen("b"), note("c")}, note("c")},
	} {
		if got := worst(tt.all...); got != tt.want {
			t.Errorf("%+v: %+v", tt.all, got)
		}
	}
}

func TestIssuerAddresses(t *testing.T) {
	for issuer, want := range map[string][]string{
		"https://a.example":   {"https://a.example/.well-known/oauth-authorization-server", "https://a.example/.well-known/openid-configuration"},
		"https://a.example/":  {"https://a.example/.well-known/oauth-authorization-server", "https://a.example/.well-known/openid-configuration"},
		"https://a.example/t": {"https://a.example/.well-known/oauth-authorization-server/t", "https://a.example/.well-known/openid-configuration/t", "https://a.example/t/.well-known/openid-configuration"},
		"https://a.example:1/t/u/": {"https://a.example:1/.well-known/oauth-authorization-server/t/u", "https://a.example:1/.well-known/openid-configuration/t/u",
			"https://a.example:1/t/u/.well-known/openid-configuration"},
	} {
		if diff := cmp.Diff(want, issuerAddresses(issuer)); diff != "" {
			t.Errorf("%s: %s", issuer, diff)
		}
	}
}

// TestPermitted: from a server elsewhere no issuer leads to this machine or its link, whatever name it has; from one here it may.
func TestPermitted(t *testing.T) {
	elsewhere, here := &visit{target: &url.URL{Host: "mcp.example"}}, &visit{target: &url.URL{Host: "127.0.0.1:80"}}
	for address, fine := range map[string]bool{
		"127.0.0.1:443": false, "[::1]:443": false, "169.254.169.254:80": false, "0.0.0.0:80": false, "[fe80::1]:80": false, "224.0.0.1:80": false,
		"203.0.113.7:443": true, "10.0.0.7:443": true, "nonsense": false, "name:443": false,
	} {
		if got := elsewhere.permitted("tcp", address, nil) == nil; got != fine {
			t.Errorf("%s from elsewhere: %t", address, got)
		}
	}
	if err := here.permitted("tcp", "127.0.0.1:443", nil); err != nil {
		t.Error(err)
	}
}

// TestEventStream reads the answer out of a stream, behind notifications.
func TestEventStream(t *testing.T) {
	x := &exchange{status: 200, header: http.Header{"Content-Type": {"text/event-stream"}}, body: []byte(
		": hello\n\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n")}
	if !x.answered() {
		t.Error("there is an answer in it")
	}
	x.body = []byte("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n")
	if x.answered() {
		t.Error("there is none in it")
	}
}

// FuzzHostileServer lets a server say anything: nothing panics, and what is printed can be.
func FuzzHostileServer(f *testing.F) {
	f.Add(301, `Bearer scope="read"`, "text/plain", "a token is needed")
	f.Add(100, `Bearer a="`, "text/event-stream", "data: {\"jsonrpc\":\"2.0\",\"result\":{}}\n\n")
	f.Add(301, "Bearer resource_metadata=\"http://[::1\"", "application/json", `{"resource":1}`)
	f.Add(100, "\x1b]0;x\x07", "application/json", "{\"resource\":\"\u202e\",\"authorization_servers\":[\"http://127.0.0.1:0\",\"\\u0000\"],\"keys\":[null]}")
	f.Add(207, "", "", "\x00\xff")
	f.Fuzz(func(t *testing.T, status int, challenge, kind, body string) {
		target, err := parseTarget("http://127.0.0.1/mcp")
		if err != nil {
			t.Fatal(err)
		}
		v := newVisit(t.Context(), Options{Token: "token-that-is-secret", Now: time.Now}, target)
		v.lenient = &http.Client{CheckRedirect: v.redirected, Transport: hostile{(status%500 + 500) % 500, challenge, kind, body}}
		v.strict = v.lenient
		report, err := v.report()
		if err != nil {
			checkPrintable(t, err.Error(), 400)
			return
		}
		var b strings.Builder
		if err := report.WriteText(&b, nobody{}, true); err != nil {
			t.Fatal(err)
		}
		checkPrintable(t, b.String(), 130)
	})
}

// hostile gives one answer to everything.
type hostile struct {
	status                int
	challenge, kind, body string
}

func (h hostile) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: h.status + 100, Request: r, Body: io.NopCloser(strings.NewReader(h.body)),
		Header: http.Header{"Www-Authenticate": {h.challenge}, "Content-Type": {h.kind}, "Location": {h.body}, "Access-Control-Allow-Origin": {h.body}},
	}, nil
}

func checkPrintable(t *testing.T, text string, width int) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if len(line) > width || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) || strings.Contains(line, "token-that-is-secret") {
			t.Errorf("%q", line)
		}
	}
}

type nobody struct{}

func (nobody) Good(text string) string   { return text }
func (nobody) Odd(text string) string    { return text }
func (nobody) Bad(text string) string    { return text }
func (nobody) Strong(text string) string { return text }
