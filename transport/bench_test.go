package transport_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// idle is an Observer that costs nothing itself.
type idle struct{}

func (idle) Took(context.Context, transport.Stage, time.Duration) {}
func (idle) Streams(int)                                          {}

// The three parts compare a call through this package, without and with an
// Observer, with the same call on mcp-go's own handler: only their ratio means
// something.
func BenchmarkCall(b *testing.B) {
	p := &pair{}
	p.verifier.callers = map[string]authz.Principal{"good": {Subject: "alice", Expires: time.Now().Add(time.Hour)}}
	own, observed := p.handler(b), p.observed(b, idle{})
	server := mcpserver.NewMCPServer("t", "1", mcpserver.WithToolCapabilities(false))
	server.AddTool(p.tools["allowed"].Tool, p.tools["allowed"].Handler)
	bare := mcpserver.NewStreamableHTTPServer(server)
	body := rpc("tools/call", `"name":"allowed","arguments":{"text":"`+strings.Repeat("x", 200)+`"},`)
	header := (&harness{url: "http://h/mcp"}).request(body).Header
	for name, handler := range map[string]http.Handler{"own": own, "observed": observed, "bare": bare} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodPost, "http://h/mcp", strings.NewReader(body))
				r.Header = header.Clone()
				w := httptest.NewRecorder()
				if handler.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	body := []byte(rpc("tools/call", `"name":"allowed","arguments":{"text":"`+strings.Repeat("x", 200)+`"},`))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := message.Read(body); err != nil {
			b.Fatal(err)
		}
	}
}
