package client

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestResource(t *testing.T) {
	for raw, want := range map[string]string{
		"https://Example.COM/mcp": "https://example.com/mcp", "HTTPS://example.com:443/": "https://example.com", "https://example.com:8443/a?b=c": "https://example.com:8443/a?b=c",
		"http://127.0.0.1:8080/mcp": "http://127.0.0.1:8080/mcp", "http://localhost/mcp/": "http://localhost/mcp/", "http://[::1]:80/mcp": "http://[::1]/mcp",
	} {
		if got, err := Resource(raw); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", raw, got, err, want)
		}
	}
	for raw, want := range map[string]string{
		"http://example.com/mcp": "plain http", "http://127.0.0.1.example.com/": "plain http", "http://localhost.example.com": "plain http",
		"http://0.0.0.0/": "plain http", "example.com/mcp": "begin with https", "ftp://example.com": "begin with https", "": "begin with https",
		"https://": "no host", "https:example.com": "no host", "https://u@example.com": "user name", "https://example.com/#x": "fragment",
		"https://example.com/#": "fragment", "https://exa mple.com/": "cannot be read", "https://example.com/\x1b": "cannot be read",
	} {
		_, err := Resource(raw)
		wantError(t, err, want)
		if !errors.As(err, &Mistake{}) {
			t.Errorf("%q: %v is nobody's mistake", raw, err)
		}
	}
}

// TestLead keeps a server elsewhere from sending this program to this machine, and lets one on this machine.
func TestLead(t *testing.T) {
	parse := func(raw string) origin {
		u, err := parseAddress(raw)
		if err != nil {
			t.Fatal(err)
		}
		return origin{u}
	}
	here, away := parse("http://127.0.0.1:8080/mcp"), parse("https://example.com/mcp")
	for _, local := range []string{"https://127.0.0.1/x", "http://localhost:631/", "https://[::1]/", "https://[::ffff:127.0.0.1]/"} {
		if _, err := here.lead("it", local); err != nil {
			t.Error(err)
		}
		_, err := away.lead("it", local)
		wantError(t, err, "on this machine, and the server is not")
	}
	for _, from := range []origin{here, away} {
		if _, err := from.lead("it", "https://login.example.org/x"); err != nil {
			t.Error(err)
		}
	}
}

