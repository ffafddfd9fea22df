package server_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
)

// often has the policy files looked at every millisecond.
func often(c *server.Config) {
	c.Made = func(s *server.Server) { s.LookEvery(time.Millisecond) }
}

// readyz asks /readyz.
func (f *fixture) readyz(t *testing.T) (int, string) {
	t.Helper()
	recorder := httptest.NewRecorder()
	f.Server.Server().AdminHandler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8081/readyz", nil))
	return recorder.Code, recorder.Body.String()
}

// put puts a policy in the place of what is there, in one step.
func (f *fixture) put(text string) error {
	return errors.Join(os.WriteFile(f.policy+".new", []byte(text), 0o600), os.Rename(f.policy+".new", f.policy))
}

// replace puts a policy there and waits until it is in force.
func (f *fixture) replace(text string) error {
	before := f.Server.Server().PolicyRevision()
	err := f.put(text)
	tick, deadline := time.NewTicker(time.Millisecond), time.After(10*time.Second)
	defer tick.Stop()
	for err == nil && f.Server.Server().PolicyRevision() == before {
		select {
		case <-tick.C:
		case <-deadline:
			err = errors.New("the edit is not in force after ten seconds")
		}
	}
	return err
}

// TestF20_ABadEditIsAnAlarmUntilItIsMended edits the policy of a server that serves.
// It goes on under the old one, and log, metrics and health say what is wrong until
// it is mended. It is ready throughout.
func TestF20_ABadEditIsAnAlarmUntilItIsMended(t *testing.T) {
	log := &moody{}
	f := start(t, withAdmin, often, func(c *server.Config) { c.Logger = slog.New(slog.NewTextHandler(log, nil)) })
	bob := f.as(t, "bob", "echo:use", "secret:use")
	good := f.Server.Server().PolicyRevision()
	serves := func(what string) {
		t.Helper()
		f.accepted(t, what, func() *servertest.Answer { return bob.Call("echo", map[string]any{"text": "x"}) })
		f.refused(t, what, func() *servertest.Answer { return bob.Call("secret", map[string]any{"text": "x"}) })
		if status, body := f.readyz(t); status != http.StatusOK || !strings.Contains(body, `"ready":true`) ||
			!strings.Contains(body, `"policy_revision":"`+good+`"`) || !strings.Contains(body, `"policy_evaluator":"compiled"`) {
			t.Errorf("%s: /readyz: %d %s", what, status, body)
		}
	}
	const more = "p, user:bob, secret, use, allow\n"
	alarms := 0.0
	for name, damage := range map[string]func() error{
		"syntax":     func() error { return f.put(fixturePolicy + more + "p, user:zqx\n") },
		"empty":      func() error { return os.Truncate(f.policy, 0) },
		"half a row": func() error { return f.put(fixturePolicy + more + "p, user:zqx") },
		"deleted":    func() error { return os.Remove(f.policy) },
		"a directory": func() error {
			return errors.Join(os.Symlink(filepath.Dir(f.policy), f.policy+".link"), os.Rename(f.policy+".link", f.policy))
		},
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		alarms++
		f.until(t, func(s map[string]float64) bool {
			return s["sallyport_policy_stale"] == 1 && s["sallyport_policy_reload_failures_total"] == alarms
		})
		serves(name)
		_, body := f.readyz(t)
		if !strings.Contains(body, "policy stale: 1 finding, the first at "+f.policy) || strings.Contains(body, "zqx") {
			t.Errorf("%s: /readyz: %s", name, body)
		}
		if err := f.put(fixturePolicy); err != nil {
			t.Fatal(err)
		}
		f.until(t, func(s map[string]float64) bool { return s["sallyport_policy_stale"] == 0 })
		serves(name + ", mended")
		if _, body := f.readyz(t); strings.Contains(body, "policy stale") {
			t.Errorf("%s: mended, /readyz: %s", name, body)
		}
	}
	if err := f.replace(fixturePolicy + more); err != nil {
		t.Fatal(err)
	}
	f.accepted(t, "a good edit", func() *servertest.Answer { return bob.Call("secret", map[string]any{"text": "x"}) })
	f.Server.Server().Close() // nobody logs any more
	text := log.text.String()
	if n := strings.Count(text, "level=ERROR"); n != int(alarms) {
		t.Errorf("%d errors, want one for each of %v findings:\n%s", n, alarms, text)
	}
	if n := strings.Count(text, "the alarm about the policy files is over"); n != int(alarms) {
		t.Errorf("%d alarms are over, want %v:\n%s", n, alarms, text)
	}
}

