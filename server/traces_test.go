package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport"
)

// spans is a collector that can be waited for: a span ends after its answer.
type spans struct {
	*tracetest.SpanRecorder
	ended chan sdktrace.ReadOnlySpan
}

// OnEnd implements sdktrace.SpanProcessor.
func (s *spans) OnEnd(span sdktrace.ReadOnlySpan) {
	s.SpanRecorder.OnEnd(span)
	s.ended <- span
}

// next returns the span that ends next.
func (s *spans) next(t *testing.T) sdktrace.ReadOnlySpan {
	t.Helper()
	timer := time.NewTimer(5 * time.Second)
	defer timer.Stop()
	select {
	case span := <-s.ended:
		return span
	case <-timer.C:
		t.Fatal("no span ended")
		return nil
	}
}

// traced gives the server a provider whose spans are returned.
func traced(options ...sdktrace.TracerProviderOption) (*spans, func(*server.Config)) {
	s := &spans{tracetest.NewSpanRecorder(), make(chan sdktrace.ReadOnlySpan, 1000)}
	provider := sdktrace.NewTracerProvider(append(options, sdktrace.WithSpanProcessor(s))...)
	return s, func(c *server.Config) { c.TracerProvider = provider }
}

// attributesOf returns the attributes as text, sorted, without those that differ
// from run to run.
func attributesOf(span sdktrace.ReadOnlySpan) []string {
	var list []string
	for _, a := range span.Attributes() {
		if a.Key != "sallyport.request_id" && a.Key != "sallyport.policy_revision" {
			list = append(list, fmt.Sprintf("%s=%s", a.Key, a.Value.String()))
		}
	}
	slices.Sort(list)
	return list
}

func attribute(span sdktrace.ReadOnlySpan, key string) string {
	for _, a := range span.Attributes() {
		if string(a.Key) == key {
			return a.Value.String()
		}
	}
	return ""
}

const (
	traceA  = "4bf92f3577b34da6a3ce929d0e0e4736"
	traceB  = "0af7651916cd43dd8448eb211c80319c"
	parentA = "00-" + traceA + "-00f067aa0ba902b7-01"
	parentB = "00-" + traceB + "-b7ad6b7169203331-01"
)

// TestTheSpanOfACall looks at one span whole.
func TestTheSpanOfACall(t *testing.T) {
	recorded, with := traced()
	var inside trace.SpanContext
	f := start(t, with, func(c *server.Config) {
		c.Tools = append(c.Tools, tools.Tool{
			Name: "look", Description: "Look at the span.", Scopes: []string{"echo:use"},
			Handler: tools.Typed(func(ctx context.Context, _ struct{}) (string, error) {
				inside = trace.SpanContextFromContext(ctx)
				return "seen", nil
			}),
		})
	})
	if a := f.as(t, "bob", "echo:use").With("Traceparent", parentA).With("Tracestate", "rojo=00f0").Call("look", nil); !a.OK() {
		t.Fatal(a)
	}
	span := recorded.next(t)
	want := []string{
		"gen_ai.operation.name=execute_tool", "gen_ai.tool.name=look", "http.response.status_code=200",
		"mcp.method.name=tools/call", "mcp.protocol.version=2026-07-28", "network.protocol.name=http", "network.transport=tcp",
		"sallyport.decision=allow", "sallyport.door=0", "sallyport.kind=tool", "sallyport.reason=allowed",
	}
	if diff := cmp.Diff(want, attributesOf(span)); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	if attribute(span, "sallyport.policy_revision") != f.Server.Server().PolicyRevision() || attribute(span, "sallyport.request_id") == "" {
		t.Errorf("no revision or no request: %v", span.Attributes())
	}
	var events []string
	for _, e := range span.Events() {
		events = append(events, e.Name)
		if e.Time.Before(span.StartTime()) || e.Time.After(span.EndTime()) {
			t.Errorf("%s at %v, outside of the span", e.Name, e.Time)
		}
	}
	if diff := cmp.Diff([]string{"token", "message", "decision", "handler"}, events); diff != "" {
		t.Errorf("stages (-want +got):\n%s", diff)
	}
	if span.Name() != "tools/call look" || span.SpanKind() != trace.SpanKindServer || span.Status().Code != codes.Unset {
		t.Errorf("%s, %v, %v", span.Name(), span.SpanKind(), span.Status())
	}
	if !inside.Equal(span.SpanContext()) {
		t.Errorf("the handler is in %v, the span is %v", inside, span.SpanContext())
	}
	if p := span.Parent(); !p.IsRemote() || p.SpanID().String() != "00f067aa0ba902b7" || p.TraceState().String() != "rojo=00f0" {
		t.Errorf("the parent is %v", p)
	}
}

