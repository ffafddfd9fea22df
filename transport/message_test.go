package transport_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// with returns a request with the headers of a good call and another body.
func (h *harness) with(body string) *http.Request {
	r := h.request(callBody("allowed"))
	twin := h.request(body)
	r.Body, r.ContentLength, r.GetBody = twin.Body, twin.ContentLength, twin.GetBody
	return r
}

func TestAmbiguousBodiesRunNothing(t *testing.T) {
	h := start(t)
	good := callBody("allowed")
	for name, c := range map[string]struct {
		body string
		code int
	}{
		"R-01 batch":             {"[" + good + "]", -32600},
		"R-01 empty batch":       {"[]", -32600},
		"R-02 duplicate name":    {strings.Replace(good, `"name"`, `"name":"forbidden","name"`, 1), -32600},
		"R-03 duplicate method":  {strings.Replace(good, `"method"`, `"method":"tools/list","method"`, 1), -32600},
		"R-04 duplicate params":  {strings.Replace(good, `"params"`, `"params":{},"params"`, 1), -32600},
		"R-05 Name alone":        {strings.Replace(good, `"name"`, `"Name"`, 1), -32600},
		"R-05 Method alone":      {strings.Replace(good, `"method"`, `"Method"`, 1), -32600},
		"R-06 name and Name":     {strings.Replace(good, `"name"`, `"Name":"forbidden","name"`, 1), -32600},
		"R-07 params U+017F":     {strings.Replace(good, `"params"`, `"paramſ"`, 1), -32600},
		"R-09 lone surrogate":    {strings.Replace(good, `allowed`, `\ud800`, 1), -32600},
		"R-09 invalid UTF-8":     {strings.Replace(good, `allowed`, "allowed\xff", 1), -32700},
		"R-11 trailing object":   {good + good, -32700},
		"R-12 BOM":               {"\ufeff" + good, -32700},
		"R-13 too deep":          {strings.Replace(good, `"name"`, `"arguments":{"a":`+strings.Repeat("[", 99)+strings.Repeat("]", 99)+`},"name"`, 1), -32600},
		"R-15 null id":           {strings.Replace(good, `"id":1`, `"id":null`, 1), -32600},
		"R-15 float id":          {strings.Replace(good, `"id":1`, `"id":1.5`, 1), -32600},
		"R-21 result":            {`{"jsonrpc":"2.0","id":1,"result":{}}`, -32600},
		"R-21 result and method": {strings.Replace(good, `"id":1`, `"id":1,"result":{}`, 1), -32600},
		"arguments array":        {strings.Replace(good, `"name"`, `"arguments":[],"name"`, 1), -32602},
		"empty body":             {"", -32700},
	} {
		t.Run(name, func(t *testing.T) {
			h.refused(t, h.with(c.body), 400, c.code)
			if got := h.gate.last(); got.who != "alice" || got.kind != "refused" {
				t.Errorf("%+v", got)
			}
			h.accepted(t, h.with(good))
		})
	}
}

func TestR15_IDsAreEchoedExactly(t *testing.T) {
	h := start(t)
	for _, id := range []string{`9007199254740993`, `-9007199254740993`, `1` + strings.Repeat("0", 250), `""`, `"a"`, `"\u0061\u2028"`, `"a&b<c>` + "\u2028" + `"`, `"1"`, `0`} {
		body := strings.Replace(callBody("allowed"), `"id":1`, `"id":`+id, 1)
		if got := h.accepted(t, h.with(body)).body; !strings.Contains(got, `"id":`+id+`,`) && !strings.Contains(got, `"id":`+id+`}`) {
			t.Errorf("id %s: %s", id, got)
		}
		body = strings.Replace(callBody("forbidden"), `"id":1`, `"id":`+id, 1)
		if got := send(t, h.request(body)).body; !strings.Contains(got, `"id":`+id+`,`) {
			t.Errorf("id %s: %s", id, got)
		}
		body = strings.Replace(`{"id":1,"jsonrpc":"1.0"}`, `"id":1`, `"id":`+id, 1)
		if got := send(t, h.with(body)).body; !strings.Contains(got, `"id":`+id+`,`) {
			t.Errorf("id %s: %s", id, got)
		}
	}
	if got := send(t, h.with(`[]`)).body; strings.Contains(got, `"id"`) {
		t.Errorf("an id out of nowhere: %s", got)
	}
}

