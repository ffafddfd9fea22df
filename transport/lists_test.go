package transport_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// page is what lists have in common.
type page struct {
	Tools     []struct{ Name string } `json:"tools"`
	Resources []struct{ URI string }  `json:"resources"`
	Scope     string                  `json:"cacheScope"`
	TTL       *int64                  `json:"ttlMs"`
}

func (h *harness) list(t *testing.T, token, method string) []string {
	t.Helper()
	r := h.request(rpc(method, ""))
	set("Authorization", "Bearer "+token)(r)
	a := send(t, r)
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	var p page
	if err := json.Unmarshal(a.rpc(t).Result, &p); err != nil {
		t.Fatal(err)
	}
	if p.Scope != "private" || p.TTL == nil || *p.TTL != 5000 {
		t.Errorf("%s: caching %q %v", method, p.Scope, p.TTL)
	}
	var names []string
	for _, tool := range p.Tools {
		names = append(names, tool.Name)
	}
	for _, r := range p.Resources {
		names = append(names, r.URI)
	}
	return names
}

func TestM01_ListsShowWhatThePassHolds(t *testing.T) {
	h := start(t)
	for _, c := range []struct {
		token, method string
		want          []string
	}{
		{"good", "tools/list", []string{"allowed", "forbidden", "mirrored", "needs_scope", "secret_1", "secret_2"}},
		{"bob", "tools/list", []string{"allowed", "forbidden", "mirrored", "needs_scope"}},
		{"good", "resources/list", []string{"note://1", "note://2", "note://4", "note://5", "secret://3"}},
		{"bob", "resources/list", []string{"note://1", "note://2", "note://4", "note://5"}},
	} {
		if diff := cmp.Diff(c.want, h.list(t, c.token, c.method)); diff != "" {
			t.Errorf("%s %s (-want +got)\n%s", c.token, c.method, diff)
		}
	}
	read := func(token string) int {
		r := h.request(rpc("resources/read", `"uri":"secret://3",`))
		set("Authorization", "Bearer "+token)(r)
		return send(t, r).status
	}
	if good, bob := read("good"), read("bob"); good != 200 || bob != 400 {
		t.Errorf("read: %d and %d", good, bob)
	}
}

