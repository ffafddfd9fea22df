package server_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport"
)

type mirroredIn struct {
	Region string `json:"region" header:"Region"`
}

// concealing has denials concealed, and adds operations that only admins have.
func concealing(c *server.Config) {
	c.Denials = server.DenialsConceal
	mirrored := tools.Typed(func(_ context.Context, in mirroredIn) (string, error) { return in.Region, nil })
	c.Tools = append(c.Tools,
		tools.Tool{Name: "mirrored", Description: "Admins only.", Scopes: []string{"secret:use"}, Handler: mirrored},
		tools.Tool{
			Name: "regional", Description: "Admins only.", Scopes: []string{"secret:use"}, Permissions: []string{"region/{region}:read"}, Handler: mirrored,
		})
}

// flatten is everything of an answer that a client can see, but the date.
func flatten(a *servertest.Answer) string {
	header := a.Header.Clone()
	header.Del("Date")
	return fmt.Sprint(a.Status, header, a.Events, string(a.Body))
}

type params = map[string]any

// hidden is one way to name an operation that the caller must not know of.
type hidden struct {
	method             string
	forbidden, unknown string
	about              func(name string) params
	region             string // the header that repeats an argument, unless empty
}

// named and located are params about a name and a URI.
func named(more params) func(string) params {
	return func(name string) params { return merged(params{"name": name}, more) }
}

func located(more params) func(string) params {
	return func(uri string) params { return merged(params{"uri": uri}, more) }
}

// completing are params about a completion, of a prompt or of a resource.
func completing(kind, member, argument string, given params) func(string) params {
	return func(name string) params {
		return params{
			"ref":      params{"type": kind, member: name},
			"argument": params{"name": argument, "value": ""},
			"context":  params{"arguments": given},
		}
	}
}

func merged(all ...params) params {
	sum := params{}
	for _, one := range all {
		maps.Copy(sum, one)
	}
	return sum
}

// hiddenTools are calls of tools.
func hiddenTools() map[string]hidden {
	call := func(tool string, more params) hidden {
		return hidden{"tools/call", tool, "no_such_tool", named(more), ""}
	}
	mirrored := func(tool, header string, more params) hidden {
		return hidden{"tools/call", tool, "no_such_tool", named(more), header}
	}
	region := params{"arguments": params{"region": "eu"}}
	return map[string]hidden{
		"tool":                            call("secret", nil),
		"tool with arguments":             call("secret", params{"arguments": params{"text": "x"}}),
		"tool with bad arguments":         call("secret", params{"arguments": params{"txt": 1}}),
		"tool with a forged state":        call("secret", params{"requestState": "forged", "inputResponses": params{}}),
		"tool with answers nobody wants":  call("secret", params{"inputResponses": params{"x": params{"action": "accept"}}}),
		"tool as a task":                  call("secret", params{"task": params{"ttl": 1}}),
		"tool with a placeholder":         call("query", params{"arguments": params{"table": "public"}}),
		"tool with a hostile lack of one": call("query", nil),
		"tool with a hostile placeholder": call("query", params{"arguments": params{"table": "*"}}),
		"mirrored without the header":     call("mirrored", region),
		"mirrored with the header":        mirrored("mirrored", "eu", region),
		"mirrored with a lying header":    mirrored("mirrored", "us", region),
		"mirrored with a broken header":   mirrored("mirrored", "=?base64?%?=", region),
		"mirrored without the argument":   mirrored("mirrored", "eu", nil),
		"regional without the header":     call("regional", region),
		"regional with a lying header":    mirrored("regional", "us", region),
	}
}

