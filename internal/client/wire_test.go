package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const search = `{"name": "search", "description": "Search.", "inputSchema": {"type": "object", "properties": {"q": {"type": "string", "x-mcp-header": "Q"}}}}`

// loggedInFake is a client that is logged in to a fake.
func loggedInFake(t *testing.T, f *fake) (*Client, *screen) {
	t.Helper()
	c, p := newClient(t, nil, t.TempDir(), "nobody")
	if _, err := c.Login(t.Context(), LoginRequest{URL: f.url}); err != nil {
		t.Fatal(err)
	}
	return c, p
}

// result answers a request with a result, whatever its id is.
func result(w http.ResponseWriter, body []byte, text string) {
	var message struct {
		ID json.RawMessage `json:"id"`
	}
	_ = json.Unmarshal(body, &message)
	_, _ = fmt.Fprintf(w, `{"jsonrpc": "2.0", "id": %s, "result": %s}`, message.ID, text)
}

// listing serves a list with one tool, and hands calls to another.
func listing(calls func(w http.ResponseWriter, body []byte)) func(http.ResponseWriter, string, []byte) {
	return func(w http.ResponseWriter, method string, body []byte) {
		if method == "tools/list" {
			result(w, body, `{"tools": [`+search+`]}`)
			return
		}
		calls(w, body)
	}
}

