package main

import (
	"slices"
	"strings"
	"testing"
)

// good is a run of a client that does everything right.
func good() (client, outcome) {
	c := client{
		id: "good", revision: modern, consents: []string{"notes:read", "notes:read notes:write"},
		creates: []int{403, 200}, deletes: []int{403}, reads: []int{200, 403},
	}
	call := func(name string, status int, challenge string) exchange {
		return exchange{method: "POST", path: "/mcp", rpc: "tools/call", name: name, revision: modern, bearer: true, status: status, challenge: challenge}
	}
	o := outcome{
		opens: 2,
		wire: []exchange{
			{method: "POST", path: "/mcp", rpc: "server/discover", revision: modern, status: 401, challenge: `Bearer scope="notes:read"`},
			{method: "GET", path: "/.well-known/oauth-protected-resource/mcp", status: 200},
			{method: "GET", path: "/.well-known/oauth-authorization-server", status: 200},
			{method: "POST", path: "/register", status: 201},
			{method: "GET", path: "/authorize", scope: "notes:read", status: 303},
			{method: "POST", path: "/token", status: 200},
			call("notes_search", 200, ""),
			call("notes_create", 403, `Bearer error="insufficient_scope", scope="notes:write"`),
			{method: "GET", path: "/authorize", scope: "notes:write notes:read", status: 303},
			{method: "POST", path: "/token", status: 200},
			call("notes_create", 200, ""),
			call("notes_delete", 403, ""),
			call("notes_search", 200, ""),
			{method: "POST", path: "/mcp", rpc: "resources/read", name: "note://1", revision: modern, bearer: true, status: 200},
			{method: "POST", path: "/mcp", rpc: "resources/read", name: "note://1", revision: modern, bearer: true, status: 403},
		},
		steps: []step{
			{Step: "list", Tools: []string{"notes_search", "notes_create"}},
			{Step: "search", OK: true}, {Step: "create", OK: true}, {Step: "delete", Seen: "no"}, {Step: "search again", OK: true}, {Step: "denied read", Seen: "no more"},
		},
	}
	return c, o
}

func TestCheck(t *testing.T) {
	c, o := good()
	if err := c.check(o); err != nil {
		t.Fatalf("a run that is as it must be: %v", err)
	}
	for _, tt := range []struct {
		name   string
		damage func(*outcome)
		want   string
	}{
		{"a token before the first 401", func(o *outcome) { o.wire[0].bearer = true }, "must have no token"},
		{"nothing sent", func(o *outcome) { o.wire = nil }, "must have no token"},
		{"no registration", func(o *outcome) { o.wire[3].status = 400 }, "no /register"},
		{"consent for too much", func(o *outcome) { o.wire[4].scope = "notes:read notes:write" }, "bob was asked for"},
		{"a third consent after the denial", func(o *outcome) { o.wire = append(o.wire, o.wire[8]) }, "bob was asked for"},
		{"a consent nobody gave", func(o *outcome) { o.opens = 1 }, "sent to a browser 1 times"},
		{"a step-up without its scope", func(o *outcome) { o.wire[7].challenge = `Bearer error="insufficient_scope"` }, "want insufficient_scope"},
		{"a denial with a challenge", func(o *outcome) { o.wire[11].challenge = `Bearer scope="notes:write"` }, "want no challenge"},
		{"a denial that is repeated", func(o *outcome) { o.wire = slices.Insert(o.wire, 12, o.wire[11]) }, "notes_delete went [403 403]"},
		{"a deletion that works", func(o *outcome) { o.wire[11].status = 200 }, "notes_delete went [200]"},
		{"a search that is refused", func(o *outcome) { o.wire[12].status = 403 }, "notes_search went"},
		{"another revision", func(o *outcome) { o.wire[10].revision = legacy }, "want revision"},
		{"a list that shows too much", func(o *outcome) { o.steps[0].Tools = append(o.steps[0].Tools, "notes_delete") }, "the list shows"},
		{"a denial that is taken for success", func(o *outcome) { o.steps[3].OK = true }, `step "delete"`},
		{"a step the driver never told of", func(o *outcome) { o.steps = o.steps[:4] }, `step "search again"`},
		{"a resource that stays open", func(o *outcome) { o.wire[14].status = 200 }, "resources/read went [200 200]"},
		{"a resource that was never open", func(o *outcome) { o.wire[13].status = 403 }, "resources/read went [403 403]"},
		{"a resource that is denied with a challenge", func(o *outcome) { o.wire[14].challenge = "Bearer" }, "want no challenge"},
		{"a denied resource that is taken for success", func(o *outcome) { o.steps[5].OK = true }, `step "denied read"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, o := good()
			tt.damage(&o)
			if err := c.check(o); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("check says %v, want something with %q", err, tt.want)
			}
		})
	}
}

func TestEveryClientExpectsSomething(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range clients("node", "drivers", "python1", "python2") {
		if seen[c.id] {
			t.Errorf("%s is there twice", c.id)
		}
		seen[c.id] = true
		if c.revision == "" || len(c.consents) == 0 || len(c.creates) == 0 || len(c.command) != 2 {
			t.Errorf("%s expects nothing: %+v", c.id, c)
		}
		if stuck := c.creates[len(c.creates)-1] != 200; stuck != c.stuck {
			t.Errorf("%s: stuck = %t, and its last notes_create is %d", c.id, c.stuck, c.creates[len(c.creates)-1])
		}
	}
}