// hiddenOthers are the other methods that name an operation.
func hiddenOthers() map[string]hidden {
	prompt := func(name string, more params) hidden {
		return hidden{"prompts/get", name, "no_such_prompt", named(more), ""}
	}
	read := func(uri, unknown string, more params) hidden {
		return hidden{"resources/read", uri, unknown, located(more), ""}
	}
	suggest := func(uri, unknown, argument string, given params) hidden {
		return hidden{"completion/complete", uri, unknown, completing("ref/resource", "uri", argument, given), ""}
	}
	follow := func(uri, unknown string) hidden { return hidden{"resources/subscribe", uri, unknown, located(nil), ""} }
	return map[string]hidden{
		"prompt":                           prompt("plotting", nil),
		"prompt with arguments":            prompt("plotting", params{"arguments": params{"tone": "dry"}}),
		"prompt without its argument":      prompt("greeting", nil),
		"prompt with a forged state":       prompt("plotting", params{"requestState": "forged"}),
		"resource":                         read("app://plans", "app://nothing", nil),
		"resource of an unknown scheme":    read("app://plans", "nothing://there", nil),
		"resource with a forged state":     read("app://plans", "app://nothing", params{"requestState": "forged"}),
		"template":                         read("plan://x", "nowhere://x", nil),
		"template with a decided variable": read("user://alice", "nowhere://alice", nil),
		"template with a hostile variable": read("user://b,c", "nowhere://b,c", nil),
		"template with a hostile encoding": read("user://b%2Fc", "nowhere://b%2Fc", nil),
		"completion of a prompt": {
			"completion/complete", "plotting", "no_such_prompt", completing("ref/prompt", "name", "tone", params{}), "",
		},
		"completion of an argument that is none": {
			"completion/complete", "plotting", "no_such_prompt", completing("ref/prompt", "name", "mood", params{}), "",
		},
		"completion of a template":       suggest("plan://{id}", "nowhere://{id}", "id", params{}),
		"completion with a context":      suggest("user://{id}", "nowhere://{id}", "other", params{"id": "bob"}),
		"completion of a fixed resource": suggest("app://plans", "app://nothing", "id", params{}),
		"subscription":                   follow("app://plans", "app://nothing"),
		"subscription to a template":     follow("plan://x", "nowhere://x"),
	}
}

// TestM01_ConcealedIsUnknown compares every answer about what a caller may not know of with the one
// about what does not exist, to the byte, in every revision. The twin may know, and is told.
func TestM01_ConcealedIsUnknown(t *testing.T) {
	scopes := []string{"secret:use", "echo:use", "tables:read", "users:read", "greeting:use", "config:read"}
	cases := hiddenTools()
	maps.Copy(cases, hiddenOthers())
	for visible, visibility := range map[string]server.Visibility{"attainable": server.VisibilityAttainable, "granted": server.VisibilityGranted} {
		f := start(t, concealing, func(c *server.Config) { c.Visibility, c.Limits = visibility, server.Off })
		alice := f.Token(t, servertest.User("alice"), scopes...)
		callers := map[string]string{
			"nobody with every scope": f.Token(t, servertest.User("nobody"), scopes...),
			"nobody with no scope":    f.Token(t, servertest.User("nobody")),
			"a client that is denied": f.Token(t, servertest.Caller{Subject: "alice", Client: "evil"}, scopes...),
			"a client by itself":      f.Token(t, servertest.Machine("robot"), scopes...),
		}
		for name, c := range cases {
			fit := !strings.Contains(name, "hostile") // or nobody may
			t.Run(visible+" "+name, func(t *testing.T) {
				for caller, token := range callers {
					if diff := f.difference(t, token, c); diff != "" {
						t.Errorf("%s can tell a concealed denial from an unknown name (-unknown +forbidden):\n%s", caller, diff)
					}
				}
				if fit && f.difference(t, alice, c) == "" {
					t.Error("alice, who may do everything, is not told more than that it is unknown")
				}
			})
		}
	}
}

// difference asks for what is forbidden and for what does not exist in every revision, each time with
// new clients, so that the ids are the same, and compares the answers.
func (f *fixture) difference(t *testing.T, token string, c hidden) string {
	t.Helper()
	answers := func(name string) map[string]string {
		all := map[string]string{}
		clients := eras(f.Client(t, token))
		for _, era := range slices.Sorted(maps.Keys(clients)) {
			client := clients[era]
			if c.region != "" { // and then older revisions have the others too
				client = client.With("Mcp-Param-Region", c.region).With("Mcp-Method", c.method).With("Mcp-Name", name)
			}
			all[era] = flatten(client.Send(c.method, c.about(name)))
		}
		return all
	}
	return cmp.Diff(answers(c.unknown), answers(c.forbidden))
}

