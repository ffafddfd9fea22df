package transport_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/transport"
)

// asks registers a tool that asks its client and says what came of it.
func (h *harness) asks() {
	h.tool("asks", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		_, err := mcpserver.ServerFromContext(ctx).RequestElicitation(ctx, mcp.ElicitationRequest{
			Params: mcp.ElicitationParams{Message: "Who?", RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{}}},
		})
		if err != nil {
			h.waiting <- err.Error()
			return nil, err
		}
		return mcp.NewToolResultText("answered"), nil
	})
}

// TestNobodyWaitsForAClientThatIsGone asks a client that leaves, one that cannot read
// the question, and one whose session ends.
func TestNobodyWaitsForAClientThatIsGone(t *testing.T) {
	h := start(t, withOlder(newKeys(t)), (*harness).asks)
	call := older("7", "tools/call", `"name":"asks"`)
	for name, leave := range map[string]func(session string){
		"it leaves": nil,
		"its session ends": func(session string) {
			if a := send(t, h.plainly("DELETE", "", in(session))); a.status != 200 {
				t.Errorf("DELETE: %d", a.status)
			}
		},
		"it cancels": func(session string) {
			send(t, h.plainly("POST", `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`, in(session)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			session := first(h.shake(t, "2025-11-25"))
			ctx, cut := context.WithCancel(t.Context())
			defer cut()
			_, stream := open(t, h.plainly("POST", call, in(session)).WithContext(ctx))
			if asked := next(t, stream); !strings.Contains(asked, "elicitation/create") {
				t.Fatal(asked)
			}
			if leave == nil {
				cut()
			} else {
				leave(session)
			}
			<-h.waiting // the tool goes on, with an error
			until(t, func() bool { return h.config.Limits.Calls().Running == 0 })
		})
	}
	session := first(h.shake(t, "2025-11-25"))
	answers := make(chan answer, 1)
	go func() {
		answers <- send(t, h.plainly("POST", call, in(session), set("Accept", "application/json, text/event-stream;q=0")))
	}()
	select {
	case <-h.waiting:
		<-answers
	case a := <-answers: // or it is not let in at all
		if a.status != http.StatusNotAcceptable {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
}

// TestStreamsComeAndGoWhileThingsChange announces, withdraws, joins and leaves at the
// same time, and drains in the middle of it.
func TestStreamsComeAndGoWhileThingsChange(t *testing.T) {
	var e *transport.Endpoint
	h := start(t, withOlder(newKeys(t)), endpointOf(&e))
	session := first(h.shake(t, "2025-11-25"))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				for _, r := range []*http.Request{h.request(listening(`"toolsListChanged":true`)), h.plainly("GET", "", in(session))} {
					ctx, leave := context.WithCancel(t.Context())
					response, err := http.DefaultTransport.RoundTrip(r.WithContext(ctx))
					if err != nil {
						t.Error(err)
					} else {
						_, _ = response.Body.Read(make([]byte, 1))
						_ = response.Body.Close()
					}
					leave()
				}
			}
		})
		all.Go(func() {
			for range 100 {
				e.Announce(transport.Change{Kind: transport.ToolsChanged})
				e.Recheck()
			}
		})
	}
	all.Wait()
	until(t, func() bool { return transport.Open(e) == 0 && transport.OpenStreams(h.config.Limits) == 0 })
	_, stream := open(t, h.request(listening(`"toolsListChanged":true`)))
	heard(t, stream)
	all.Go(e.Drain)
	all.Go(e.Drain)
	ends(t, heard(t, stream), stream)
	all.Wait()
	h.refused(t, h.request(listening(`"toolsListChanged":true`)), 503, 503)
}
