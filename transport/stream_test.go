package transport_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// events returns the data of every event of a stream, and fails on anything
// that is not one event per notification or response.
func events(t *testing.T, a answer) []string {
	t.Helper()
	if a.status != 200 || a.header.Get("Content-Type") != "text/event-stream" || a.header.Get("X-Accel-Buffering") != "no" {
		t.Fatalf("status %d, headers %v: %.300s", a.status, a.header, a.body)
	}
	var data []string
	for event := range strings.SplitSeq(strings.TrimSuffix(a.body, "\n\n"), "\n\n") {
		d, ok := strings.CutPrefix(event, "event: message\ndata: ")
		if !ok || strings.ContainsAny(d, "\r\n") || !json.Valid([]byte(d)) {
			t.Fatalf("event %q", event)
		}
		data = append(data, d)
	}
	return data
}

func withMeta(body, members string) string {
	return strings.Replace(body, `"_meta":{`, `"_meta":{`+members+`,`, 1)
}

func notify(ctx context.Context, method string, params map[string]any) error {
	return mcpserver.ServerFromContext(ctx).SendNotificationToClient(ctx, method, params)
}

// progress is a tool that reports n steps.
func progress(n int) mcpserver.ToolHandlerFunc {
	return func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		for i := range n {
			if err := notify(ctx, "notifications/progress", map[string]any{"progress": i}); err != nil {
				return nil, err
			}
		}
		return mcp.NewToolResultText("done"), nil
	}
}

func TestNotificationsAllArriveInOrder(t *testing.T) {
	const n = 1000
	h := start(t, func(h *harness) {
		h.tool("steps", progress(n))
		h.tool("parallel", func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() { _, _ = progress(n/10)(ctx, r) })
			}
			wg.Wait()
			return mcp.NewToolResultText("done"), nil
		})
	})
	for _, token := range []string{`"tok"`, `9007199254740993`} {
		got := events(t, send(t, h.request(withMeta(callBody("steps"), `"progressToken":`+token))))
		if len(got) != n+1 {
			t.Fatalf("%d events", len(got))
		}
		for i, e := range got[:n] {
			want := fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":%d,"progressToken":%s}}`, i, token)
			if e != want {
				t.Fatalf("event %d: %s, want %s", i, e, want)
			}
		}
		if !strings.Contains(got[n], `"id":1,"result"`) {
			t.Errorf("last event %s", got[n])
		}
	}
	if got := events(t, send(t, h.request(withMeta(callBody("parallel"), `"progressToken":1`)))); len(got) != n+1 || !strings.Contains(got[n], `"result"`) {
		t.Errorf("%d events", len(got))
	}
}

func TestNotificationsThatAreNotForThisRequest(t *testing.T) {
	h := start(t, func(h *harness) {
		h.tool("chatty", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			for method, params := range map[string]map[string]any{
				"notifications/progress":               {"progress": 1, "progressToken": "another's"},
				"notifications/tools/list_changed":     nil,
				"notifications/resources/updated":      {"uri": "note://1"},
				"notifications/cancelled":              {"requestId": 1},
				"notifications/message":                {"level": "debug", "data": "x"},
				"notifications/subscriptions/whatever": nil,
			} {
				if err := notify(ctx, method, params); err != nil {
					return nil, err
				}
			}
			return mcp.NewToolResultText("done"), nil
		})
		h.tool("logs", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			for _, level := range []any{"debug", "warning", mcp.LoggingLevelError, "no level", 7, nil} {
				if err := notify(ctx, "notifications/message", map[string]any{"level": level, "data": "x"}); err != nil {
					return nil, err
				}
			}
			return mcp.NewToolResultText("done"), nil
		})
		h.tool("empty", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("done"), notify(ctx, "notifications/progress", nil)
		})
		h.tool("unencodable", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			for _, bad := range []any{func() {}, panicky{}} {
				if err := notify(ctx, "notifications/progress", map[string]any{"progress": bad}); err != nil {
					return nil, err
				}
			}
			return mcp.NewToolResultText("done"), nil
		})
	})
	// None of them is for this request: the answer stays JSON.
	h.accepted(t, h.request(callBody("chatty")))
	h.accepted(t, h.request(withMeta(callBody("logs"), `"x":1`)))
	if got := events(t, send(t, h.request(withMeta(callBody("chatty"), `"progressToken":"mine"`)))); len(got) != 2 || !strings.Contains(got[0], `"mine"`) {
		t.Errorf("%q", got)
	}
	if got := events(t, send(t, h.request(withMeta(callBody("logs"), `"io.modelcontextprotocol/logLevel":"warning"`)))); len(got) != 3 {
		t.Errorf("%q", got)
	}
	if got := events(t, send(t, h.request(withMeta(callBody("empty"), `"progressToken":1`)))); len(got) != 2 {
		t.Errorf("%q", got)
	}
	h.accepted(t, h.request(withMeta(callBody("unencodable"), `"progressToken":1`)))
	if !strings.Contains(h.logs.String(), "notification cannot be encoded") {
		t.Errorf("log %s", h.logs)
	}
	// A client that cannot read events gets JSON.
	r := h.request(withMeta(callBody("chatty"), `"progressToken":1`))
	set("Accept", "application/json")(r)
	h.accepted(t, r)
}