// TestM20_ConcealedIsNotAcknowledged listens to what may not be read and to what does not exist.
func TestM20_ConcealedIsNotAcknowledged(t *testing.T) {
	f := start(t, concealing)
	heard := func(user string, uris ...string) string {
		stream, refused := f.as(t, user, "secret:use", "config:read").Listen(servertest.Filter{Tools: true, URIs: uris})
		if refused != nil {
			return flatten(refused)
		}
		defer stream.Close()
		e, _ := stream.Next()
		return fmt.Sprint(e.Method, string(e.Params))
	}
	forbidden, unknown := heard("bob", "app://plans", "plan://x", "app://config"), heard("bob", "app://nothing", "nowhere://x", "app://config")
	if diff := cmp.Diff(unknown, forbidden); diff != "" || !strings.Contains(forbidden, "app://config") {
		t.Errorf("(-unknown +forbidden) %s\n%s", diff, forbidden)
	}
	if twin := heard("alice", "app://plans"); !strings.Contains(twin, "app://plans") {
		t.Errorf("alice hears %s", twin)
	}
}

// TestM01_LimitsConcealToo calls what may not be known, and what does not exist, more often than one may.
func TestM01_LimitsConcealToo(t *testing.T) {
	clock := func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	f := start(t, concealing, func(c *server.Config) {
		c.Now, c.Quotas = clock, transport.Quotas{Tool: transport.Rate{PerMinute: 6, Burst: 2}}
	})
	answers := map[string][]string{}
	for _, tool := range []string{"secret", "no_such_tool"} {
		nobody := f.as(t, "nobody")
		for range 3 {
			answers[tool] = append(answers[tool], flatten(nobody.Call(tool, nil)))
		}
	}
	if diff := cmp.Diff(answers["no_such_tool"], answers["secret"]); diff != "" {
		t.Errorf("(-unknown +forbidden):\n%s", diff)
	}
	if last := answers["secret"][2]; !strings.HasPrefix(last, "429") || !strings.HasPrefix(answers["secret"][1], "400") {
		t.Errorf("%v", answers["secret"])
	}
}

// TestM01_ConcealedOrAsked: what the policy permits and the token lacks is a step-up, concealed or not; if
// both doors are shut it is as if it did not exist.
func TestM01_ConcealedOrAsked(t *testing.T) {
	f := start(t, concealing)
	query := func(user, table string, scopes ...string) *servertest.Answer {
		return f.as(t, user, scopes...).Call("query", params{"table": table})
	}
	if a := query("bob", "public"); !a.StepUp("tables:read") {
		t.Errorf("without the scope: %v", a)
	}
	if a := query("bob", "private"); a.Code != -32602 || a.Challenge() != "" {
		t.Errorf("without either: %v", a)
	}
	if a := query("bob", "private", "tables:read"); a.Code != -32602 || a.Challenge() != "" {
		t.Errorf("without the permission: %v", a)
	}
	f.accepted(t, "with both", func() *servertest.Answer { return query("bob", "public", "tables:read") })
	if diff := f.difference(t, f.Token(t, servertest.User("nobody"), "users:read"), hidden{
		"completion/complete", "user://{id}", "nowhere://{id}", completing("ref/resource", "uri", "id", params{}), "",
	}); diff != "" {
		t.Errorf("nobody completes what no value is permitted of (-unknown +forbidden):\n%s", diff)
	}
	if a := f.as(t, "bob", "users:read").CompleteResource("user://{id}", "id", ""); !a.OK() || len(a.Values()) != 1 {
		t.Errorf("bob completes: %v", a)
	}
	// Who may know the tool is told about its header.
	alice := f.as(t, "alice", "secret:use")
	if a := alice.Call("mirrored", params{"region": "eu"}); a.Code != -32020 {
		t.Errorf("alice without the header: %v, want -32020", a)
	}
	// Nothing is concealed from who lacks a scope only, and headers come before the decision.
	lacking := f.as(t, "alice")
	if a := lacking.Call("mirrored", params{"region": "eu"}); a.Code != -32020 {
		t.Errorf("without the header and the scope: %+v", a)
	}
	if a := lacking.With("Mcp-Param-Region", "eu").Call("mirrored", params{"region": "eu"}); !a.StepUp("secret:use") {
		t.Errorf("without the scope: %+v", a)
	}
	if a := alice.With("Mcp-Param-Region", "eu").Call("mirrored", params{"region": "eu"}); !a.OK() {
		t.Errorf("alice with the header: %v", a)
	}
}