// TestTheParentOfASpan holds the span to the trace context of the request, and the
// audit to the span.
func TestTheParentOfASpan(t *testing.T) {
	long := "a=" + strings.Repeat("b", 600)
	for name, c := range map[string]struct {
		header, meta string
		state        any // of _meta
		trace        string
		wantState    string
		links        int
	}{
		"none":               {},
		"header":             {header: parentA, trace: traceA},
		"_meta":              {meta: parentB, state: "c=d", trace: traceB, wantState: "c=d"},
		"header wins":        {header: parentA, meta: parentB, state: "c=d", trace: traceA, links: 1},
		"both the same":      {header: parentA, meta: parentA, trace: traceA},
		"bad header":         {header: "00-x", meta: parentB, trace: traceB},
		"M-29 long header":   {header: parentA + strings.Repeat("0", 1000)},
		"M-29 long state":    {meta: parentB, state: long, trace: traceB},
		"bad state":          {meta: parentB, state: "???", trace: traceB},
		"state is no string": {meta: parentB, state: 5, trace: traceB},
		"bad _meta":          {header: parentA, meta: "00-" + traceB + "-0000000000000000-01", trace: traceA},
		"both bad":           {header: strings.ToUpper(parentA), meta: "01" + parentB[2:]},
	} {
		t.Run(name, func(t *testing.T) {
			recorded, with := traced()
			f := start(t, with)
			w := f.echoRequest(t)
			if c.header != "" {
				w.header.Set("Traceparent", c.header)
			}
			meta := w.params()["_meta"].(map[string]any)
			if c.meta != "" {
				meta["traceparent"] = c.meta
			}
			if c.state != nil {
				meta["tracestate"] = c.state
			}
			f.accepted(t, name, func() *servertest.Answer { return f.send(t, w) })
			span := recorded.next(t)
			got := span.SpanContext().TraceID().String()
			if c.trace != "" && got != c.trace || c.trace == "" && (span.Parent().IsValid() || got == traceA || got == traceB) {
				t.Errorf("trace %s with parent %v, want %q", got, span.Parent(), c.trace)
			}
			if state := span.SpanContext().TraceState().String(); state != c.wantState {
				t.Errorf("tracestate %q, want %q", state, c.wantState)
			}
			if len(span.Links()) != c.links {
				t.Errorf("links: %v", span.Links())
			}
			record := decode[struct {
				TraceID string `json:"trace_id"`
			}](t, f.Records(t, 1)[0])
			if record.TraceID != got {
				t.Errorf("the audit names trace %s, the span is of %s", record.TraceID, got)
			}
		})
	}
}

// httpRequest is a call of the tool for a handler that is called in this process.
func (f *fixture) httpRequest(ctx context.Context, t *testing.T, tool, traceparent string) *http.Request {
	t.Helper()
	w := f.echoRequest(t)
	w.call("tools/call", tool)
	w.params()["arguments"] = map[string]any{}
	if tool == "echo" {
		w.params()["arguments"] = map[string]any{"text": "x"}
	}
	body, err := json.Marshal(w.body)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, f.URL(), strings.NewReader(string(body)))
	maps.Copy(r.Header, w.header)
	r.Header.Set("Authorization", "Bearer "+w.token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Mcp-Protocol-Version", "2026-07-28")
	if traceparent != "" {
		r.Header.Set("Traceparent", traceparent)
	}
	return r
}

