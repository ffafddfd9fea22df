package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
)

// BenchmarkCall is a whole call, token to tool, without a network. Its two halves
// say what metrics cost: only their ratio means something.
func BenchmarkCall(b *testing.B) {
	const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"},` +
		`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
	for name, admin := range map[string]string{"metrics off": "", "metrics on": "127.0.0.1:1"} {
		cfg := fixtureConfig(new(atomic.Int64))
		cfg.Policy, cfg.AdminAddr = b.TempDir()+"/policy.csv", admin
		writeFile(b, cfg.Policy, fixturePolicy)
		s := servertest.Start(b, cfg)
		handler, err := s.Server().Handler(server.DefaultPath)
		if err != nil {
			b.Fatal(err)
		}
		header := http.Header{
			"Authorization": {"Bearer " + s.Token(b, servertest.User("bob"), "echo:use")}, "Content-Type": {"application/json"},
			"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {"echo"},
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodPost, s.URL(), strings.NewReader(body))
				r.Header = header
				w := httptest.NewRecorder()
				if handler.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}
