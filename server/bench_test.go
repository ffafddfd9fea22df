package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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

// BenchmarkL06_ConcealedNames is what a concealed denial takes beside an unknown name, one after the other in
// one run: what a caller could learn from the time of an answer.
func BenchmarkL06_ConcealedNames(b *testing.B) {
	cfg := fixtureConfig(new(atomic.Int64))
	cfg.Policy, cfg.Denials, cfg.Limits = b.TempDir()+"/policy.csv", server.DenialsConceal, server.Off
	writeFile(b, cfg.Policy, fixturePolicy)
	s := servertest.Start(b, cfg)
	handler, err := s.Server().Handler(server.DefaultPath)
	if err != nil {
		b.Fatal(err)
	}
	token := s.Token(b, servertest.User("nobody"), "secret:use")
	ask := func(method, member, name string) time.Duration {
		r := httptest.NewRequest(http.MethodPost, s.URL(), strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"`+method+`","params":{"`+member+`":"`+name+`",`+
			`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`))
		r.Header = http.Header{
			"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}, "Mcp-Protocol-Version": {"2026-07-28"},
			"Mcp-Method": {method}, "Mcp-Name": {name},
		}
		w := httptest.NewRecorder()
		began := time.Now()
		handler.ServeHTTP(w, r)
		took := time.Since(began)
		if w.Code != http.StatusBadRequest {
			b.Fatal(w.Code, w.Body)
		}
		return took
	}
	for _, c := range [][4]string{
		{"tools/call", "name", "secret", "absent"}, {"prompts/get", "name", "plotting", "nowhere1"},
		{"resources/read", "uri", "app://plans", "app://absen"}, {"resources/read", "uri", "plan://x", "plam://x"},
	} {
		b.Run(strings.ReplaceAll(c[0], "/", " ")+" "+c[2], func(b *testing.B) {
			var concealed, unknown time.Duration
			for b.Loop() {
				concealed += ask(c[0], c[1], c[2])
				unknown += ask(c[0], c[1], c[3])
			}
			b.ReportMetric(float64(concealed.Nanoseconds())/float64(b.N), "concealed-ns")
			b.ReportMetric(float64(unknown.Nanoseconds())/float64(b.N), "unknown-ns")
			b.ReportMetric(float64(concealed)/float64(unknown), "ratio")
		})
	}
}