func serve(handler http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

// TestASpanInFrontIsTheParent mounts the server behind a handler that makes spans.
func TestASpanInFrontIsTheParent(t *testing.T) {
	recorded, with := traced()
	f := start(t, with)
	handler, err := f.Server.Server().Handler(server.DefaultPath)
	if err != nil {
		t.Fatal(err)
	}
	provider := sdktrace.NewTracerProvider()
	ctx, front := provider.Tracer("front").Start(t.Context(), "front")
	if w := serve(handler, f.httpRequest(ctx, t, "echo", parentA)); w.Code != http.StatusOK {
		t.Fatal(w.Code, w.Body)
	}
	span := recorded.next(t)
	if span.Parent().SpanID() != front.SpanContext().SpanID() || span.SpanContext().TraceID() != front.SpanContext().TraceID() {
		t.Errorf("the parent is %v, want %v", span.Parent(), front.SpanContext())
	}
}

// TestM29_NoTokenNoSampling lets callers with and without a token ask to be
// sampled, where nobody is sampled unless a parent says so.
func TestM29_NoTokenNoSampling(t *testing.T) {
	recorded, with := traced(sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.NeverSample())))
	f := start(t, with)
	w := f.echoRequest(t)
	w.header.Set("Traceparent", parentA)
	w.params()["_meta"].(map[string]any)["traceparent"] = parentA
	good := w.token
	for name, token := range map[string]string{"no token": "", "a bad token": good + "A"} {
		w.token = token
		if a := f.refused(t, name, func() *servertest.Answer { return f.send(t, w) }); a.Status != http.StatusUnauthorized {
			t.Errorf("%s: %v", name, a)
		}
	}
	w.token = good
	unsampled := w.header.Clone()
	unsampled.Set("Traceparent", strings.TrimSuffix(parentA, "1")+"0")
	sampled := w.header
	w.header = unsampled
	f.accepted(t, "not sampled", func() *servertest.Answer { return f.send(t, w) })
	w.header = sampled
	f.accepted(t, "sampled", func() *servertest.Answer { return f.send(t, w) })
	if span := recorded.next(t); span.SpanContext().TraceID().String() != traceA {
		t.Errorf("%v", span)
	}
	if started := recorded.Started(); len(started) != 1 {
		t.Errorf("%d spans were started, want that of the caller with a token who asked for it", len(started))
	}
}

