package server_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
)

// TestF13_WhileTheAuditFailsNothingRuns asks in every way that lets something pass. The twin is the same server a moment earlier and a
// moment later, when the audit can be written again; nobody restarts it.
func TestF13_WhileTheAuditFailsNothingRuns(t *testing.T) {
	out := &moody{}
	f := start(t, withAdmin, func(c *server.Config) { c.Audit, c.Stdout, c.AuditFailure = "stdout", out, server.AuditRefuse })
	bob := f.as(t, "bob", "echo:use")
	older := bob.Older()
	alice := f.Token(t, servertest.User("alice"), "sallyport:administer")
	ways := map[string]func() (int, http.Header, string){
		"a tool": func() (int, http.Header, string) { return parts(bob.Call("echo", map[string]any{"text": "x"})) },
		"a list": func() (int, http.Header, string) { return parts(bob.Send("tools/list", nil)) },
		"an older revision": func() (int, http.Header, string) {
			return parts(older.Call("echo", map[string]any{"text": "x"}))
		},
		"a stream": func() (int, http.Header, string) {
			stream, refused := older.Stream()
			if stream != nil {
				stream.Close()
				return http.StatusOK, nil, ""
			}
			return parts(refused)
		},
		"a listener": func() (int, http.Header, string) {
			stream, refused := bob.Listen(servertest.Filter{Tools: true})
			if stream != nil {
				stream.Close()
				return http.StatusOK, nil, ""
			}
			return parts(refused)
		},
		"an administrator": func() (int, http.Header, string) {
			w := f.administer(t, http.MethodGet, alice, "")
			return w.Code, w.Header(), w.Body.String()
		},
	}
	all := func(when string, status int) {
		t.Helper()
		for name, ask := range ways {
			got, header, body := ask()
			if got != status {
				t.Errorf("%s, %s: %d %s, want %d", when, name, got, body, status)
			}
			if status == 503 && (header.Get("Retry-After") != "2" || !strings.Contains(body, "decisions cannot be recorded now") || header.Get("WWW-Authenticate") != "") {
				t.Errorf("%s, %s: %v %s", when, name, header, body)
			}
		}
	}
	all("before", 200)
	if status, body := f.readyz(t); status != 200 {
		t.Errorf("before: /readyz %d %s", status, body)
	}
	out.refuse(true)
	ran := f.runs.Load()
	for range 2 {
		all("while it fails", 503)
	}
	if now := f.runs.Load(); now != ran {
		t.Errorf("%d handlers ran without a record", now-ran)
	}
	// What is refused anyway is refused as ever.
	if a := bob.Call("secret", nil); a.Status != 403 {
		t.Errorf("a denial became %v", a)
	}
	if a := f.Client(t, "").Send("tools/list", nil); a.Status != 401 {
		t.Errorf("a missing token became %v", a)
	}
	if status, body := f.readyz(t); status != 503 || !strings.Contains(body, `"reasons":["the audit cannot be written"]`) {
		t.Errorf("while it fails: /readyz %d %s", status, body)
	}
	if series, _ := f.scrape(t); series["sallyport_audit_failing"] != 1 {
		t.Errorf("while it fails, sallyport_audit_failing is %v", series["sallyport_audit_failing"])
	}
	out.refuse(false)
	f.until(t, func(s map[string]float64) bool { return s["sallyport_audit_failing"] == 0 })
	all("afterwards", 200)
	if status, body := f.readyz(t); status != 200 {
		t.Errorf("afterwards: /readyz %d %s", status, body)
	}
	f.Server.Server().Close()
	stats := f.Server.Server().AuditStats()
	if stats.Lost == 0 || stats.Records+stats.Aggregated+stats.Lost != stats.Decisions {
		t.Errorf("%+v", stats)
	}
	if written := out.tell(t); written != (fates{records: float64(stats.Records), aggregated: float64(stats.Aggregated), lost: float64(stats.Lost)}) {
		t.Errorf("the audit accounts for %+v, the counters say %+v", written, stats)
	}
}

// TestF13_CallsGoOnIfThatIsWhatWasChosen is what a server does unless told otherwise.
func TestF13_CallsGoOnIfThatIsWhatWasChosen(t *testing.T) {
	out := &moody{}
	f := start(t, withAdmin, func(c *server.Config) { c.Audit, c.Stdout = "stdout", out })
	out.refuse(true)
	bob := f.as(t, "bob", "echo:use")
	bob.Call("echo", map[string]any{"text": "x"})
	f.until(t, func(s map[string]float64) bool { return s["sallyport_audit_failing"] == 1 })
	if a := bob.Call("echo", map[string]any{"text": "x"}); !a.OK() || f.runs.Load() != 2 {
		t.Errorf("%v, %d handlers ran", a, f.runs.Load())
	}
	if status, body := f.readyz(t); status != 200 || !strings.Contains(body, `"notes":["the audit cannot be written","audit records were lost"]`) {
		t.Errorf("/readyz %d %s", status, body)
	}
}

func parts(a *servertest.Answer) (int, http.Header, string) {
	return a.Status, a.Header, string(a.Body)
}

// TestTheRecordIsThereWhenTheHandlerRuns looks from within, and waits for nothing.
func TestTheRecordIsThereWhenTheHandlerRuns(t *testing.T) {
	out := &moody{}
	f := start(t, func(c *server.Config) {
		c.Audit, c.Stdout, c.AuditFailure = "stdout", out, server.AuditRefuse
		c.Tools = append(c.Tools, tools.Tool{
			Name: "look", Description: "Looks at the audit.", AnyPrincipal: true,
			Handler: tools.Typed(func(context.Context, struct{}) (string, error) {
				out.mu.Lock()
				defer out.mu.Unlock()
				return out.text.String(), nil
			}),
		})
	})
	bob := f.as(t, "bob")
	for n := range 20 {
		if a := bob.Call("look", nil); strings.Count(a.Text(), `"name":"look","decision":"allow"`) != n+1 {
			t.Fatalf("call %d saw %v", n, a)
		}
	}
}
