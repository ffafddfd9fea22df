package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
)

// taskMethods are those of the tasks of 2025-11-25 and of the extension that 2026-07-28 made of them.
func taskMethods() []string {
	return []string{"tasks/get", "tasks/result", "tasks/cancel", "tasks/update", "tasks/list", "tasks/create", "tasks/input_response"}
}

// TestM12_TasksAreNotOffered has those asked for tasks who began calls as tasks, and others, in every revision. There
// are none: what was asked for as a task is an ordinary call, whose result is its answer.
func TestM12_TasksAreNotOffered(t *testing.T) {
	var f *fixture
	f = start(t, func(c *server.Config) {
		c.Tools = append(c.Tools, tools.Tool{ // goes through all of mcp-go, for it might ask for input
			Name: "raw_echo", Description: "Echo.", Scopes: []string{"echo:use"}, Permissions: []string{"echo:use"},
			Handler: tools.Raw(tools.SchemaFor[echoIn](), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				f.runs.Add(1)
				return mcp.NewToolResultText(r.GetString("text", "")), nil
			}),
		})
	})
	token := f.Token(t, servertest.User("bob"), "echo:use")
	others := map[string]string{
		"owner": token, "another client": f.Token(t, servertest.Caller{Subject: "bob", Client: "desk"}, "echo:use"),
		"another": f.Token(t, servertest.User("alice"), "echo:use"), "a machine": f.Token(t, servertest.Machine("bob"), "echo:use"),
	}
	owners := eras(f.Client(t, token))
	for _, era := range slices.Sorted(maps.Keys(owners)) {
		canary := "canary-of-" + era
		for _, tool := range []string{"echo", "raw_echo"} {
			call := params{"name": tool, "arguments": params{"text": canary}, "task": params{"ttl": 60_000, "taskId": "t1"}}
			a := f.accepted(t, era+" as a task", func() *servertest.Answer { return owners[era].Send("tools/call", call) })
			plain := owners[era].Send("tools/call", params{"name": tool, "arguments": params{"text": canary}})
			if diff := cmp.Diff(string(plain.Result), string(a.Result)); diff != "" || a.Text() != canary {
				t.Errorf("%s: a task is answered otherwise than a call (-call +task):\n%s", era, diff)
			}
		}
		for who, token := range others {
			for asked, client := range eras(f.Client(t, token)) {
				f.noTasks(t, fmt.Sprintf("%s asks in %s for a task of %s", who, asked, era), client, canary)
			}
		}
	}
	f.Server.Server().Close()
	seen := 0
	for _, text := range f.Records(t, 1) {
		r := decode[struct{ Method, Decision, Reason string }](t, text)
		if !strings.HasPrefix(r.Method, "tasks/") {
			continue
		}
		if seen++; r.Decision != "deny" || r.Reason != "unknown_method" {
			t.Fatalf("the record of a task is %s", text)
		}
	}
	if seen == 0 {
		t.Error("there is no record of anybody who asked for a task")
	}
}

// noTasks asks for tasks by every method.
func (f *fixture) noTasks(t *testing.T, what string, c *servertest.Client, canary string) {
	t.Helper()
	for _, method := range taskMethods() {
		for _, about := range []params{
			{"taskId": "t1"}, {"taskId": 1}, {}, {"taskId": "t1", "task": params{"ttl": 1}, "inputResponses": params{}}, {"name": "echo", "taskId": "1"},
		} {
			a := f.refused(t, what, func() *servertest.Answer { return c.Send(method, about) })
			want := http.StatusNotFound
			if c.Session() != "" {
				want = http.StatusOK
			}
			if a.Status != want || a.Code != -32601 || a.Message != "method not found" || strings.Contains(string(a.Body), canary) {
				t.Errorf("%s by %s %v: %v", what, method, about, a)
			}
		}
	}
}

// TestM12_TasksAreNotAnnounced looks for the word where a server offers what it has.
func TestM12_TasksAreNotAnnounced(t *testing.T) {
	f := start(t)
	bob := f.as(t, "bob", "echo:use")
	for what, a := range map[string]*servertest.Answer{
		"discover": bob.Send("server/discover", nil), "tools": bob.Send("tools/list", nil),
		"initialize": bob.InSession("").Send("initialize", params{"protocolVersion": "2025-11-25", "capabilities": params{
			"tasks": params{"list": params{}, "cancel": params{}, "requests": params{}},
		}}),
	} {
		if !a.OK() || strings.Contains(strings.ToLower(string(a.Body)), "task") {
			t.Errorf("%s: %v", what, a)
		}
	}
}

// TestM13_NoTaskOutlivesItsRight calls as a task what may be called, then takes the role away, and asks for what came of
// it. A client that declares the extension is served as one that does not.
func TestM13_NoTaskOutlivesItsRight(t *testing.T) {
	f := start(t)
	extended := params{
		"io.modelcontextprotocol/protocolVersion":    "2026-07-28",
		"io.modelcontextprotocol/clientCapabilities": params{"extensions": params{"io.modelcontextprotocol/tasks": params{}}},
		"io.modelcontextprotocol/related-task":       params{"taskId": "t1"},
	}
	bob := f.as(t, "bob", "echo:use")
	call := params{"name": "echo", "arguments": params{"text": "x"}, "task": params{}, "_meta": extended}
	a := f.accepted(t, "with the extension", func() *servertest.Answer { return bob.Send("tools/call", call) })
	var result struct{ ResultType string }
	if err := json.Unmarshal(a.Result, &result); err != nil || result.ResultType != "complete" || strings.Contains(string(a.Body), "taskId") {
		t.Errorf("%v", a)
	}
	clients := eras(bob)
	if err := f.replace(strings.Replace(fixturePolicy, "g, user:bob, role:member\n", "", 1)); err != nil {
		t.Fatal(err)
	}
	for era, c := range clients {
		f.noTasks(t, era+" without the role", c, "x")
		again := maps.Clone(call)
		if c.Session() != "" {
			delete(again, "_meta")
		}
		if a := f.refused(t, "again", func() *servertest.Answer { return c.Send("tools/call", again) }); a.Status != http.StatusForbidden {
			t.Errorf("%s: %v", era, a)
		}
	}
}