// TestSpansOfRefusals says what each kind of answer leaves behind.
func TestSpansOfRefusals(t *testing.T) {
	recorded, with := traced()
	f := start(t, with)
	bob, wrong := f.as(t, "bob", "echo:use"), f.echoRequest(t)
	wrong.header.Set("Mcp-Name", "evil")
	for _, c := range []struct {
		name string
		send func() *servertest.Answer
		want string // name, error.type, rpc code, status, decision, reason, door
	}{
		{"a call", func() *servertest.Answer { return bob.Call("echo", map[string]any{"text": "x"}) }, "tools/call echo|||200|allow|allowed|0"},
		{"a list", func() *servertest.Answer { return bob.Send("tools/list", nil) }, "tools/list|||200|allow|listed|0"},
		{"door one", func() *servertest.Answer { return bob.Call("query", map[string]any{"table": "public"}) }, "tools/call query|403|403|403|deny|scope_missing|1"},
		{"door two", func() *servertest.Answer { return bob.Call("secret", nil) }, "tools/call secret|403|403|403|deny|permission_missing|2"},
		{"unknown tool", func() *servertest.Answer { return bob.Call("evil", nil) }, "tools/call|-32602|-32602|400|deny|unknown_operation|0"},
		{"unknown method", func() *servertest.Answer { return bob.Send("evil/method", nil) }, "unknown|-32601|-32601|404|deny|unknown_method|0"},
		{"not JSON", func() *servertest.Answer { return bob.SendRaw(nil, []byte("{")) }, "unknown|-32700|-32700|400|deny|malformed_message|0"},
		{"a wrong header", func() *servertest.Answer { return f.send(t, wrong) }, "tools/call echo|-32020|-32020|400|deny|header_mismatch|0"},
		{"bad arguments", func() *servertest.Answer { return bob.Call("echo", map[string]any{"text": 1}) }, "tools/call echo|tool_error||200|allow|allowed|0"},
		{"a failing tool", func() *servertest.Answer { return bob.Call("fails", nil) }, "tools/call fails|tool_error||200|allow|allowed|0"},
		{"a panicking tool", func() *servertest.Answer { return bob.Call("panics", nil) }, "tools/call panics|tool_error||200|allow|allowed|0"},
		{"a stream", func() *servertest.Answer {
			return bob.Send("tools/call", map[string]any{"name": "progress", "_meta": map[string]any{
				"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": map[string]any{}, "progressToken": 1,
			}})
		}, "tools/call progress|||200|allow|allowed|0"},
		{"no such user", func() *servertest.Answer { return f.as(t, "alice", "users:read").Read("user://nobody") }, "resources/read|-32602|-32602|400|allow|allowed|0"},
		{"a prompt", func() *servertest.Answer {
			return f.as(t, "bob", "greeting:use").Prompt("greeting", map[string]string{"tone": "x"})
		}, "prompts/get greeting|||200|allow|allowed|0"},
	} {
		c.send()
		span := recorded.next(t)
		got := span.Name()
		for _, key := range []string{
			"error.type", "rpc.response.status_code", "http.response.status_code", "sallyport.decision", "sallyport.reason", "sallyport.door",
		} {
			got += "|" + attribute(span, key)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if failed := strings.Split(c.want, "|")[1] != ""; failed != (span.Status().Code == codes.Error) {
			t.Errorf("%s: status %v", c.name, span.Status())
		}
	}
	if started, ended := len(recorded.Started()), len(recorded.Ended()); started != ended {
		t.Errorf("%d spans began, %d ended", started, ended)
	}
}

// TestSpansNameResourcesAsDeclared keeps the values of a URI out.
func TestSpansNameResourcesAsDeclared(t *testing.T) {
	recorded, with := traced()
	f := start(t, with)
	alice := f.as(t, "alice", "users:read", "config:read")
	for _, c := range []struct{ uri, key, want string }{
		{"user://mallory", "sallyport.resource.template", "user://{id}"},
		{"app://config", "mcp.resource.uri", "app://config"},
		{"evil://x", "mcp.resource.uri", ""},
	} {
		alice.Read(c.uri)
		if span := recorded.next(t); attribute(span, c.key) != c.want || span.Name() != "resources/read" {
			t.Errorf("%s: %s %v", c.uri, span.Name(), span.Attributes())
		}
	}
	alice.CompleteResource("user://{id}", "id", "mall")
	one := recorded.next(t)
	f.as(t, "bob", "greeting:use").CompletePrompt("greeting", "tone", "f")
	two := recorded.next(t)
	if attribute(one, "sallyport.resource.template") != "user://{id}" || attribute(two, "gen_ai.prompt.name") != "greeting" {
		t.Errorf("completions: %v, %v", one.Attributes(), two.Attributes())
	}
}

// TestM28_NothingSecretInASpan sends canaries wherever a caller can put one.
func TestM28_NothingSecretInASpan(t *testing.T) {
	recorded, with := traced()
	f := start(t, with)
	token := f.Token(t, servertest.Caller{Subject: "canary-subject", Client: "canary-client", Claims: map[string]any{"jti": "canary-jti", "act": map[string]any{"sub": "canary-actor"}}}, "echo:use", "canary:scope")
	c := f.Client(t, token).With("Baggage", "k=canary-baggage").With("User-Agent", "canary-agent").With("Traceparent", parentA)
	meta := map[string]any{
		"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": map[string]any{},
		"io.modelcontextprotocol/clientInfo": map[string]any{"name": "canary-info", "version": "1"},
		"baggage":                            "k=canary-baggage", "canary-meta": "canary-meta",
	}
	c.Send("tools/call", map[string]any{"name": "whoami", "arguments": map[string]any{}, "_meta": meta})
	c.Send("tools/call", map[string]any{"name": "echo", "arguments": map[string]any{"text": "canary-argument"}, "_meta": meta})
	c.Send("tools/call", map[string]any{"name": "query", "arguments": map[string]any{"table": "canary-table"}, "_meta": meta})
	c.Send("tools/call", map[string]any{"name": "canary-tool", "_meta": meta})
	c.Send("canary/method", map[string]any{"_meta": meta})
	c.Send("prompts/get", map[string]any{"name": "canary-prompt", "_meta": meta})
	c.Send("resources/read", map[string]any{"uri": "user://canary-id", "_meta": meta})
	c.Send("resources/read", map[string]any{"uri": "canary-scheme://x", "_meta": meta})
	c.Send("completion/complete", map[string]any{
		"ref": map[string]any{"type": "ref/resource", "uri": "canary://{id}"}, "argument": map[string]any{"name": "canary-name", "value": "canary-value"}, "_meta": meta,
	})
	meta["io.modelcontextprotocol/protocolVersion"] = "canary-version"
	c.Send("tools/call", map[string]any{"name": "echo", "_meta": meta})
	c.SendRaw(http.Header{"Mcp-Method": {"canary-header"}}, []byte(`{"canary":1}`))
	const requests = 11
	var all []sdktrace.ReadOnlySpan
	for range requests {
		all = append(all, recorded.next(t))
	}
	text, err := json.Marshal(tracetest.SpanStubsFromReadOnlySpans(all))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"canary", token, strings.Split(token, ".")[2]} {
		if i := strings.Index(string(text), secret); i >= 0 {
			t.Errorf("%.20q is in a span: ...%s...", secret, text[max(0, i-200):min(len(text), i+100)])
		}
	}
	for _, declared := range []string{"tools/call whoami", "tools/call echo", "user://{id}", traceA} {
		if !strings.Contains(string(text), declared) {
			t.Errorf("%q is not in the spans, so the search proves nothing", declared)
		}
	}
}

