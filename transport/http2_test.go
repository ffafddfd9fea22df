package transport_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/internal/http2test"
	"github.com/sallyport-mcp/sallyport/transport"
)

// overTLS serves the handler of h over TLS, where HTTP/2 is spoken: in the server of
// NewHTTPServer or in one of somebody else.
func (h *harness) overTLS(t *testing.T, own bool) *httptest.Server {
	t.Helper()
	handler, err := transport.New(h.config)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	if own {
		server.Config = transport.NewHTTPServer(handler)
	}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// ask sends a request over a connection of its own.
func (h *harness) ask(t *testing.T, server *httptest.Server, r *http.Request) (answer, int) {
	t.Helper()
	r.URL.Scheme, r.URL.Host, r.Host = "https", server.Listener.Addr().String(), h.host
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body)}, response.ProtoMajor
}

// frames opens a connection for frames of HTTP/2. What the server says is counted by
// its kind until the connection ends.
func frames(t *testing.T, server *httptest.Server) *framed {
	t.Helper()
	conn, err := tls.Dial("tcp", server.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(60 * time.Second))
	if _, err := io.WriteString(conn, http2test.Preface+string(http2test.Frame{Kind: http2test.Settings}.Append(nil))); err != nil {
		t.Fatal(err)
	}
	return &framed{Conn: conn, ended: make(chan struct{})}
}

type framed struct {
	net.Conn
	ended  chan struct{} // closed when the server has said its last
	answer [16]atomic.Int64
	code   atomic.Uint32 // of the GOAWAY
}

// listen reads what the server says until it has ended.
func (f *framed) listen() {
	defer close(f.ended)
	in := bufio.NewReader(f.Conn)
	for {
		frame, err := http2test.Read(in)
		if err != nil {
			return
		}
		f.answer[frame.Kind%16].Add(1)
		if frame.Kind == http2test.GoAway {
			f.code.Store(frame.Code())
		}
	}
}

// head is the header block of a good call.
func (h *harness) head(token, tool string) []byte {
	return http2test.Block(":method", "POST", ":scheme", "https", ":path", "/mcp", ":authority", h.host, "authorization", "Bearer "+token,
		"content-type", "application/json", "accept", "application/json", "mcp-protocol-version", "2026-07-28", "mcp-method", "tools/call", "mcp-name", tool)
}

// TestH18_NoHTTP2WithoutTLS: neither the upgrade nor the preface leads to HTTP/2 where
// there is no TLS. The upgrade is not answered with one (TestH17_Upgrades), and the
// preface is a request that is refused, with nothing read behind it.
func TestH18_NoHTTP2WithoutTLS(t *testing.T) {
	h := start(t)
	call := http2test.Frame{Kind: http2test.Settings}.Append(nil)
	call = append(call, http2test.Request(1, h.head("good", "allowed"), callBody("allowed"))...)
	second := h.keptPost("good", last+sized(callBody("allowed")), callBody("allowed"))
	ran, got := h.pipeline(t, http2test.Preface+string(call), second)
	if ran != 0 || strings.Count(got, "HTTP/1.1 ") != 1 || !strings.HasPrefix(got, "HTTP/1.1 403 ") || !strings.Contains(got, "Connection: close\r\n") {
		t.Errorf("%d ran: %q", ran, got)
	}
	// The twin: over TLS the same frames are a call.
	f := frames(t, h.overTLS(t, true))
	go f.listen()
	_, _ = f.Write(http2test.Request(1, h.head("good", "allowed"), callBody("allowed")))
	until(t, func() bool { return f.answer[http2test.Data].Load() > 0 })
	if h.ran.Load() != 1 {
		t.Errorf("twin: %d ran", h.ran.Load())
	}
	_ = f.Close()
	<-f.ended
}