// turn is one of two revisions that take turns. Each permits one tool to the crew.
func turn(tool string) string { return "p, group:crew, " + tool + ", use, allow\n" }

// outcome is what an answer says of the revision it came from.
type outcome struct{ subject, method, name, tool string }

// TestP15_ARequestHasOneRevision lists and calls through a whole server while its
// policy is replaced over and over. What a list shows and what a call is answered is
// what exactly the revision says that its record names.
func TestP15_ARequestHasOneRevision(t *testing.T) {
	const reloads, clients = 200, 4
	f := start(t, often, func(c *server.Config) {
		writeFile(t, c.Policy, turn("one"))
		c.Logger = slog.New(slog.DiscardHandler)
		c.Resources, c.Prompts, c.Tools = nil, nil, nil
		for _, name := range []string{"one", "two"} {
			c.Tools = append(c.Tools, tools.Tool{
				Name: name, Description: "Works in turns.", Scopes: []string{name + ":use"},
				Handler: tools.Typed(func(context.Context, struct{}) (string, error) { return "done", nil }),
			})
		}
	})
	permits := map[string]string{} // a tool by revision
	permits[f.Server.Server().PolicyRevision()] = "one"
	if err := f.replace(turn("two")); err != nil {
		t.Fatal(err)
	}
	permits[f.Server.Server().PolicyRevision()] = "two"

	var done atomic.Bool
	var group sync.WaitGroup
	lists, calls := make([][]outcome, clients), make([][]outcome, clients)
	for i := range clients {
		group.Go(func() {
			for n := 0; !done.Load(); n++ {
				who := servertest.Caller{Subject: fmt.Sprintf("u%d-%d", i, n), Groups: []string{"crew"}}
				c := f.Client(t, f.Token(t, who, "one:use", "two:use"))
				if i == 0 {
					c = c.Older()
				}
				lists[i] = append(lists[i], outcome{who.Subject, "tools/list", "", strings.Join(c.Tools(), " ")})
				for _, name := range []string{"one", "two"} {
					if a := c.Call(name, nil); a.OK() {
						calls[i] = append(calls[i], outcome{who.Subject, "tools/call", name, name})
					} else if !a.Denied(name + ":use") {
						t.Errorf("%s: %v", name, a)
					}
				}
			}
		})
	}
	for n := range reloads {
		if err := f.replace(turn([]string{"one", "two"}[n%2])); err != nil {
			t.Error(err)
			break
		}
	}
	done.Store(true)
	group.Wait()
	f.Server.Server().Close() // the audit is written to its end
	checkOutcomes(t, f.Records(t, 1), permits, slices.Concat(lists...), slices.Concat(calls...))
}

// checkOutcomes compares records with what the policies say and with what the answers
// were.
func checkOutcomes(t *testing.T, records []string, permits map[string]string, lists, calls []outcome) {
	t.Helper()
	allowed, seen := map[outcome]bool{}, map[string]int{}
	for _, text := range records {
		r := decode[struct {
			Subject, Method, Name, Decision string
			Revision                        string `json:"policy_revision"`
		}](t, text)
		tool, known := permits[r.Revision]
		if !known {
			t.Errorf("a revision nobody wrote: %s", text)
		}
		seen[r.Revision]++
		if r.Method == "tools/call" && (r.Decision == "allow") != (r.Name == tool) {
			t.Errorf("not what the revision says: %s", text)
		}
		if r.Decision == "allow" {
			allowed[outcome{r.Subject, r.Method, r.Name, tool}] = true
		}
	}
	for _, answer := range slices.Concat(lists, calls) {
		if !allowed[answer] {
			t.Errorf("%+v has no record that says so", answer)
		}
	}
	if len(seen) != 2 || len(lists) == 0 || len(calls) == 0 {
		t.Errorf("%d lists, %d calls, records by revision %v; want some of each", len(lists), len(calls), seen)
	}
}