// TestASpanEndsBeforeItsHandler leaves a handler running whose client has gone.
func TestASpanEndsBeforeItsHandler(t *testing.T) {
	recorded, with := traced()
	entered, leave, left := make(chan struct{}), make(chan struct{}), make(chan struct{})
	f := start(t, with, func(c *server.Config) {
		c.Tools = append(c.Tools, tools.Tool{
			Name: "stuck", Description: "Does not look at its context.", Scopes: []string{"echo:use"},
			Handler: tools.Typed(func(context.Context, struct{}) (string, error) {
				defer close(left)
				close(entered)
				<-leave
				return "late", nil
			}),
		})
	})
	handler, err := f.Server.Server().Handler(server.DefaultPath)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { // also if there is no span
		close(leave)
		<-left
	}()
	ctx, cancel := context.WithCancel(t.Context())
	go serve(handler, f.httpRequest(ctx, t, "stuck", ""))
	<-entered
	cancel()
	span := recorded.next(t)
	if attribute(span, "error.type") != "cancelled" || attribute(span, "http.response.status_code") != "" || span.Status().Code != codes.Error {
		t.Errorf("%v %v", span.Attributes(), span.Status())
	}
}

// TestSpansOfCallersBeyondALimit has a message refused that was read, and a call
// ended that ran too long.
func TestSpansOfCallersBeyondALimit(t *testing.T) {
	recorded, with := traced()
	f := start(t, with, func(c *server.Config) {
		c.Quotas = transport.Quotas{CallTime: 50 * time.Millisecond, Principal: transport.Rate{PerMinute: 1, Burst: 1}}
		c.Tools = append(c.Tools, tools.Tool{
			Name: "slow", Description: "Takes all the time there is.", Scopes: []string{"echo:use"},
			Handler: tools.Typed(func(ctx context.Context, _ struct{}) (string, error) {
				<-ctx.Done()
				return "", ctx.Err()
			}),
		})
	})
	w := f.echoRequest(t)
	w.call("tools/call", "slow")
	w.params()["arguments"] = map[string]any{}
	w.params()["_meta"].(map[string]any)["traceparent"] = parentB
	for _, want := range []string{"-32603|call_time|allowed", "429||rate_principal"} {
		f.send(t, w)
		span := recorded.next(t)
		got := attribute(span, "error.type") + "|" + attribute(span, "sallyport.ended") + "|" + attribute(span, "sallyport.reason")
		if !strings.HasPrefix(got, want) || span.SpanContext().TraceID().String() != traceB || span.Name() != "tools/call slow" {
			t.Errorf("%s %s of trace %s, want %s of %s", span.Name(), got, span.SpanContext().TraceID(), want, traceB)
		}
	}
}