type panicky struct{}

func (panicky) MarshalJSON() ([]byte, error) { panic("secret") }

func TestM34_NothingBreaksOutOfAnEvent(t *testing.T) {
	const evil = "a\n\ndata: {\"evil\":1}\r\revent: x\u2028\u2029\x00"
	h := start(t, func(h *harness) {
		h.tool("evil", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			err := notify(ctx, "notifications/progress", map[string]any{"message": evil, "raw": json.RawMessage("{\n\n}")})
			return mcp.NewToolResultText(evil), err
		})
	})
	got := events(t, send(t, h.request(withMeta(callBody("evil"), `"progressToken":"`+`\n\ndata: x\u2028`+`"`))))
	if len(got) != 2 {
		t.Fatalf("%q", got)
	}
	var result struct {
		Result struct {
			Content []struct{ Text string } `json:"content"`
		} `json:"result"`
	}
	if err := json.Unmarshal([]byte(got[1]), &result); err != nil || result.Result.Content[0].Text != evil {
		t.Errorf("%v %q", err, got[1])
	}
}

// waiter registers a tool that waits for its context to end.
func (h *harness) waiter(ended chan<- error) {
	h.tool("wait", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		_ = notify(ctx, "notifications/progress", map[string]any{"progress": 0})
		<-ctx.Done()
		late := notify(ctx, "notifications/progress", map[string]any{"progress": 1})
		ended <- errors.Join(ctx.Err(), late)
		return nil, ctx.Err()
	})
}

func TestF10_DisconnectCancels(t *testing.T) {
	ended := make(chan error, 1)
	h := start(t, func(h *harness) { h.waiter(ended) })
	for name, leave := range map[string]func(*net.TCPConn){
		"FIN": func(c *net.TCPConn) { _ = c.Close() },
		"RST": func(c *net.TCPConn) { _ = c.SetLinger(0); _ = c.Close() },
	} {
		for _, stream := range []bool{true, false} {
			t.Run(fmt.Sprint(name, " stream ", stream), func(t *testing.T) {
				conn, err := net.Dial("tcp", h.host)
				if err != nil {
					t.Fatal(err)
				}
				body := callBody("wait")
				if stream {
					body = withMeta(body, `"progressToken":1`)
				}
				started := h.ran.Load()
				request := strings.Replace(h.rawPost("POST /mcp HTTP/1.1", "Host: "+h.host+"\r\n", body), "Mcp-Name: allowed", "Mcp-Name: wait", 1)
				if _, err := io.WriteString(conn, request); err != nil {
					t.Fatal(err)
				}
				if stream {
					if _, err := bufio.NewReader(conn).ReadString('}'); err != nil {
						t.Fatal(err)
					}
				}
				for h.ran.Load() == started {
					runtime.Gosched()
				}
				leave(conn.(*net.TCPConn))
				select {
				case err := <-ended:
					if !errors.Is(err, context.Canceled) || !errors.Is(err, mcpserver.ErrNotificationChannelBlocked) {
						t.Errorf("ended with %v", err)
					}
				case <-time.After(10 * time.Second):
					t.Fatal("the handler still runs")
				}
			})
		}
	}
	h.accepted(t, h.request(callBody("allowed")))
}

