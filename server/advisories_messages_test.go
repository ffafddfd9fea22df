package server_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
)

// The tests of these files send what published advisories of other servers are about.
// docs/advisories.md lists them; internal/readme holds the list.

// withShadow adds a tool that bob may not call, and that says so when it runs.
func withShadow(c *server.Config) {
	c.Tools = append(c.Tools, tools.Tool{
		Name: "shadow", Description: "Admins only.", Scopes: []string{"secret:use"},
		Handler: tools.Typed(func(context.Context, echoIn) (string, error) { return "the shadow ran", nil }),
	})
}

// TestAdvisory_Messages sends bodies that one reader takes for an allowed call and
// another for a forbidden one, in both revisions. The twin is the body with one
// reading.
func TestAdvisory_Messages(t *testing.T) {
	f := start(t, withShadow)
	for era, bob := range eras(f.as(t, "bob", "echo:use", "secret:use")) {
		good := string(toolBody(era, "echo", []byte(`"text":"hi"`)))
		swap := func(old, changed string) string { return strings.Replace(good, old, changed, 1) }
		for _, c := range []struct {
			name, body string
			code       int
		}{
			{"R-05 CVE-2026-27896 Method", swap(`"method"`, `"Method"`), -32600},
			{"R-05 CVE-2026-27896 NAME", swap(`"name"`, `"NAME"`), -32600},
			{"R-05 CVE-2026-27896 Params", swap(`"params"`, `"Params"`), -32600},
			{"R-07 CVE-2026-27896 params with U+017F", swap(`"params"`, `"param\u017f"`), -32600},
			{"R-07 CVE-2026-27896 a twin with U+017F", swap(`"params"`, "\"param\u017f\":{\"name\":\"shadow\"},\"params\""), -32600},
			{"R-06 GHSA-4gph-2hhr-5mwg name and Name", swap(`"name":"echo"`, `"name":"echo","Name":"shadow"`), -32600},
			{"R-06 GHSA-4gph-2hhr-5mwg Name and name", swap(`"name":"echo"`, `"Name":"shadow","name":"echo"`), -32600},
			{"R-06 GHSA-4gph-2hhr-5mwg method and Method", swap(`"method":"tools/call"`, `"method":"tools/list","Method":"tools/call"`), -32600},
			{"R-06 GHSA-4gph-2hhr-5mwg params and Params", swap(`"params"`, `"Params":{"name":"shadow"},"params"`), -32600},
			{"R-02 GHSA-q382-vc8q-7jhj name twice", swap(`"name":"echo"`, `"name":"echo","name":"shadow"`), -32600},
			{"R-05 GHSA-q382-vc8q-7jhj name and NUL alone", swap(`"name"`, `"name\u0000"`), -32602},
			{"R-05 GHSA-q382-vc8q-7jhj method and NUL alone", swap(`"method"`, `"method\u0000"`), -32600},
			{"F-08 CVE-2025-53366 no method", swap(`"method":"tools/call",`, ``), -32600},
			{"F-08 CVE-2025-53366 params of a wrong type", swap(`"params":`, `"params":7,"rest":`), -32600},
			{"F-08 CVE-2025-53366 a name of a wrong type", swap(`"name":"echo"`, `"name":{}`), -32602},
		} {
			t.Run(c.name+" "+era, func(t *testing.T) {
				f.refusedWith(t, "broken", http.StatusBadRequest, c.code, func() *servertest.Answer {
					return bob.SendRaw(toolHeaders(era, "echo"), []byte(c.body))
				})
				f.accepted(t, "twin", func() *servertest.Answer { return bob.SendRaw(toolHeaders(era, "echo"), []byte(good)) })
			})
		}
	}
}

// TestAdvisory_NamesThatEndInNUL: a member that some readers take for another is one
// that nobody knows (R-05 GHSA-q382-vc8q-7jhj). What was decided about is what runs.
func TestAdvisory_NamesThatEndInNUL(t *testing.T) {
	f := start(t, withShadow)
	for era, bob := range eras(f.as(t, "bob", "echo:use", "secret:use")) {
		good := toolBody(era, "echo", []byte(`"text":"hi"`))
		for old, changed := range map[string]string{
			`"name":"echo"`: `"name":"echo","name\u0000":"shadow"`, `"method"`: `"method\u0000":"tools/list","method"`,
			`"params"`: `"params\u0000":{"name":"shadow"},"params"`,
		} {
			a := f.accepted(t, era, func() *servertest.Answer {
				return bob.SendRaw(toolHeaders(era, "echo"), bytes.Replace(good, []byte(old), []byte(changed), 1))
			})
			if a.Text() != "hi" {
				t.Errorf("%s %s: %v, want what echo says", era, changed, a)
			}
		}
		if a := f.refused(t, "the shadow by its own name", func() *servertest.Answer {
			return bob.Call("shadow", map[string]any{"text": "hi"})
		}); !a.Denied("secret:use") {
			t.Errorf("%s: %v", era, a)
		}
	}
}

// TestAdvisory_Completion leaves out what a careless reader follows (M-11
// CVE-2026-47427), with a token and without.
func TestAdvisory_Completion(t *testing.T) {
	f := start(t)
	for era, bob := range eras(f.as(t, "bob", "greeting:use")) {
		for name, params := range map[string]map[string]any{
			"nothing": {}, "null": {"ref": nil, "argument": nil}, "no ref": {"argument": map[string]any{"name": "tone", "value": ""}},
			"a ref of nothing": {"ref": map[string]any{}, "argument": map[string]any{"name": "tone", "value": ""}},
		} {
			if a := f.refused(t, name, func() *servertest.Answer { return bob.Send("completion/complete", params) }); a.Code != -32602 {
				t.Errorf("%s, %s: %v", era, name, a)
			}
			if a := f.Client(t, "").Send("completion/complete", params); a.Status != http.StatusUnauthorized {
				t.Errorf("%s without a token: %v", name, a)
			}
		}
		f.accepted(t, "twin", func() *servertest.Answer { return bob.CompletePrompt("greeting", "tone", "f") })
	}
}

// TestAdvisory_AnswersReachTheirCaller has several clients of two callers send the same ids at once, as
// clients that count from one do (M-31 CVE-2026-25536), and asks who they are taken
// for, alice first (M-31 CVE-2026-48529).
func TestAdvisory_AnswersReachTheirCaller(t *testing.T) {
	f := start(t, func(c *server.Config) { c.Limits = server.Off })
	const alice = "user alice via client test-client"
	if a := f.as(t, "alice").Call("whoami", nil); a.Text() != alice {
		t.Errorf("alice is %q", a.Text())
	}
	var all sync.WaitGroup
	for _, user := range []string{"alice", "bob", "alice", "bob"} {
		for era, c := range eras(f.as(t, user, "echo:use")) {
			all.Go(func() {
				for range 25 {
					text := "for " + user
					a := c.SendRaw(toolHeaders(era, "echo"), toolBody(era, "echo", []byte(`"text":"`+text+`"`)))
					who := c.SendRaw(toolHeaders(era, "whoami"), toolBody(era, "whoami", nil))
					if a.Text() != text || who.Text() != strings.Replace(alice, "alice", user, 1) {
						t.Errorf("%s %s: %v, %v", era, user, a, who)
					}
				}
			})
		}
	}
	all.Wait()
}
