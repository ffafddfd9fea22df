package server_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
)

// TestM01_NothingIsKeptForOthers looks for what forbids caches to show one caller's answer to another: in every answer of
// HTTP, and in the results for which 2026-07-28 has a hint.
func TestM01_NothingIsKeptForOthers(t *testing.T) {
	f := start(t)
	for era, c := range eras(f.as(t, "bob", "echo:use", "config:read", "users:read", "greeting:use")) {
		for what, hinted := range map[string]bool{
			"tools/list": true, "resources/list": true, "resources/templates/list": true, "prompts/list": true, "server/discover": true,
			"app://config": true, "user://bob": true, "echo": false, "secret": false, "no://where": false,
		} {
			var a *servertest.Answer
			switch {
			case strings.Contains(what, "://"):
				a = c.Read(what)
			case strings.Contains(what, "/"):
				a = c.Send(what, nil)
			default:
				a = c.Call(what, params{"text": "x"})
			}
			hint := strings.Contains(string(a.Body), `"cacheScope":"private"`)
			if hint != (hinted && era == "2026-07-28") || strings.Contains(string(a.Body), `"public"`) {
				t.Errorf("%s in %s: %v", what, era, a)
			}
			if got := a.Header.Values("Cache-Control"); !slices.Equal(got, []string{"no-store"}) {
				t.Errorf("%s in %s may be stored: %v", what, era, got)
			}
		}
	}
}

// TestM02_NoCursorLeadsAnywhere sends cursors that somebody might guess, or have from somebody else.
func TestM02_NoCursorLeadsAnywhere(t *testing.T) {
	f := start(t)
	theirs := f.as(t, "alice").Older().Session()
	for _, method := range []string{"tools/list", "resources/list", "resources/templates/list", "prompts/list"} {
		for era, c := range eras(f.as(t, "bob")) {
			plain := c.Send(method, params{})
			if !plain.OK() || strings.Contains(string(plain.Body), "nextCursor") {
				t.Errorf("%s in %s: %v", method, era, plain)
			}
			for _, cursor := range []any{
				"1", "-1", "99999999999999999999", "c2VjcmV0", "secret", "../secret", "' OR 1=1 --", strings.Repeat("A", 10_000), theirs, 1, -1, params{}, []string{"a"}, true,
			} {
				if a := c.Send(method, params{"cursor": cursor}); a.OK() || a.Code != -32602 || strings.Contains(string(a.Body), "secret") {
					t.Errorf("%s from %.40v in %s: %v", method, cursor, era, a)
				}
			}
		}
	}
}

// TestM10_CompletionTellsNoNumbers completes what bob may see one value of, before and after others are added.
func TestM10_CompletionTellsNoNumbers(t *testing.T) {
	few, many := start(t), start(t, func(c *server.Config) {
		c.Resources[2].Complete["id"] = manyUsers
	})
	for _, typed := range []string{"", "b", "bob"} {
		seen := func(f *fixture) map[string]string {
			all := map[string]string{}
			for era, c := range eras(f.as(t, "bob", "users:read")) {
				all[era] = string(c.CompleteResource("user://{id}", "id", typed).Result)
			}
			return all
		}
		with, without := seen(many), seen(few)
		for era, result := range with {
			if result != without[era] || !strings.Contains(result, `"values":["bob"]`) {
				t.Errorf("%q in %s: %s with others, %s without", typed, era, result, without[era])
			}
		}
	}
	if a := many.as(t, "alice", "users:read").CompleteResource("user://{id}", "id", ""); !strings.Contains(string(a.Result), `"total":501`) {
		t.Errorf("alice, who may see all: %v", a)
	}
}

// manyUsers suggests bob after 500 others.
func manyUsers(context.Context, string) ([]string, error) {
	var all []string
	for i := range 500 {
		all = append(all, fmt.Sprint("user", i))
	}
	return append(all, "bob"), nil
}