func TestExpiryEndsTheAnswer(t *testing.T) {
	ended := make(chan error, 1)
	h := start(t, func(h *harness) {
		h.waiter(ended)
		h.tool("deaf", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			<-h.release
			return mcp.NewToolResultText("too late"), nil
		})
		// Expired within the tolerance of the verifier: there is a second left.
		h.verifier.callers["old"] = authz.Principal{Subject: "alice", Expires: time.Now().Add(-20 * time.Second)}
		h.verifier.callers["soon"] = authz.Principal{Subject: "alice", Expires: time.Now().Add(1200 * time.Millisecond)}
	})
	t.Cleanup(func() { close(h.release) })
	request := func(token, body string) *http.Request {
		r := h.request(body)
		set("Authorization", "Bearer "+token)(r)
		return r
	}
	h.accepted(t, request("old", callBody("allowed")))
	t.Run("JSON", func(t *testing.T) {
		t.Parallel()
		a := send(t, request("old", callBody("wait")))
		if a.status != 401 || a.header.Get("WWW-Authenticate") != h.challengeOf("invalid_token") || string(a.rpc(t).ID) != "1" {
			t.Errorf("%d %s", a.status, a.body)
		}
		<-ended
	})
	t.Run("stream", func(t *testing.T) {
		t.Parallel()
		got := events(t, send(t, request("soon", withMeta(callBody("wait"), `"progressToken":1`))))
		if len(got) != 2 || !strings.Contains(got[1], `"id":1,"error":{"code":401,`) {
			t.Errorf("%q", got)
		}
		<-ended
	})
	t.Run("a handler that does not listen", func(t *testing.T) {
		t.Parallel()
		if a := send(t, request("old", callBody("deaf"))); a.status != 401 || strings.Contains(a.body, "too late") {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}

// The gate can end an answer that it has admitted.
func TestWithdrawnPass(t *testing.T) {
	ended := make(chan error, 1)
	h := start(t, func(h *harness) { h.waiter(ended) })
	var cause error
	h.gate.admit = func(ctx context.Context, _ authz.Principal, _ *message.Message) (*transport.Pass, *transport.Refusal) {
		ctx, cancel := context.WithCancelCause(ctx)
		cancel(cause)
		return &transport.Pass{Context: ctx, Tools: h.gate.tools}, nil
	}
	for _, c := range []struct {
		cause  error
		status int
		code   int
	}{{transport.Denied("notes:read"), 403, 403}, {errors.New("secret"), 500, -32603}} {
		cause = c.cause
		a := send(t, h.request(callBody("wait")))
		if a.status != c.status || a.rpc(t).Error.Code != c.code || strings.Contains(a.body, "secret") {
			t.Errorf("%d %s", a.status, a.body)
		}
		<-ended
	}
}

func TestF08_HandlersThatFail(t *testing.T) {
	h := start(t, func(h *harness) {
		h.tool("panics", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { panic("secret") })
		h.tool("panics_late", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			if err := notify(ctx, "notifications/progress", map[string]any{"progress": 1}); err != nil {
				return nil, err
			}
			panic("secret")
		})
		h.tool("exits", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			runtime.Goexit()
			return nil, nil
		})
		h.tool("errs", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return nil, errors.New("secret")
		})
		h.tool("nil", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { return nil, nil })
		h.tool("unencodable", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return &mcp.CallToolResult{StructuredContent: func() {}}, nil
		})
		h.tool("panics_encoding", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return &mcp.CallToolResult{StructuredContent: panicky{}}, nil
		})
		for name, code := range map[string]int{"not_found": -32602, "no_method": -32601, "needs": -32021, "own": 7, "inside": -32603} {
			h.tool(name, func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				transport.ReportError(ctx, &transport.HandlerError{Code: code, Message: "told", Data: map[string]any{"x": 1}})
				return nil, errors.New("secret")
			})
		}
	})
	for tool, want := range map[string]struct {
		status, code int
		message      string
	}{
		"panics": {500, -32603, "internal error (ref "}, "exits": {500, -32603, "internal error (ref "},
		"errs": {200, -32603, "internal error (ref "}, "nil": {200, -32603, "internal error (ref "},
		"unencodable": {200, -32603, "internal error (ref "}, "panics_encoding": {200, -32603, "internal error (ref "},
		"not_found": {400, -32602, "told"}, "no_method": {404, -32601, "told"}, "needs": {400, -32021, "told"},
		"own": {200, 7, "told"}, "inside": {200, -32603, "told"},
	} {
		t.Run(tool, func(t *testing.T) {
			a := send(t, h.request(callBody(tool)))
			got := a.rpc(t)
			if a.status != want.status || got.Error == nil || got.Error.Code != want.code || !strings.HasPrefix(got.Error.Message, want.message) ||
				string(got.ID) != "1" || strings.Contains(a.body, "secret") {
				t.Errorf("%d %s", a.status, a.body)
			}
			if want.message == "told" {
				return
			}
			ref := strings.TrimSuffix(strings.TrimPrefix(got.Error.Message, "internal error (ref "), ")")
			if ref != h.gate.last().info.RequestID {
				t.Errorf("ref %q, record %+v", ref, h.gate.last())
			}
			if tool != "exits" && !strings.Contains(h.logs.String(), ref) {
				t.Error("no log line")
			}
		})
	}
	got := events(t, send(t, h.request(withMeta(callBody("panics_late"), `"progressToken":1`))))
	if len(got) != 2 || !strings.Contains(got[1], `"error":{"code":-32603,"message":"internal error (ref `) {
		t.Errorf("%q", got)
	}
	h.accepted(t, h.request(callBody("allowed")))
	transport.ReportError(context.Background(), &transport.HandlerError{})
}