// TestH18_TheSameGate: over HTTP/2 the same requests are refused and accepted.
func TestH18_TheSameGate(t *testing.T) {
	h := start(t, func(h *harness) { h.config.MaxBody = 4096 })
	for _, own := range []bool{true, false} {
		server := h.overTLS(t, own)
		for _, row := range []struct {
			name   string
			body   string
			change func(*http.Request)
			status int
		}{
			{"good", callBody("allowed"), func(*http.Request) {}, 200},
			{"no token", callBody("allowed"), set("Authorization"), 401},
			{"two tokens", callBody("allowed"), set("Authorization", "Bearer good", "Bearer bad"), 401},
			{"step-up", callBody("needs_scope"), func(*http.Request) {}, 403},
			{"origin", callBody("allowed"), set("Origin", "https://evil.example"), 403},
			{"path", callBody("allowed"), func(r *http.Request) { r.URL.Path = "/MCP" }, 404},
			{"method", callBody("allowed"), func(r *http.Request) { r.Method = "PUT" }, 405},
			{"too large", callBody(strings.Repeat("x", 5000)), func(*http.Request) {}, 413},
			{"too large, no length", callBody(strings.Repeat("x", 9000)), func(r *http.Request) { r.ContentLength = -1 }, 413},
			{"packed", callBody("allowed"), set("Content-Encoding", "gzip"), 415},
		} {
			ran := h.ran.Load()
			r := h.request(row.body)
			row.change(r)
			a, version := h.ask(t, server, r)
			if a.status != row.status || version != 2 || (h.ran.Load() == ran+1) != (row.status == 200) {
				t.Errorf("%s: HTTP/%d %d: %s", row.name, version, a.status, a.body)
			}
			if a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: %v", row.name, a.header)
			}
		}
	}
}

// TestH18_HeadersOfHTTP2: what only HTTP/2 can send is refused by net/http, and the
// stream ends.
func TestH18_HeadersOfHTTP2(t *testing.T) {
	h := start(t)
	server := h.overTLS(t, true)
	rest := []string{"authorization", "Bearer good", "content-type", "application/json", "mcp-protocol-version", "2026-07-28", "mcp-method", "tools/call", "mcp-name", "allowed"}
	block := func(fields ...string) []byte { return http2test.Block(append(fields, rest...)...) }
	bad := [][]byte{
		block(":method", "POST", ":scheme", "https", ":authority", h.host),
		block(":method", "POST", ":scheme", "https", ":path", "", ":authority", h.host),
		block(":method", "POST", ":scheme", "https", ":path", "mcp", ":authority", h.host),
		block(":method", "POST", ":scheme", "ftp", ":path", "/mcp", ":authority", h.host),
		block(":method", "POST", ":method", "GET", ":scheme", "https", ":path", "/mcp", ":authority", h.host),
		block(":method", "POST", ":scheme", "https", ":path", "/mcp", ":authority", h.host, ":status", "200"),
		block(":method", "POST", ":scheme", "https", ":path", "/mcp", ":authority", h.host, "transfer-encoding", "chunked"),
		block(":method", "POST", ":scheme", "https", ":path", "/mcp", ":authority", h.host, "connection", "keep-alive"),
		block(":method", "POST", ":scheme", "https", ":path", "/mcp", ":authority", h.host, "X-Upper", "x"),
		block(":method", "POST", ":scheme", "https", ":path", "/mcp", ":authority", h.host, "x", "a\r\nauthorization: Bearer good"),
		block(":method", "POST", ":scheme", "https", ":path", "/mcp", ":authority", h.host, "x", "a\x00b"),
		block(":method", "PO ST", ":scheme", "https", ":path", "/mcp", ":authority", h.host),
	}
	call := func(block []byte) *framed {
		f := frames(t, server)
		go f.listen()
		_, _ = f.Write(http2test.Request(1, block, callBody("allowed")))
		until(t, func() bool {
			return f.answer[http2test.Reset].Load()+f.answer[http2test.Headers].Load()+f.answer[http2test.GoAway].Load() > 0
		})
		return f
	}
	for i, block := range bad {
		f := call(block)
		if n := h.ran.Load(); n != 0 {
			t.Errorf("%d: %d ran", i, n)
		}
		_ = f.Close()
		<-f.ended
	}
	f := call(block(":method", "POST", ":scheme", "https", ":path", "/mcp", ":authority", h.host))
	if h.ran.Load() != 1 || f.answer[http2test.Reset].Load() != 0 {
		t.Errorf("twin: %d ran", h.ran.Load())
	}
	_ = f.Close()
	<-f.ended
}