// Lists are whole: whatever cursor is sent was not handed out here.
func TestM02_Cursors(t *testing.T) {
	h := start(t)
	for name, c := range map[string]struct{ method, cursor string }{
		"mcp-go's own":       {"tools/list", base64.StdEncoding.EncodeToString([]byte("allowed"))},
		"of resources":       {"resources/list", base64.StdEncoding.EncodeToString([]byte("1"))},
		"negative":           {"tools/list", "-1"},
		"huge":               {"tools/list", strings.Repeat("A", 100<<10)},
		"not base64":         {"tools/list", "'; DROP TABLE"},
		"where none belongs": {"server/discover", "AAAA"},
	} {
		t.Run(name, func(t *testing.T) {
			h.refused(t, h.request(rpc(c.method, `"cursor":`+string(must(json.Marshal(c.cursor)))+`,`)), 400, -32602)
			if got := h.gate.last().reason; got != "foreign_cursor" {
				t.Errorf("reason %q", got)
			}
			if a := send(t, h.request(rpc(c.method, ""))); a.status != 200 || strings.Contains(a.body, "nextCursor") {
				t.Errorf("twin: %d %s", a.status, a.body)
			}
		})
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func TestDiscover(t *testing.T) {
	h := start(t)
	a := send(t, h.request(rpc("server/discover", "")))
	var got struct {
		Supported    []string       `json:"supportedVersions"`
		Capabilities map[string]any `json:"capabilities"`
		Scope        string         `json:"cacheScope"`
		TTL          *int64         `json:"ttlMs"`
	}
	if err := json.Unmarshal(a.rpc(t).Result, &got); err != nil {
		t.Fatal(err)
	}
	empty, listed := map[string]any{}, map[string]any{"listChanged": true}
	want := map[string]any{
		"tools": listed, "resources": map[string]any{"listChanged": true, "subscribe": true}, "prompts": listed,
		"logging": empty, "completions": empty,
	}
	if diff := cmp.Diff(want, got.Capabilities); diff != "" {
		t.Errorf("capabilities (-want +got)\n%s", diff)
	}
	if !slices.Equal(got.Supported, []string{"2026-07-28"}) || got.Scope != "private" || got.TTL == nil {
		t.Errorf("%+v", got)
	}
	bare := start(t, func(h *harness) { h.config.MCP = mcpserver.NewMCPServer("bare", "1") })
	if a := send(t, bare.request(rpc("server/discover", ""))); !strings.Contains(a.body, `"capabilities":{}`) {
		t.Errorf("%s", a.body)
	}
	// What is not a capability is no method either, whatever the gate says.
	if a := send(t, bare.request(rpc("tools/list", ""))); a.status != 404 || a.rpc(t).Error.Code != -32601 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestReadAndOtherLists(t *testing.T) {
	h := start(t)
	for method, members := range map[string]string{
		"resources/read": `"uri":"note://1",`, "resources/templates/list": "", "prompts/list": "", "resources/list": "",
	} {
		a := send(t, h.request(rpc(method, members)))
		if a.status != 200 || !strings.Contains(a.body, `"cacheScope":"private"`) || !strings.Contains(a.body, `"ttlMs":5000`) {
			t.Errorf("%s: %d %s", method, a.status, a.body)
		}
	}
	if a := send(t, h.request(rpc("resources/templates/list", ""))); !strings.Contains(a.body, `t://{id}`) {
		t.Errorf("%s", a.body)
	}
	if a := send(t, h.request(rpc("prompts/get", `"name":"p",`))); a.status != 200 || strings.Contains(a.body, "cacheScope") {
		t.Errorf("%d %s", a.status, a.body)
	}
	completion := `"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"n","value":"v"},`
	if a := send(t, h.request(rpc("completion/complete", completion))); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// mcp-go's own refusals, for what a gate should never admit, say nothing.
func TestErrorsOfMCPGoAreReplaced(t *testing.T) {
	h := start(t, func(h *harness) {
		h.gate.res["note://broken"] = mcpserver.ServerResource{
			Resource: mcp.NewResource("note://broken", "broken"),
			Handler: func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
				return nil, errors.New("secret")
			},
		}
	})
	for body, want := range map[string]struct {
		status, code int
		text         string
	}{
		rpc("resources/read", `"uri":"note://nothing",`):                                                     {400, -32602, "invalid params"},
		rpc("prompts/get", `"name":"nothing",`):                                                              {400, -32602, "invalid params"},
		rpc("resources/read", `"uri":"note://broken",`):                                                      {200, -32603, "internal error (ref "},
		rpc("prompts/list", `"_x":1,"cursor":"",`):                                                           {200, 0, ""},
		withMeta(callBody("allowed"), `"io.modelcontextprotocol/clientInfo":{"name":1}`):                     {200, 0, ""},
		strings.Replace(callBody("allowed"), `clientCapabilities":{}`, `clientCapabilities":{"roots":1}`, 1): {400, -32602, "invalid params"},
	} {
		a := send(t, h.request(body))
		got := a.rpc(t)
		if a.status != want.status || strings.Contains(a.body, "secret") || strings.Contains(a.body, "nothing") {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
		if want.code != 0 && (got.Error == nil || got.Error.Code != want.code || !strings.HasPrefix(got.Error.Message, want.text)) {
			t.Errorf("%s: %s", body, a.body)
		}
	}
}

// What a session could be told to hold is decided before it: nothing changes it.
func TestSessionsAreImmutable(t *testing.T) {
	h := start(t, func(h *harness) {
		h.tool("grab", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			session := mcpserver.ClientSessionFromContext(ctx)
			session.Initialize()
			session.(mcpserver.SessionWithTools).SetSessionTools(nil)
			session.(mcpserver.SessionWithResources).SetSessionResources(nil)
			session.(mcpserver.SessionWithResourceTemplates).SetSessionResourceTemplates(nil)
			tools := session.(mcpserver.SessionWithTools).GetSessionTools()
			if !session.Initialized() || len(session.SessionID()) < 20 || len(tools) == 0 {
				return nil, errors.New("changed")
			}
			return mcp.NewToolResultText(session.SessionID()), nil
		})
	})
	if one, two := h.accepted(t, h.request(callBody("grab"))), h.accepted(t, h.request(callBody("grab"))); one.body == two.body {
		t.Error("two requests share a session id")
	}
}

func TestMetadata(t *testing.T) {
	h := start(t)
	get := func(h *harness, method, path string) answer {
		r, err := http.NewRequest(method, "http://"+h.host+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		set("Origin", "https://anywhere.example")(r)
		return send(t, r)
	}
	want := `{"resource":"` + h.url + `","authorization_servers":["https://issuer.example"],"scopes_supported":["notes:read"],` +
		`"bearer_methods_supported":["header"],"resource_name":"Notes"}`
	for _, path := range []string{"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"} {
		a := get(h, "GET", path)
		if a.status != 200 || a.body != want || a.header.Get("Content-Type") != "application/json" || a.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d %v %s", path, a.status, a.header, a.body)
		}
		if a := get(h, "HEAD", path); a.status != 200 || a.body != "" || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("HEAD %s: %d %v", path, a.status, a.header)
		}
		if a := get(h, "OPTIONS", path); a.status != 204 || a.header.Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("OPTIONS %s: %d %v", path, a.status, a.header)
		}
		if a := get(h, "DELETE", path); a.status != 405 || a.header.Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("DELETE %s: %d %v", path, a.status, a.header)
		}
	}
	if a := send(t, h.request(callBody("allowed"))); a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("MCP is open to pages: %v", a.header)
	}
	bare := start(t, func(h *harness) {
		h.config.InitialScopes, h.config.ResourceName = []string{"offline_access"}, ""
		h.config.Resource = "http://" + h.host
		h.url = h.config.Resource + "/"
	})
	if a := get(bare, "GET", "/.well-known/oauth-protected-resource"); strings.Contains(a.body, "scopes_supported") || strings.Contains(a.body, "resource_name") {
		t.Errorf("%s", a.body)
	}
	r := bare.request(callBody("allowed"))
	set("Authorization")(r)
	a := bare.refused(t, r, 401, 401)
	if got := a.header.Get("WWW-Authenticate"); got != `Bearer resource_metadata="http://`+bare.host+`/.well-known/oauth-protected-resource"` {
		t.Errorf("challenge %q", got)
	}
	bare.accepted(t, bare.request(callBody("allowed")))
}