// A client that does not read holds back its own handler and nothing else.
func TestClientThatDoesNotRead(t *testing.T) {
	ended := make(chan error, 1)
	h := start(t, func(h *harness) {
		h.tool("flood", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			text := strings.Repeat("x", 100<<10)
			for {
				if err := notify(ctx, "notifications/progress", map[string]any{"message": text}); err != nil {
					ended <- err
					return nil, err
				}
			}
		})
	})
	conn, err := net.Dial("tcp", h.host)
	if err != nil {
		t.Fatal(err)
	}
	request := h.rawPost("POST /mcp HTTP/1.1", "Host: "+h.host+"\r\n", withMeta(callBody("flood"), `"progressToken":1`))
	if _, err := io.WriteString(conn, strings.Replace(request, "Mcp-Name: allowed", "Mcp-Name: flood", 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(conn).ReadString('}'); err != nil {
		t.Fatal(err)
	}
	h.accepted(t, h.request(callBody("allowed")))
	_ = conn.Close()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the handler still runs")
	}
}

// M-31: what belongs to one request is never seen by another.
func TestM31_NothingBleeds(t *testing.T) {
	h := start(t, func(h *harness) {
		h.tool("whoami", func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			who, _ := authz.PrincipalFrom(ctx)
			err := notify(ctx, "notifications/progress", map[string]any{"message": who.Subject})
			return mcp.NewToolResultText(who.Subject + " " + r.GetString("canary", "")), err
		})
	})
	var wg sync.WaitGroup
	for i := range 8 {
		token, who, other := "good", "alice", "bob"
		if i%2 == 1 {
			token, who, other = "bob", "bob", "alice"
		}
		wg.Go(func() {
			for j := range 250 {
				canary := fmt.Sprintf("%s-%d-%d", who, i, j)
				r := h.request(withMeta(rpc("tools/call", `"name":"whoami","arguments":{"canary":"`+canary+`"},`), `"progressToken":"`+canary+`"`))
				set("Authorization", "Bearer "+token)(r)
				a := send(t, r)
				if got := events(t, a); len(got) != 2 || strings.Contains(a.body, other) || strings.Count(a.body, canary) != 2 {
					t.Errorf("%s got %s", who, a.body)
					return
				}
			}
		})
	}
	wg.Wait()
}