// resets opens streams and gives each up at once, and returns the most goroutines
// there were. It stops early if the server hangs up.
func (f *framed) resets(n int, head []byte, body string) int {
	most := 0
	for i := range n {
		stream := uint32(2*i + 1)
		if _, err := f.Write(append(http2test.Request(stream, head, body), http2test.ResetOf(stream)...)); err != nil {
			break
		}
		if i%50 == 0 {
			most = max(most, runtime.NumGoroutine())
		}
	}
	return most
}

// streams is how many streams net/http lets one connection have open at a time.
const streams = 250

// TestH18_RapidReset opens 10,000 streams and resets each at once, in the server of
// NewHTTPServer and in one of somebody else. What runs is bounded, every place is
// given back, and a good client on another connection is served.
func TestH18_RapidReset(t *testing.T) {
	for _, row := range []struct {
		name, token string
		own         bool
	}{{"bad token", "bad", true}, {"bad token, other server", "bad", false}, {"good token", "good", true}, {"good token, other server", "good", false}} {
		t.Run(row.name, func(t *testing.T) {
			var running, most atomic.Int64
			h := start(t, func(h *harness) {
				h.tool("obeys", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
					now := running.Add(1)
					defer running.Add(-1)
					for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
					}
					<-ctx.Done()
					return nil, ctx.Err()
				})
			})
			server := h.overTLS(t, row.own)
			f := frames(t, server)
			go f.listen()
			before := runtime.NumGoroutine()
			peak := make(chan int)
			go func() { peak <- f.resets(10_000, h.head(row.token, "obeys"), callBody("obeys")) }()
			for range 10 {
				if a, version := h.ask(t, server, h.as("bob")); a.status != 200 || version != 2 {
					t.Errorf("a good client beside it: HTTP/%d %d %s", version, a.status, a.body)
				}
			}
			// The goroutine of a stream, and the two of a call that ends.
			if n := <-peak; n > before+3*streams+100 {
				t.Errorf("%d goroutines, %d before", n, before)
			}
			until(t, func() bool { return running.Load() == 0 && h.config.Limits.Calls() == transport.CallStats{} })
			if n := most.Load(); n > 2*streams {
				t.Errorf("%d handlers ran at a time", n)
			}
			if n := h.ran.Load(); row.token == "bad" && n != 10 {
				t.Errorf("%d tools ran for no token", n-10)
			}
			_ = f.Close()
			<-f.ended
		})
	}
}

// as is a good call of somebody else.
func (h *harness) as(token string) *http.Request {
	r := h.request(callBody("allowed"))
	set("Authorization", "Bearer "+token)(r)
	return r
}

