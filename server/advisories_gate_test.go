package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
)

// TestAdvisory_OlderRevisions calls in each revision there ever was with a token that
// lacks the scope (M-07 CVE-2026-11719). The twin has it, where the revision is served.
func TestAdvisory_OlderRevisions(t *testing.T) {
	f := start(t)
	call := func(scope, version string) func() *servertest.Answer {
		return func() *servertest.Answer {
			c := f.as(t, "bob", scope).InSession("")
			begun := c.SendRaw(nil, []byte(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"`+version+`","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`))
			header := http.Header{"Mcp-Protocol-Version": {version}}
			if version == "" { // older clients send none
				header = http.Header{"Mcp-Protocol-Version": nil}
			}
			return c.InSession(begun.Header.Get("Mcp-Session-Id")).SendRaw(header, toolBody(version, "echo", []byte(`"text":"hi"`)))
		}
	}
	for _, version := range []string{"2025-11-25", "2025-06-18", ""} {
		if a := f.refused(t, version, call("other:use", version)); !a.StepUp("echo:use") {
			t.Errorf("%s: %v", version, a)
		}
		f.accepted(t, version+", twin", call("echo:use", version))
	}
	for _, version := range []string{"2025-03-26", "2024-11-05", "2024-10-07", "1.0"} {
		for _, scope := range []string{"other:use", "echo:use"} {
			if a := f.refused(t, version, call(scope, version)); a.Status != http.StatusBadRequest {
				t.Errorf("%q with %s: %v", version, scope, a)
			}
		}
	}
}

// TestAdvisory_WhatIsNotListed calls by name what a caller is not shown, and has the
// token of a reader write (M-07 CVE-2026-46519 CVE-2026-77243 CVE-2026-49291
// GHSA-vw82-7fv8-r6gp). The twin is somebody who may.
func TestAdvisory_WhatIsNotListed(t *testing.T) {
	f := start(t)
	all := []string{"secret:use", "echo:use"}
	alice := eras(f.as(t, "alice", all...))
	for era, bob := range eras(f.as(t, "bob", all...)) {
		if slices.Contains(bob.Tools(), "secret") || slices.Contains(bob.Resources(), "app://plans") || slices.Contains(bob.Prompts(), "plotting") {
			t.Errorf("%s: bob is shown what is not his", era)
		}
		for name, send := range map[string]func(*servertest.Client) *servertest.Answer{
			"a tool":     func(c *servertest.Client) *servertest.Answer { return c.Call("secret", map[string]any{"text": "hi"}) },
			"a resource": func(c *servertest.Client) *servertest.Answer { return c.Read("app://plans") },
			"a prompt":   func(c *servertest.Client) *servertest.Answer { return c.Prompt("plotting", nil) },
		} {
			if a := f.refused(t, name, func() *servertest.Answer { return send(bob) }); !a.Denied("secret:use") {
				t.Errorf("%s, %s: %v", era, name, a)
			}
			f.accepted(t, name, func() *servertest.Answer { return send(alice[era]) })
		}
	}
	reader := f.as(t, "alice", "echo:use")
	if a := f.refused(t, "a token for less", func() *servertest.Answer { return reader.Call("secret", map[string]any{"text": "hi"}) }); !a.StepUp("secret:use") {
		t.Errorf("%v", a)
	}
}

// TestAdvisory_ToolNames declares tools that could be taken for one another (M-32
// CVE-2026-30856 CVE-2026-76097). No server is made of them; the twin has clear names.
func TestAdvisory_ToolNames(t *testing.T) {
	with := func(names ...string) error {
		cfg := fixtureConfig(nil)
		cfg.PublicURL, cfg.Issuers, cfg.Policy = "https://mcp.example", server.Issuers("https://issuer.example"), t.TempDir()+"/policy.csv"
		writeFile(t, cfg.Policy, fixturePolicy)
		for _, name := range names {
			added := cfg.Tools[0]
			added.Name = name
			cfg.Tools = append(cfg.Tools, added)
		}
		s, err := server.New(cfg)
		if err == nil {
			s.Close()
		}
		return err
	}
	for _, names := range [][]string{{"echo"}, {"a", "a"}, {"*"}, {"a,b"}, {"a\n"}, {"a b"}, {"a\x00"}, {"\u0430"}, {""}, {"a*"}} {
		if err := with(names...); err == nil || !strings.Contains(err.Error(), "tool") {
			t.Errorf("%q: %v", names, err)
		}
	}
	if err := with("a", "a__b", "a.b"); err != nil {
		t.Errorf("twin: %v", err)
	}
}

// TestAdvisory_Cursors sends cursors that nobody handed out to every list (M-02 CVE-2026-33504
// GHSA-vhvq-fv9f-wh4q). The twin sends none.
func TestAdvisory_Cursors(t *testing.T) {
	f := start(t)
	for era, bob := range eras(f.as(t, "bob", "echo:use")) {
		for _, method := range []string{"tools/list", "resources/list", "resources/templates/list", "prompts/list"} {
			for _, cursor := range []string{"x", "' OR 1=1 --", "eyJvZmZzZXQiOi0xfQ==", "-1", "9223372036854775808", strings.Repeat("A", 100_000), "echo\x00"} {
				a := f.refused(t, method, func() *servertest.Answer { return bob.Send(method, map[string]any{"cursor": cursor}) })
				if a.Code != -32602 {
					t.Errorf("%s %s %.20q: %v", era, method, cursor, a)
				}
			}
			if a := bob.Send(method, nil); !a.OK() {
				t.Errorf("%s %s: %v", era, method, a)
			}
		}
	}
}

// TestAdvisory_ResourceTemplates reads URIs that a backtracking matcher never gets to
// the end of (M-09 CVE-2026-0621). Each is decided like any other.
func TestAdvisory_ResourceTemplates(t *testing.T) {
	f := start(t)
	for era, bob := range eras(f.as(t, "bob", "users:read")) {
		for _, tail := range []string{"FAIL/", "", "/", "\x00"} {
			for _, unit := range []string{"a,", "user1,", "%2C", "../"} {
				uri := "user://" + strings.Repeat(unit, 1000) + tail
				if a := f.refused(t, unit, func() *servertest.Answer { return bob.Read(uri) }); a.Status != http.StatusForbidden && a.Code != -32602 {
					t.Errorf("%s %.40s: %v", era, uri, a)
				}
			}
		}
		f.accepted(t, "twin", func() *servertest.Answer { return bob.Read("user://bob") })
	}
}