func TestR17_R19_SameIDInFlight(t *testing.T) {
	h := start(t, func(h *harness) {
		h.tool("wait", func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case h.waiting <- r.GetString("me", ""):
				<-h.release
				return mcp.NewToolResultText(r.GetString("me", "")), nil
			}
		})
	})
	var wg sync.WaitGroup
	for i := range 4 {
		me := fmt.Sprint("caller ", i)
		wg.Go(func() {
			r := h.request(rpc("tools/call", `"name":"wait","arguments":{"me":"`+me+`"},`))
			if i%2 == 1 {
				set("Authorization", "Bearer bob")(r)
			}
			if a := send(t, r); a.status != 200 || !strings.Contains(a.body, me) {
				t.Errorf("%s got %d %s", me, a.status, a.body)
			}
		})
	}
	for range 4 {
		<-h.waiting
	}
	for _, token := range []string{"bob", "good"} {
		r := h.request(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
		set("Authorization", "Bearer "+token)(r)
		if a := send(t, r); a.status != 202 {
			t.Errorf("cancelled: %d %s", a.status, a.body)
		}
	}
	close(h.release)
	wg.Wait()
}

func TestR18_R20_NotificationsDoNothing(t *testing.T) {
	h := start(t)
	for _, body := range []string{
		strings.Replace(callBody("allowed"), `"id":1,`, ``, 1),
		`{"jsonrpc":"2.0","method":"tools/call","params":{"name":"allowed"}}`,
		`{"jsonrpc":"2.0","method":"resources/read","params":{"uri":"note://1"}}`,
		`{"jsonrpc":"2.0","method":"tasks/cancel","params":{"taskId":"x"}}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		`{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}`,
		`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}`,
		`{"jsonrpc":"2.0","method":"notifications/message","params":{}}`,
		`{"jsonrpc":"2.0","method":"unheard/of"}`,
	} {
		ran, records := h.ran.Load(), h.gate.count()
		a := send(t, h.with(body))
		if a.status != 202 || a.body != "" || h.ran.Load() != ran || h.gate.count() != records {
			t.Errorf("%s: %d %q, ran %d", body, a.status, a.body, h.ran.Load()-ran)
		}
		r := h.with(body)
		set("Authorization")(r)
		h.refused(t, r, 401, 401)
	}
	h.accepted(t, h.with(callBody("allowed")))
}

func TestR23_MethodsThatDoNotExist(t *testing.T) {
	h := start(t)
	for _, method := range []string{
		"rpc.x", "tools//call", "tools/call/", "TOOLS/CALL", "Tools/call", "ping", "tasks/list", "tasks/get", "tasks/result",
		"tasks/cancel", "logging/setLevel", "resources/subscribe", "initialize", "nothing",
	} {
		a := h.refused(t, h.request(rpc(method, `"name":"allowed",`)), 404, -32601)
		if strings.Contains(a.body, method) {
			t.Errorf("%s is repeated: %s", method, a.body)
		}
	}
	for _, method := range []string{` tools/call`, `tools/call `, `tools/\u0000call`} {
		r := h.with(rpc(method, `"name":"allowed",`))
		h.refused(t, r, 400, -32020)
	}
	h.accepted(t, h.request(callBody("allowed")))
}

func TestR25_MirroredHeaders(t *testing.T) {
	h := start(t)
	h.defects(t, callBody("allowed"), []defect{
		{"Mcp-Name good, bad", set("Mcp-Name", "allowed", "forbidden"), 400, -32020},
		{"Mcp-Name bad, good", set("Mcp-Name", "forbidden", "allowed"), 400, -32020},
		{"Mcp-Name twice", set("Mcp-Name", "allowed", "allowed"), 400, -32020},
		{"Mcp-Name comma", set("Mcp-Name", "allowed, forbidden"), 400, -32020},
		{"Mcp-Name missing", set("Mcp-Name"), 400, -32020},
		{"Mcp-Name other", set("Mcp-Name", "forbidden"), 400, -32020},
		{"Mcp-Name case", set("Mcp-Name", "Allowed"), 400, -32020},
		{"Mcp-Name not Base64", set("Mcp-Name", "=?base64?!?="), 400, -32020},
		{"Mcp-Name unused bits", set("Mcp-Name", "=?base64?YWxsb3dlZB==?="), 400, -32020},
		{"Mcp-Name without padding", set("Mcp-Name", "=?base64?YWxsb3dlZA?="), 400, -32020},
		{"Mcp-Name upper-case mark", set("Mcp-Name", "=?BASE64?YWxsb3dlZA==?="), 400, -32020},
		{"Mcp-Method good, bad", set("Mcp-Method", "tools/call", "tools/list"), 400, -32020},
		{"Mcp-Method bad, good", set("Mcp-Method", "tools/list", "tools/call"), 400, -32020},
		{"Mcp-Method missing", set("Mcp-Method"), 400, -32020},
		{"Mcp-Method other", set("Mcp-Method", "tools/list"), 400, -32020},
		{"Mcp-Method Base64", set("Mcp-Method", "=?base64?dG9vbHMvY2FsbA==?="), 400, -32020},
	})
	r := h.request(callBody("allowed"))
	set("Mcp-Name", "=?base64?YWxsb3dlZA==?=")(r)
	h.accepted(t, r)
	t.Run("a URI and a prompt", func(t *testing.T) {
		for _, body := range []string{rpc("resources/read", `"uri":"note://1",`), rpc("prompts/get", `"name":"p",`)} {
			if a := send(t, h.request(body)); a.status != 200 {
				t.Errorf("%d %s", a.status, a.body)
			}
			r := h.request(body)
			set("Mcp-Name", "x")(r)
			h.refused(t, r, 400, -32020)
		}
	})
}

func TestMirroredParameters(t *testing.T) {
	h := start(t)
	request := func(arguments string, region, n []string) *http.Request {
		r := h.request(rpc("tools/call", `"name":"mirrored","arguments":`+arguments+`,`))
		set("Mcp-Param-Region", region...)(r)
		set("Mcp-Param-N", n...)(r)
		return r
	}
	one := func(v string) []string { return []string{v} }
	for _, c := range []struct {
		name      string
		arguments string
		region, n []string
		ok        bool
	}{
		{"equal", `{"place":{"region":"us"},"n":42}`, one("us"), one("42"), true},
		{"encoded", `{"place":{"region":"世界"},"n":42}`, one("=?base64?5LiW55WM?="), one("42"), true},
		{"encoded lookalike", `{"place":{"region":"=?base64?x?="}}`, one("=?base64?PT9iYXNlNjQ/eD89?="), nil, true},
		{"half a mark", `{"place":{"region":"=?base64?x"}}`, one("=?base64?x"), nil, true},
		{"numerically equal", `{"n":42}`, nil, one("42.0"), true},
		{"numerically equal, body", `{"n":42.00}`, nil, one("42"), true},
		{"negative", `{"n":-7}`, nil, one("-7"), true},
		{"zero", `{"n":-0}`, nil, one("0"), true},
		{"boolean", `{"n":true}`, nil, one("true"), true},
		{"fraction", `{"n":1.5}`, nil, one("1.5"), true},
		{"absent", `{}`, nil, nil, true},
		{"null", `{"place":{"region":null},"n":null}`, nil, nil, true},
		{"other parent", `{"place":"us"}`, nil, nil, true},
		{"different", `{"place":{"region":"us"}}`, one("eu"), nil, false},
		{"missing", `{"place":{"region":"us"}}`, nil, nil, false},
		{"repeated", `{"place":{"region":"us"}}`, []string{"us", "us"}, nil, false},
		{"not in the body", `{}`, one("us"), nil, false},
		{"null in the body", `{"place":{"region":null}}`, one("null"), nil, false},
		{"not ASCII", `{"place":{"region":"é"}}`, one("é"), nil, false},
		{"invalid UTF-8", `{"place":{"region":"\ufffd"}}`, one("=?base64?/w==?="), nil, false},
		{"different number", `{"n":42}`, nil, one("43"), false},
		{"fraction and integer", `{"n":1.5}`, nil, one("1"), false},
		{"exponent", `{"n":100}`, nil, one("1e2"), false},
		{"empty", `{"n":100}`, nil, one(""), false},
		{"string and number", `{"n":"42"}`, nil, one("42.0"), false},
		{"case of a boolean", `{"n":true}`, nil, one("True"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if r := request(c.arguments, c.region, c.n); c.ok {
				h.accepted(t, r)
			} else {
				h.refused(t, r, 400, -32020)
			}
		})
	}
}

func TestR27_R28_Revision(t *testing.T) {
	h := start(t)
	const old = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"allowed"}}`
	h.defects(t, callBody("allowed"), []defect{
		{"R-27 missing header", set("MCP-Protocol-Version"), 400, -32020},
		{"R-27 two headers", set("MCP-Protocol-Version", "2026-07-28", "2026-07-28"), 400, -32020},
		{"R-27 older header", set("MCP-Protocol-Version", "2025-11-25"), 400, -32020},
		{"R-27 unknown header", set("MCP-Protocol-Version", "x"), 400, -32020},
	})
	body := func(version string) string { return strings.Replace(callBody("allowed"), "2026-07-28", version, 1) }
	for name, c := range map[string]struct {
		body      string
		header    []string
		code      int
		requested string
	}{
		"R-27 future":                  {body("2099-01-01"), []string{"2099-01-01"}, -32022, "2099-01-01"},
		"R-27 unknown":                 {body("x"), []string{"x"}, -32022, "x"},
		"R-27 long":                    {body(strings.Repeat("x", 500)), nil, -32022, strings.Repeat("x", 64)},
		"R-27 trailing space in _meta": {body("2026-07-28 "), []string{"2026-07-28"}, -32020, ""},
		"R-27 older":                   {body("2025-11-25"), []string{"2025-11-25"}, -32022, "2025-11-25"},
		"R-27 older, no header":        {body("2025-06-18"), nil, -32022, "2025-06-18"},
		"R-27 two headers, no _meta":   {old, []string{"2025-06-18", "2025-06-18"}, -32020, ""},
		"R-28 no version at all":       {old, nil, -32022, ""},
		"R-28 older header, no _meta":  {old, []string{"2025-06-18"}, -32022, "2025-06-18"},
		"R-28 modern header, no _meta": {old, []string{"2026-07-28"}, -32602, ""},
		"R-28 initialize":              {`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}`, nil, -32022, ""},
		"no capabilities":              {strings.Replace(callBody("allowed"), `,"io.modelcontextprotocol/clientCapabilities":{}`, "", 1), []string{"2026-07-28"}, -32602, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := h.with(c.body)
			set("MCP-Protocol-Version", c.header...)(r)
			set("Mcp-Session-Id", "mcp-session-6f1f0dc4-6cf6-4b3a-8a54-0b7ea3a4c1aa")(r)
			a := h.refused(t, r, 400, c.code)
			if c.code == -32022 {
				want := map[string]any{"supported": []any{"2026-07-28"}, "requested": c.requested}
				if diff := cmp.Diff(want, a.rpc(t).Error.Data); diff != "" {
					t.Errorf("data (-want +got)\n%s", diff)
				}
			}
			r = h.with(callBody("allowed"))
			set("Mcp-Session-Id", "mcp-session-6f1f0dc4-6cf6-4b3a-8a54-0b7ea3a4c1aa")(r)
			if a := h.accepted(t, r); a.header.Get("Mcp-Session-Id") != "" {
				t.Error("a session id was made")
			}
		})
	}
}