// TestH18_RapidResetOfDeafHandlers: a handler that goes on after its stream was reset
// keeps its place, so that resets are no way around the limit on what runs.
func TestH18_RapidResetOfDeafHandlers(t *testing.T) {
	const places = 20
	var running atomic.Int64
	h := start(t, func(h *harness) {
		h.tool("deaf", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			running.Add(1)
			defer running.Add(-1)
			<-h.release
			return mcp.NewToolResultText("late"), nil
		})
		limits, err := transport.NewLimits(transport.Quotas{CallsPerPrincipal: places, Principal: transport.Rate{PerMinute: 1_000_000}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		h.config.Limits = limits
	})
	server := h.overTLS(t, true)
	f := frames(t, server)
	go f.listen()
	_ = f.resets(10_000, h.head("good", "deaf"), callBody("deaf"))
	until(t, func() bool { return h.config.Limits.Calls() == transport.CallStats{Running: places, Abandoned: places} })
	if n := running.Load(); n != places {
		t.Errorf("%d handlers run, want %d", n, places)
	}
	if a, _ := h.ask(t, server, h.as("good")); a.status != 429 {
		t.Errorf("one more of the same caller: %d", a.status)
	}
	if a, _ := h.ask(t, server, h.as("bob")); a.status != 200 {
		t.Errorf("somebody else: %d %s", a.status, a.body)
	}
	close(h.release)
	until(t, func() bool { return h.config.Limits.Calls() == transport.CallStats{} })
	if a, _ := h.ask(t, server, h.as("good")); a.status != 200 {
		t.Errorf("twin: %d %s", a.status, a.body)
	}
	_ = f.Close()
	<-f.ended
}

// TestH18_Floods sends frames without end that cost the server more than the client.
// net/http of Go 1.26 hangs up on each of them, with what it takes by then bounded.
func TestH18_Floods(t *testing.T) {
	h := start(t)
	server := h.overTLS(t, true)
	field := http2test.Block("x-large", strings.Repeat("x", 16_000))
	many := http2test.Block(slicesOf("x", "", 4000)...)
	continued := func(block []byte) []byte {
		return bytes.Repeat(http2test.Frame{Kind: http2test.Continuation, Stream: 1, Payload: block}.Append(nil), 8)
	}
	open := http2test.Frame{Kind: http2test.Headers, Stream: 1, Payload: h.head("good", "allowed")}.Append(nil)
	t.Cleanup(func() {
		if n := h.ran.Load(); n != 8 {
			t.Errorf("%d tools ran, want those of the good client", n)
		}
	})
	for _, row := range []struct {
		name   string
		first  []byte
		again  []byte
		unread bool // the client does not read what the server says
	}{
		{"CONTINUATION", open, continued(field), false},
		{"CONTINUATION of many fields", open, continued(many), false},
		{"PING, unread", nil, bytes.Repeat(http2test.Frame{Kind: http2test.Ping, Payload: make([]byte, 8)}.Append(nil), 1000), true},
		{"resets of no stream", nil, bytes.Repeat(http2test.ResetOf(1), 1000), false},
		{"data of no stream", nil, bytes.Repeat(http2test.Frame{Kind: http2test.Data, Stream: 1, Payload: make([]byte, 1000)}.Append(nil), 10), false},
		{"frame too large", nil, http2test.Frame{Kind: http2test.Headers, Stream: 1, Payload: make([]byte, 1<<24-1)}.Append(nil), false},
		{"no frames", nil, bytes.Repeat([]byte{0xff}, 4096), false},
		{"a setting that cannot be", nil, bytes.Repeat(http2test.Setting(4, 1<<31), 1000), false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel() // net/http takes a second to hang up
			f := frames(t, server)
			if row.unread {
				close(f.ended)
			} else {
				go f.listen()
			}
			_, _ = f.Write(row.first)
			if taken, err := http2test.Flood(f, row.again, 256<<20, 10*time.Second); err == nil {
				t.Errorf("still open after %d bytes", taken)
			}
			_ = f.Close()
			<-f.ended
			h.servesOthers(t, server)
		})
	}
}

// TestH18_SettingsFlood: a client may change its settings as often as it likes. One that
// does so a million times has the work of sending them; others are served, nothing is
// left running for it, and its own call is answered behind them.
func TestH18_SettingsFlood(t *testing.T) {
	h := start(t)
	server := h.overTLS(t, true)
	f := frames(t, server)
	go f.listen()
	before := runtime.NumGoroutine()
	flood := bytes.Repeat(http2test.Setting(4, 65_535), 1000)
	for range 1000 { // times 1,000 settings
		if _, err := f.Write(flood); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = f.Write(http2test.Request(1, h.head("good", "allowed"), callBody("allowed")))
	h.servesOthers(t, server)
	until(t, func() bool { return f.answer[http2test.Data].Load() > 0 })
	if got := runtime.NumGoroutine(); got > before+20 {
		t.Errorf("%d goroutines, %d before", got, before)
	}
	_ = f.Close()
	<-f.ended
}

// servesOthers has a good client on a connection of its own be served.
func (h *harness) servesOthers(t *testing.T, server *httptest.Server) {
	t.Helper()
	ran := h.ran.Load()
	if a, version := h.ask(t, server, h.as("bob")); a.status != 200 || version != 2 || h.ran.Load() < ran+1 {
		t.Errorf("a good client: HTTP/%d %d %s", version, a.status, a.body)
	}
}

// slicesOf repeats a pair.
func slicesOf(name, value string, n int) []string {
	all := make([]string, 0, 2*n)
	for range n {
		all = append(all, name, value)
	}
	return all
}