func TestChallenge(t *testing.T) {
	for value, want := range map[string]challenge{
		`Bearer`: {scopes: []string{}},
		`bearer error="invalid_token", scope="a  b", Resource_Metadata="https://x/y"`: {"invalid_token", []string{"a", "b"}, "https://x/y"},
		`Bearer error=invalid_token,scope=a`:                                          {"invalid_token", []string{"a"}, ""},
		`Basic realm="Bearer scope=\"x\"", Bearer scope="y"`:                          {"", []string{"y"}, ""},
		`Negotiate, Bearer scope="y"`:                                                 {"", []string{"y"}, ""},
		`DPoP algs="ES256", Bearer scope="y", Basic realm="x"`:                        {"", []string{"y"}, ""},
		`Bearer scope = "y"`:                                                          {"", []string{"y"}, ""},
		`Bearer scope="a", scope="b"`:                                                 {},
		`Bearer scope="a`:                                                             {},
		`Bearer scope="a"b`:                                                           {},
		`Basic abc==, Bearer scope="a"`:                                               {},
		`"Bearer scope="a"`:                                                           {},
		``:                                                                            {},
	} {
		got := readChallenge(http.Header{"Www-Authenticate": {value}})
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(challenge{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", value, diff)
		}
	}
	got := readChallenge(http.Header{"Www-Authenticate": {`Basic realm="x"`, `Bearer scope="a"`}})
	if len(got.scopes) != 1 {
		t.Errorf("of two headers: %+v", got)
	}
}

func FuzzChallenge(f *testing.F) {
	f.Add(`Bearer error="invalid_token", scope="a b"`)
	f.Add(`Basic realm="\"", Bearer a=b,,`)
	f.Fuzz(func(t *testing.T, value string) {
		got := readChallenge(http.Header{"Www-Authenticate": {value}})
		if len(got.metadata)+len(got.code) > len(value) {
			t.Errorf("%q: more than was sent: %+v", value, got)
		}
	})
}

func TestArguments(t *testing.T) {
	tool, err := readTool([]byte(`{"name": "t", "inputSchema": {"type": "object", "required": ["s", "zz"], "properties": {
		"s": {"type": "string"}, "i": {"type": "integer"}, "n": {"type": "number"}, "b": {"type": "boolean"}, "a": {"type": "array"},
		"o": {"type": "object"}, "si": {"type": ["string", "integer", "null"]}, "any": {"anyOf": []}, "odd": {"type": "date"}, "yes": true}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]string{
		"s=1": `"1"`, "s=": `""`, "s=a=b": `"a=b"`, "s=<\"": `"\u003c\""`, "i=-12": `-12`, "i=12345678901234567890": `12345678901234567890`, "n=1.5e3": `1.5e3`, "b=true": `true`,
		"a=[1,{}]": `[1,{}]`, "o={\"x\":1}": `{"x":1}`, "si=1": `1`, "si=null": `null`, "si=x": `"x"`, "any={}": `{}`, "any=x": `"x"`, "unknown=1": `"1"`, "yes=1": `1`,
	} {
		name, _, _ := strings.Cut(word, "=")
		got, err := tool.schema.build(nil, []string{word})
		if want = `{"` + name + `":` + want + `}`; err != nil || string(got) != want {
			t.Errorf("%s: %s, %v; want %s", word, got, err, want)
		}
	}
	for word, want := range map[string]string{
		"i=1.5": "an integer", "i=": "an integer", "i= 1": "an integer", "i=1e3": "an integer", "n=x": "a number", "n=NaN": "a number", "b=yes": "true or false",
		"a=1": "a list in JSON", "a=[1": "a list in JSON", "o=[]": "an object in JSON", "s": "write name=value", "=1": "write name=value", "odd=1": "use --args",
	} {
		_, err := tool.schema.build(nil, []string{word})
		wantError(t, err, want)
	}
	if got, err := tool.schema.build([]byte(`{"i": 1}`), []string{"s=x"}); err != nil || string(got) != `{"i":1,"s":"x"}` {
		t.Errorf("%s, %v", got, err)
	}
	for _, twice := range [][]string{{"i=2"}, {"s=1", "s=2"}} {
		_, err := tool.schema.build([]byte(`{"i": 1}`), twice)
		wantError(t, err, "given twice")
	}
	for _, object := range []string{`[]`, `{"i": 1, "i": 2}`, `x`, ``} {
		_, err := tool.schema.build([]byte(object), nil)
		wantError(t, err, "no JSON object")
	}
	if names := tool.Arguments; names[0].Name != "s" || !names[0].Required || names[1].Name != "a" || len(names) != 10 {
		t.Errorf("%+v", names)
	}
}

func TestTexts(t *testing.T) {
	if got := clean("a\n b\r\n" + strings.Repeat("x", 400)); len(got) != longestText+3 || !strings.HasPrefix(got, "a b x") {
		t.Errorf("%q", got)
	}
	for word, want := range map[string]string{
		"notes:read": "notes:read", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$(x)": "'$(x)'", "a;b": "'a;b'", "note/{id}:read": "note/{id}:read",
		"https://x.example/mcp?a=b": "'https://x.example/mcp?a=b'", "~": "'~'",
		"{x,--client-id,y}": "'{x,--client-id,y}'", "{1..9}": "'{1..9}'", "a.b": "a.b", "*": "'*'", "\u00e9": "'\u00e9'",
	} {
		if got := Quoted(word); got != want {
			t.Errorf("%s: %s, want %s", word, got, want)
		}
	}
}

// TestStore_Private refuses files that others may read and directories where they may write, and says what repairs that.
func TestStore_Private(t *testing.T) {
	f := startFake(t)
	c, _ := loggedInFake(t, f)
	dir, file := c.cfg.Home, filepath.Join(c.cfg.Home, tokensFile)
	for _, tt := range []struct {
		path      string
		bad, good os.FileMode
	}{{file, 0o640, 0o600}, {file, 0o604, 0o400}, {file, 0o620, 0o600}, {dir, 0o770, 0o755}, {dir, 0o702, 0o700}} {
		if err := os.Chmod(tt.path, tt.bad); err != nil {
			t.Fatal(err)
		}
		_, err := c.Tools(t.Context(), f.url)
		wantError(t, err, "chmod ", tt.path)
		if _, err := c.Login(t.Context(), LoginRequest{URL: f.url}); err == nil {
			t.Errorf("%s, %v: a login writes there", tt.path, tt.bad)
		}
		if err := os.Chmod(tt.path, tt.good); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Tools(t.Context(), f.url); err != nil {
			t.Errorf("%s, %v: %v", tt.path, tt.good, err)
		}
	}
}

// TestStore_PrivateFromTheStart has no file yet in a directory where others may write: they could put theirs there.
func TestStore_PrivateFromTheStart(t *testing.T) {
	s := store{dir: t.TempDir()}
	if err := os.Chmod(s.dir, 0o777); err != nil {
		t.Fatal(err)
	}
	put := func(all entries) error { all["x"] = entry{}; return nil }
	wantError(t, s.update(put), "chmod 700")
	if list, err := os.ReadDir(s.dir); err != nil || len(list) != 0 {
		t.Errorf("it has left %v there, %v", list, err)
	}
	if err := os.Chmod(s.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := s.update(put); err != nil {
		t.Error(err)
	}
}

func TestStore_Broken(t *testing.T) {
	s := store{dir: t.TempDir()}
	for _, text := range []string{`{`, `{"version": 2, "logins": {}}`, `{}`, `{"version": 1, "version": 1}`} {
		if err := os.WriteFile(s.path(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := s.read()
		wantError(t, err, "remove it and log in again")
	}
	if err := os.WriteFile(s.path(), []byte(`{"version": 1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.update(func(all entries) error { all["x"] = entry{}; return errors.New("no") }); err == nil {
		t.Error("an error is lost")
	}
	if all, err := s.read(); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	if err := os.Remove(s.path()); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(s.path(), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := s.read()
	wantError(t, err, "not a regular file")
	if err := s.write(entries{}); err == nil {
		t.Error("a directory was replaced")
	}
	if left, err := filepath.Glob(s.path() + ".*"); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v, %v", left, err)
	}
}

func TestHome(t *testing.T) {
	t.Setenv("SALLYPORT_HOME", "/some/where")
	if home, err := Home(); err != nil || home != "/some/where" {
		t.Errorf("%s, %v", home, err)
	}
	t.Setenv("SALLYPORT_HOME", "")
	t.Setenv("XDG_CONFIG_HOME", "/xdg")
	t.Setenv("HOME", "/home/x")
	if home, err := Home(); err != nil || filepath.Base(home) != "sallyport" {
		t.Errorf("%s, %v", home, err)
	}
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("HOME", "")
	if _, err := Home(); !errors.As(err, &Mistake{}) {
		t.Errorf("%v", err)
	}
}

// TestLogin_NobodyComes ends a login that nobody ends, and one that is interrupted.
func TestLogin_NobodyComes(t *testing.T) {
	f := startFake(t)
	c := New(Config{Home: t.TempDir(), LoginTime: time.Millisecond})
	defer c.Close()
	_, err := c.Login(t.Context(), LoginRequest{URL: f.url})
	wantError(t, err, "nobody came back from the browser within 1ms")

	ctx, cancel := context.WithCancel(t.Context())
	p := &screen{t: t}
	c = New(Config{Home: t.TempDir(), Tell: p.tell, Open: func(context.Context, string) error { cancel(); return errors.New("no browser\x1b") }})
	defer c.Close()
	_, err = c.Login(ctx, LoginRequest{URL: f.url})
	wantError(t, err, "interrupted")
	if !strings.Contains(p.text(), "No browser could be opened here: no browser\\x1b.") {
		t.Error(p.text())
	}
}

// TestLogin_Port takes the port that is asked for, and at a step-up the one the client was registered with, as long as it is free.
func TestLogin_Port(t *testing.T) {
	f := startFake(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := taken.Addr().(*net.TCPAddr).Port
	c, _ := newClient(t, nil, t.TempDir(), "nobody")
	_, err = c.Login(t.Context(), LoginRequest{URL: f.url, Port: port})
	wantError(t, err, "--port")
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Login(t.Context(), LoginRequest{URL: f.url, Port: port}); err != nil {
		t.Fatal(err)
	}
	first := held(t, c, f.url).Redirect
	f.registered["client_id"] = "c2"
	if _, err := c.Login(t.Context(), LoginRequest{URL: f.url, again: true}); err != nil {
		t.Fatal(err)
	}
	if e := held(t, c, f.url); e.Redirect != first || e.ClientID != "c1" {
		t.Errorf("it comes back at %s as %s", e.Redirect, e.ClientID)
	}
	u, err := url.Parse(first)
	if err != nil {
		t.Fatal(err)
	}
	if taken, err = net.Listen("tcp", u.Host); err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := c.Login(t.Context(), LoginRequest{URL: f.url, again: true}); err != nil {
		t.Fatal(err)
	}
	if e := held(t, c, f.url); e.Redirect == first || e.ClientID != "c2" {
		t.Errorf("it comes back at %s as %s", e.Redirect, e.ClientID)
	}
}

// TestOpenBrowser runs the program that BROWSER names, with the address as its one argument.
func TestOpenBrowser(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "browser")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nprintf '%s|' \"$#\" \"$1\" >\"$0.out.tmp\"; mv \"$0.out.tmp\" \"$0.out\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BROWSER", script)
	if err := OpenBrowser(t.Context(), "http://127.0.0.1/?a=b&c=$(d) e"); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(10 * time.Second)
	for {
		if text, err := os.ReadFile(script + ".out"); err == nil {
			if string(text) != "1|http://127.0.0.1/?a=b&c=$(d) e|" {
				t.Errorf("%q", text)
			}
			break
		}
		select {
		case <-deadline:
			t.Fatal("it was not run")
		case <-time.After(5 * time.Millisecond):
		}
	}
	t.Setenv("BROWSER", filepath.Join(dir, "none"))
	if err := OpenBrowser(t.Context(), "http://127.0.0.1/"); err == nil {
		t.Error("a program that is not there was run")
	}
}