// the gate gets the body's word for everything, never a header's.
func TestR30_DecisionsComeFromTheBody(t *testing.T) {
	h := start(t)
	h.gate.admit = func(_ context.Context, _ authz.Principal, msg *message.Message) (*transport.Pass, *transport.Refusal) {
		if msg.Name != "allowed" {
			return nil, transport.Denied("x")
		}
		return &transport.Pass{Tools: h.gate.tools}, nil
	}
	r := h.with(callBody("forbidden"))
	h.refused(t, r, 400, -32020)
	h.refused(t, h.request(callBody("forbidden")), 403, 403)
	h.accepted(t, h.request(callBody("allowed")))
}

func TestDecisions(t *testing.T) {
	h := start(t)
	t.Run("M-05 a scope is missing", func(t *testing.T) {
		a := h.refused(t, h.request(callBody("needs_scope")), 403, 403)
		want := `Bearer error="insufficient_scope", error_description="this operation needs more scopes", ` +
			`resource_metadata="http://` + h.host + `/.well-known/oauth-protected-resource/mcp", scope="notes:write notes:read"`
		if got := a.header.Get("WWW-Authenticate"); got != want {
			t.Errorf("challenge %q", got)
		}
		if diff := cmp.Diff(map[string]any{"door": 1.0, "scopes": []any{"notes:write", "notes:read"}}, a.rpc(t).Error.Data); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("M-06 the policy denies", func(t *testing.T) {
		a := h.refused(t, h.request(callBody("forbidden")), 403, 403)
		if a.header.Get("WWW-Authenticate") != "" {
			t.Errorf("challenged: %v", a.header)
		}
		if diff := cmp.Diff(map[string]any{"door": 2.0, "permission": "notes:delete"}, a.rpc(t).Error.Data); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("unknown tool", func(t *testing.T) {
		if a := h.refused(t, h.request(callBody("nothing")), 400, -32602); strings.Contains(a.body, "nothing") {
			t.Errorf("repeated: %s", a.body)
		}
	})
	t.Run("a gate without an answer", func(t *testing.T) {
		h.gate.admit = func(context.Context, authz.Principal, *message.Message) (*transport.Pass, *transport.Refusal) {
			return nil, nil
		}
		ran := h.ran.Load()
		if a := send(t, h.request(callBody("allowed"))); a.status != 500 || h.ran.Load() != ran || h.gate.last().reason != "gate_silent" {
			t.Errorf("%d %s %+v", a.status, a.body, h.gate.last())
		}
	})
	t.Run("a gate with two answers", func(t *testing.T) {
		h.gate.admit = func(context.Context, authz.Principal, *message.Message) (*transport.Pass, *transport.Refusal) {
			return &transport.Pass{Tools: h.gate.tools}, transport.Denied("x")
		}
		h.refused(t, h.request(callBody("allowed")), 403, 403)
	})
	t.Run("a gate that panics", func(t *testing.T) {
		h.gate.admit = func(context.Context, authz.Principal, *message.Message) (*transport.Pass, *transport.Refusal) {
			panic("secret")
		}
		if a := h.refused(t, h.request(callBody("allowed")), 500, -32603); strings.Contains(a.body, "secret") {
			t.Errorf("%s", a.body)
		}
	})
	t.Run("missing capability", func(t *testing.T) {
		h.gate.admit = func(context.Context, authz.Principal, *message.Message) (*transport.Pass, *transport.Refusal) {
			return nil, transport.MissingCapability(map[string]any{"elicitation": map[string]any{}})
		}
		a := h.refused(t, h.request(callBody("allowed")), 400, -32021)
		if diff := cmp.Diff(map[string]any{"requiredCapabilities": map[string]any{"elicitation": map[string]any{}}}, a.rpc(t).Error.Data); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a refusal without content", func(t *testing.T) {
		h.gate.admit = func(context.Context, authz.Principal, *message.Message) (*transport.Pass, *transport.Refusal) {
			return nil, &transport.Refusal{Data: map[string]any{"x": func() {}}}
		}
		h.refused(t, h.request(callBody("allowed")), 500, -32603)
	})
	h.gate.admit = nil
	h.accepted(t, h.request(callBody("allowed")))
}

// FuzzR34_GateAndHandlerSeeTheSame: what the gate decided about is what the
// handler gets, and at most one handler runs for one POST.
func FuzzR34_GateAndHandlerSeeTheSame(f *testing.F) {
	good := rpc("tools/call", `"name":"allowed","arguments":{"a":1},`)
	for _, seed := range []string{
		good, strings.Replace(good, `"name"`, `"Name":"forbidden","name"`, 1), strings.Replace(good, `"a":1`, `"a":1,"A":2`, 1),
		strings.Replace(good, `"params"`, `"paramſ"`, 1), strings.Replace(good, `"name"`, `"task":{},"name"`, 1), "[" + good + "]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		h := &pair{}
		handler := h.handler(t)
		h.post(handler, body)
		if h.ran > 1 || h.ran > h.asked {
			t.Fatalf("asked %d, ran %d", h.asked, h.ran)
		}
		if h.ran == 1 && (h.gateName != h.handlerName || h.gateArguments != h.handlerArguments) {
			t.Fatalf("gate saw %s %s, handler %s %s", h.gateName, h.gateArguments, h.handlerName, h.handlerArguments)
		}
	})
}

func TestTraceAndInfo(t *testing.T) {
	h := start(t)
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for name, c := range map[string]struct{ header, meta, want string }{
		"none":          {"", "", ""},
		"header":        {trace, "", "4bf92f3577b34da6a3ce929d0e0e4736"},
		"message":       {"", trace, "4bf92f3577b34da6a3ce929d0e0e4736"},
		"header wins":   {trace, strings.Replace(trace, "4bf9", "0000", 1), "4bf92f3577b34da6a3ce929d0e0e4736"},
		"M-29 long":     {trace + strings.Repeat("0", 1000), "", ""},
		"upper case":    {strings.ToUpper(trace), "", ""},
		"more parts":    {trace + "-x", "", ""},
		"version":       {"01" + trace[2:], "", ""},
		"zero trace":    {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", "", ""},
		"zero parent":   {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", "", ""},
		"moved dashes":  {"00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01", "", ""},
		"bad in meta":   {"", "x", ""},
		"no hex digits": {strings.Replace(trace, "4bf9", "zzzz", 1), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			body := callBody("allowed")
			if c.meta != "" {
				body = strings.Replace(body, `"_meta":{`, `"_meta":{"traceparent":"`+c.meta+`",`, 1)
			}
			r := h.with(body)
			if c.header != "" {
				set("Traceparent", c.header)(r)
			}
			h.accepted(t, r)
			info := h.gate.last().info
			if info.TraceID != c.want || info.Remote != "127.0.0.1" || len(info.RequestID) < 20 || info.Start.IsZero() {
				t.Errorf("%+v", info)
			}
		})
	}
	if _, ok := transport.InfoFrom(context.Background()); ok {
		t.Error("info out of nowhere")
	}
}