// older sends a request of a session of revision 2025-11-25.
func (f *fixture) older(ctx context.Context, t *testing.T, verb, token, session, body string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, verb, f.URL(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set("Mcp-Protocol-Version", "2025-11-25")
	if session != "" {
		r.Header.Set("Mcp-Session-Id", session)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// TestSpansOfASession goes through the life of one.
func TestSpansOfASession(t *testing.T) {
	recorded, with := traced()
	f := start(t, with)
	token := f.Token(t, servertest.User("bob"), "echo:use")
	var session string
	expect := func(what, want string) {
		t.Helper()
		span := recorded.next(t)
		got := span.Name()
		for _, key := range []string{"mcp.protocol.version", "http.response.status_code", "sallyport.reason"} {
			got += "|" + attribute(span, key)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
		for _, a := range span.Attributes() {
			if session != "" && strings.Contains(a.Value.String(), session) {
				t.Errorf("%s: the id of the session is in %s", what, a.Key)
			}
		}
	}
	answer := f.older(t.Context(), t, http.MethodPost, token, "",
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`)
	_ = answer.Body.Close()
	session = answer.Header.Get("Mcp-Session-Id")
	if session == "" {
		t.Fatal("no session has begun")
	}
	expect("initialize", "initialize|2025-11-25|200|valid_token")
	_ = f.older(t.Context(), t, http.MethodPost, token, session,
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"},"_meta":{"traceparent":"`+parentB+`"}}}`).Body.Close()
	expect("a call", "tools/call echo|2025-11-25|200|allowed")
	ctx, cancel := context.WithCancel(t.Context())
	stream := f.older(ctx, t, http.MethodGet, token, session, "")
	cancel()
	_ = stream.Body.Close()
	expect("the stream", "GET||200|valid_token")
	_ = f.older(t.Context(), t, http.MethodPost, token, session, `{"jsonrpc":"2.0","method":"notifications/initialized"}`).Body.Close()
	_ = f.older(t.Context(), t, http.MethodDelete, token, session, "").Body.Close()
	expect("the end", "DELETE||200|valid_token")
	if n := len(recorded.Started()); n != 4 {
		t.Errorf("%d spans, want 4: a notification has none", n)
	}
	if second := recorded.Ended()[1]; second.SpanContext().TraceID().String() != traceB {
		t.Errorf("the call is of trace %s, want %s", second.SpanContext().TraceID(), traceB)
	}
}

// TestTheSpanOfASubscription ends with its stream.
func TestTheSpanOfASubscription(t *testing.T) {
	recorded, with := traced()
	f := start(t, with)
	handler, err := f.Server.Server().Handler(server.DefaultPath)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r := f.httpRequest(ctx, t, "echo", parentA)
	r.Header.Set("Mcp-Method", "subscriptions/listen")
	r.Header.Del("Mcp-Name")
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Body = io.NopCloser(strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},` +
		`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`))
	r.ContentLength = -1
	w := &opened{ResponseRecorder: httptest.NewRecorder(), first: make(chan struct{})}
	go handler.ServeHTTP(w, r)
	<-w.first
	if n := len(recorded.Ended()); n != 0 {
		t.Errorf("%d spans ended while the stream is open", n)
	}
	cancel()
	span := recorded.next(t)
	if span.Name() != "subscriptions/listen" || span.SpanContext().TraceID().String() != traceA || attribute(span, "http.response.status_code") != "200" {
		t.Errorf("%s %v", span.Name(), span.Attributes())
	}
}

// opened is an answer that tells when it begins.
type opened struct {
	*httptest.ResponseRecorder
	once  sync.Once
	first chan struct{}
}

func (o *opened) Flush() {
	o.ResponseRecorder.Flush()
	o.once.Do(func() { close(o.first) })
}