// TestRefusals calls a tool on servers that refuse, and reads the next step.
func TestRefusals(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		header http.Header
		body   string
		want   []string
	}{
		"too many":        {429, http.Header{"Retry-After": {"7"}}, `{}`, []string{"too many requests; try again in 7 s"}},
		"too many, dated": {429, http.Header{"Retry-After": {"Fri, 27 Nov"}}, ``, []string{"after Fri, 27 Nov"}},
		"down":            {503, nil, `{"error": {"code": 503, "message": "keys are out of reach"}}`, []string{"cannot answer now: keys are out of reach; try again later"}},
		"not there":       {404, nil, `<html>`, []string{"no MCP server at", "(status 404)"}},
		"no method":       {404, nil, `{"error": {"code": -32601, "message": "unknown"}}`, []string{"status 404: unknown (code -32601)"}},
		"forbidden":       {403, nil, `{"error": {"code": 403, "message": "origin"}}`, []string{"refuses: origin; no scope is named"}},
		"a scope in the body only": {403, nil, `{"error": {"code": 403, "data": {"door": 1, "scopes": ["evil"]}}}`,
			[]string{"no scope is named that would help"}},
		"a scope with another error": {403, http.Header{"Www-Authenticate": {`Bearer error="invalid_request", scope="z"`}}, `{}`,
			[]string{"the server refuses; no scope is named"}},
		"not permitted": {403, nil, `{"error": {"code": 403, "data": {"door": 2, "permission": "table/salaries:read"}}}`,
			[]string{"you lack the permission table/salaries:read", "ask whoever keeps the policy"}},
		"not fillable": {403, nil, `{"error": {"code": 403, "data": {"door": 2, "permission": "table/{table}:read"}}}`,
			[]string{"do not fill the permission table/{table}:read", "give a value of"}},
		"scopes for a shell": {403, http.Header{"Www-Authenticate": {`Bearer error="insufficient_scope", scope="$(reboot) it's"`}}, `{}`,
			[]string{`--scope '$(reboot)'`, `--scope 'it'\''s'`, "the scopes $(reboot) it's"}},
		"an escape":       {400, nil, `{"error": {"code": -32602, "message": "bad \u001b]0;title\u0007"}}`, []string{"status 400: bad \\x1b]0;title\\a"}},
		"led away":        {307, http.Header{"Location": {"http://127.0.0.1:1/"}}, ``, []string{"redirects (status 307)", "not followed"}},
		"asks for input":  {400, nil, `{"error": {"code": -32021, "message": "elicitation"}}`, []string{"another client"}},
		"asks in results": {200, nil, `{"jsonrpc": "2.0", "id": 2, "result": {"resultType": "input_required"}}`, []string{"another client"}},
		"an older error":  {200, nil, `{"jsonrpc": "2.0", "id": 2, "error": {"code": -32000, "message": "no"}}`, []string{"the server refuses: no (code -32000)"}},
		"no JSON":         {200, nil, `hello`, []string{"the answer: JSON"}},
		"duplicates":      {200, nil, `{"result": {}, "result": {}}`, []string{"occurs twice"}},
		"no result":       {200, nil, `{"jsonrpc": "2.0", "id": 2}`, []string{"the server refuses"}},
		"broken result":   {200, nil, `{"jsonrpc": "2.0", "id": 2, "result": {"content": 1}}`, []string{"the result of the tool"}},
		"broken stream":   {200, http.Header{"Content-Type": {"text/event-stream"}}, "data: {\"id\": 1}\n\n", []string{"broke off"}},
		"stream no JSON":  {200, http.Header{"Content-Type": {"text/event-stream"}}, "data: {\n\n", []string{"a message of the stream"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := startFake(t)
			f.calls = listing(func(w http.ResponseWriter, _ []byte) {
				for name, values := range tt.header {
					w.Header()[name] = values
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			})
			c, _ := loggedInFake(t, f)
			_, err := call(t, c, CallRequest{URL: f.url, Tool: "search"})
			wantError(t, err, tt.want...)
			f.calls = listing(func(w http.ResponseWriter, body []byte) { result(w, body, `{"content": []}`) })
			if _, err := call(t, c, CallRequest{URL: f.url, Tool: "search"}); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// TestStream reads an answer behind other events, as a stream may spell them.
func TestStream(t *testing.T) {
	f := startFake(t)
	f.calls = listing(func(w http.ResponseWriter, _ []byte) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		_, _ = io.WriteString(w, ": a comment\r\n\r\nevent: message\r\nid: 7\r\ndata: {\"method\": \"notifications/message\"}\r\n\r\n"+
			"data: {\"id\": 9, \"method\": \"sampling/createMessage\"}\n\ndata: {\"id\": 1, \"result\": {}}\n\ndata:\n\n"+
			"data:{\"jsonrpc\": \"2.0\",\ndata: \"id\": 2, \"result\": {\"content\": [{\"type\": \"text\", \"text\": \"at last\"}]}}\n\n")
	})
	c, _ := loggedInFake(t, f)
	if got, err := call(t, c, CallRequest{URL: f.url, Tool: "search", Progress: func(Progress) { t.Error("this is no progress") }}); err != nil || got != "at last" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestEvents_Bounds(t *testing.T) {
	e := newEvents(io.MultiReader(strings.NewReader("data: "), strings.NewReader(strings.Repeat("x", maxAnswer+1))))
	if _, err := e.next(); err == nil || !strings.Contains(err.Error(), "larger") {
		t.Errorf("a large event: %v", err)
	}
	e = newEvents(strings.NewReader("data: 123456789\n\ndata: 12\n\n"))
	e.left = 20
	if data, err := e.next(); err != nil || string(data) != "123456789" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := e.next(); err == nil {
		t.Error("a long stream is read to its end")
	}
}

// TestHeaders sends what 2026-07-28 wants to see repeated, and only to who it is for.
func TestHeaders(t *testing.T) {
	f := startFake(t)
	var sent http.Header
	var body struct {
		Params struct {
			Meta map[string]any `json:"_meta"`
		} `json:"params"`
	}
	f.at["/mcp"] = func(w http.ResponseWriter, r *http.Request) {
		sent = r.Header
		text, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(text, &body)
		result(w, text, `{"tools": [`+search+`]}`)
	}
	c, _ := newClient(t, nil, t.TempDir(), "nobody") // a server that is open to all
	if _, err := c.Call(t.Context(), CallRequest{URL: f.url, Tool: "search", Words: []string{"q=m\u00fc"}}); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, name := range []string{"Mcp-Protocol-Version", "Mcp-Method", "Mcp-Name", "Mcp-Param-Q", "Mcp-Session-Id", "Authorization", "Accept", "Content-Type"} {
		got[name] = sent.Get(name)
	}
	want := map[string]string{
		"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "search", "Mcp-Param-Q": "=?base64?bcO8?=",
		"Mcp-Session-Id": "", "Authorization": "", "Accept": "application/json, text/event-stream", "Content-Type": "application/json",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	meta := map[string]any{
		"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": map[string]any{},
		"io.modelcontextprotocol/clientInfo": map[string]any{"name": "sallyport", "version": "dev"},
	}
	if diff := cmp.Diff(meta, body.Params.Meta); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestTools_LeftOut lists tools of which some are declared against the specification, over several pages.
func TestTools_LeftOut(t *testing.T) {
	f := startFake(t)
	pages := []string{
		`{"tools": [` + search + `, {"name": "number", "inputSchema": {"properties": {"n": {"type": "number", "x-mcp-header": "N"}}}}], "nextCursor": ""}`,
		`{"tools": [{"name": "bare"}, {"inputSchema": {}}, 7, {"name": "odd", "inputSchema": 7}, {"name": "last", "inputSchema": {}}]}`,
	}
	f.calls = func(w http.ResponseWriter, _ string, body []byte) {
		page := pages[0]
		if strings.Contains(string(body), `"cursor":""`) {
			page = pages[1]
		}
		result(w, body, page)
	}
	c, p := loggedInFake(t, f)
	list, err := c.Tools(t.Context(), f.url)
	if err != nil || len(list) != 2 || list[0].Name != "search" || list[1].Name != "last" {
		t.Errorf("%+v, %v", list, err)
	}
	for _, part := range []string{`"number" is left out: its header for n only string`, `"bare" is left out: it has no name`, `"odd" is left out: its input schema`} {
		if !strings.Contains(p.text(), part) {
			t.Errorf("%s\nlacks %q", p.text(), part)
		}
	}
	pages[1] = `{"tools": [], "nextCursor": ""}`
	_, err = c.Tools(t.Context(), f.url)
	wantError(t, err, "does not end")
	pages[0] = `{"tools": [` + strings.Repeat(search+`,`, maxTools) + search + `], "nextCursor": ""}`
	pages[1] = `{"tools": []}` // it would end, but there is too much already
	_, err = c.Tools(t.Context(), f.url)
	wantError(t, err, "does not end")
	f.calls = func(w http.ResponseWriter, _ string, body []byte) { result(w, body, `{"tools": {}}`) }
	_, err = c.Tools(t.Context(), f.url)
	wantError(t, err, "the list of tools")
}

// TestRefresh_Answers has a token endpoint that gives no new refresh token, narrows scopes, or is down.
func TestRefresh_Answers(t *testing.T) {
	f := startFake(t)
	c, _ := loggedInFake(t, f)
	later := c.cfg.Now().Add(time.Hour)
	c.cfg.Now = func() time.Time { return later }
	f.at["/token"] = answer(503, `down`)
	_, err := c.Tools(t.Context(), f.url)
	wantError(t, err, "could not be renewed", "status 503")
	f.at["/token"] = answer(200, `{"access_token": "access-canary", "token_type": "Bearer", "scope": "a"}`)
	if _, err := c.Tools(t.Context(), f.url); err != nil {
		t.Fatal(err)
	}
	got := held(t, c, f.url)
	if got.Refresh != "refresh-canary" || strings.Join(got.Scopes, " ") != "a" || !got.Expires.IsZero() {
		t.Errorf("%+v", got)
	}
	if form := f.forms[len(f.forms)-1]; form.Get("resource") != f.url || form.Get("client_id") != "c1" || form.Get("grant_type") != "refresh_token" {
		t.Errorf("%v", form)
	}
	delete(f.tokens, "refresh_token")
	delete(f.at, "/token")
	if _, err := c.Login(t.Context(), LoginRequest{URL: f.url}); err != nil {
		t.Fatal(err)
	}
	later = later.Add(time.Hour)
	_, err = c.Tools(t.Context(), f.url)
	wantError(t, err, "there is no refresh token", "log in again")
}

// TestRefresh_Once has many refresh at the same time: the first one does, and the others find what it got.
func TestRefresh_Once(t *testing.T) {
	f := startFake(t)
	c, _ := loggedInFake(t, f)
	later := c.cfg.Now().Add(time.Hour)
	var all sync.WaitGroup
	for range 8 {
		other := New(Config{Home: c.cfg.Home, Now: func() time.Time { return later }})
		t.Cleanup(other.Close)
		all.Go(func() {
			if _, err := other.Tools(t.Context(), f.url); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(f.forms) != 2 { // the login's, and one more
		t.Errorf("%d requests for tokens", len(f.forms))
	}
}

// TestStepUp_InVain has a server that asks for the same scope again.
func TestStepUp_InVain(t *testing.T) {
	f := startFake(t)
	f.calls = listing(func(w http.ResponseWriter, _ []byte) {
		w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="z"`)
		w.WriteHeader(http.StatusForbidden)
	})
	c, _ := loggedInFake(t, f)
	asked := 0
	_, err := call(t, c, CallRequest{URL: f.url, Tool: "search", StepUp: func(context.Context, *Refusal) (bool, error) { asked++; return true, nil }})
	wantError(t, err, "door one stays shut", "the scope z")
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

func TestLogout_NotRevoked(t *testing.T) {
	f := startFake(t)
	c, _ := loggedInFake(t, f)
	f.at["/revoke"] = answer(503, `{"error": "temporarily_unavailable"}`)
	bye, ok, err := c.Logout(t.Context(), f.url)
	if err != nil || !ok || bye.Revoked || !strings.Contains(bye.Problem, "temporarily_unavailable") || bye.Expires.IsZero() {
		t.Errorf("%+v, %v, %v", bye, ok, err)
	}
	if logins, err := c.Logins(); len(logins) != 0 || err != nil {
		t.Errorf("it is still there: %v, %v", logins, err)
	}
	delete(f.issuer, "revocation_endpoint")
	if _, err := c.Login(t.Context(), LoginRequest{URL: f.url}); err != nil {
		t.Fatal(err)
	}
	if bye, _, err = c.Logout(t.Context(), f.url); err != nil || !strings.Contains(bye.Problem, "no revocation endpoint") {
		t.Errorf("%+v, %v", bye, err)
	}
}
