package transport_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/transport"
)

// raw writes bytes to the server and returns all that comes back until it
// closes the connection.
func (h *harness) raw(t *testing.T, request string) string {
	t.Helper()
	return rawTo(t, h.host, request)
}

// rawTo does so with the server at an address.
func rawTo(t *testing.T, address, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// A server that reads no more may close before everything is written.
	_, _ = io.WriteString(conn, request)
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	all, _ := io.ReadAll(conn)
	return string(all)
}

// dial returns a connection to the server until the test ends.
func (h *harness) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", h.host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// rawPost spells out a good request, with more lines of header.
func (h *harness) rawPost(line, host, body string, more ...string) string {
	return line + "\r\n" + host + "Connection: close\r\nAuthorization: Bearer good\r\nContent-Type: application/json\r\n" +
		"MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: allowed\r\n" +
		strings.Join(append(more, ""), "\r\n") + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

// foreignOrigins are Origin headers that resemble https://app.example.com, or
// the origin of a server at host, and are neither.
func foreignOrigins(host string) map[string][]string {
	return map[string][]string{
		"evil": {"https://evil.example"}, "null": {"null"}, "http twin": {"http://app.example.com"},
		"suffix": {"https://evil-app.example.com"}, "prefix": {"https://app.example.com.evil"}, "subdomain": {"https://x.app.example.com"},
		"case": {"https://App.example.com"}, "port": {"https://app.example.com:443"}, "other port": {"https://app.example.com:444"},
		"slash": {"https://app.example.com/"}, "empty": {""}, "two": {"https://app.example.com", "https://evil.example"},
		"same twice": {"https://app.example.com", "https://app.example.com"}, "https twin of own": {"https://" + host},
	}
}

func TestH12_Origin(t *testing.T) {
	h := start(t, func(h *harness) { h.config.Origins = []string{"https://app.example.com", "http://" + h.host} })
	var list []defect
	for name, origins := range foreignOrigins(h.host) {
		list = append(list, defect{name, set("Origin", origins...), 403, 403})
	}
	h.defects(t, callBody("allowed"), list)
	for _, origin := range []string{"https://app.example.com", "http://" + h.host} {
		r := h.request(callBody("allowed"))
		set("Origin", origin)(r)
		h.accepted(t, r)
	}
	t.Run("before the token", func(t *testing.T) {
		r := h.request(callBody("allowed"))
		set("Origin", "https://evil.example")(r)
		set("Authorization")(r)
		if a := h.refused(t, r, 403, 403); a.header.Get("WWW-Authenticate") != "" {
			t.Error("challenged")
		}
	})
}

func TestH13_Host(t *testing.T) {
	h := start(t)
	_, port, _ := net.SplitHostPort(h.host)
	for _, host := range []string{
		"evil.example", "evil.example:" + port, "localhost:" + port, "127.0.0.1", h.host + ".", "user@" + h.host, "127.0.0.1:1",
	} {
		r := h.request(callBody("allowed"))
		r.Host = host
		h.refused(t, r, 403, 403)
	}
	body := callBody("allowed")
	for name, host := range map[string]string{
		"missing": "", "two": "Host: " + h.host + "\r\nHost: evil\r\n", "same twice": strings.Repeat("Host: "+h.host+"\r\n", 2),
	} {
		ran := h.ran.Load()
		got := h.raw(t, h.rawPost("POST /mcp HTTP/1.1", host, body))
		if !strings.HasPrefix(got, "HTTP/1.1 400 ") || h.ran.Load() != ran {
			t.Errorf("%s: %.200s", name, got)
		}
	}
	if got := h.raw(t, h.rawPost("POST /mcp HTTP/1.0", "", body)); !strings.Contains(got, " 403 ") {
		t.Errorf("HTTP/1.0 without Host: %.200s", got)
	}
	if got := h.raw(t, h.rawPost("POST http://evil.example/mcp HTTP/1.1", "Host: "+h.host+"\r\n", body)); !strings.Contains(got, " 403 ") {
		t.Errorf("absolute form: %.200s", got)
	}
	h.accepted(t, h.request(body))
	t.Run("metadata too", func(t *testing.T) {
		r := h.request("")
		r.Method, r.URL.Path, r.Host = "GET", "/.well-known/oauth-protected-resource", "evil.example"
		h.refused(t, r, 403, 403)
	})
}

func TestH17_Smuggling(t *testing.T) {
	h := start(t)
	body := callBody("allowed")
	host := "Host: " + h.host + "\r\n"
	second := strings.Replace(h.rawPost("POST /mcp HTTP/1.1", host, body), "Connection: close\r\n", "", 1)
	for name, more := range map[string]string{
		"CL and TE":  "Transfer-Encoding: chunked",
		"two CL":     "Content-Length: 5",
		"CL plus":    "Content-Length: +5",
		"obs-fold":   "X: a\r\n b",
		"NUL":        "X: a\x00b",
		"odd TE":     "Transfer-Encoding: xchunked",
		"bare space": "X : a",
	} {
		ran := h.ran.Load()
		got := h.raw(t, h.rawPost("POST /mcp HTTP/1.1", host, body, more)+second)
		if n := h.ran.Load() - ran; n > 1 || strings.Count(got, "HTTP/1.1 ") != 1 {
			t.Errorf("%s: %d ran: %s", name, n, got)
		}
	}
	ran := h.ran.Load()
	if got := h.raw(t, h.rawPost("POST /mcp HTTP/1.1", host, body)); !strings.HasPrefix(got, "HTTP/1.1 200 ") || h.ran.Load() != ran+1 {
		t.Errorf("twin: %s", got)
	}
}

func TestR14_BodyTooLarge(t *testing.T) {
	const limit = 300 << 10
	var read atomic.Int64
	h := start(t, func(h *harness) { h.config.MaxBody = limit })
	// A relay in front counts what the server took from the connection.
	relay, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	handler, err := transport.New(h.config)
	if err != nil {
		t.Fatal(err)
	}
	server := transport.NewHTTPServer(handler)
	done := make(chan error, 1)
	go func() { done <- server.Serve(countingListener{relay, &read}) }()
	defer func() { _ = server.Close(); <-done }()
	h.url = "http://" + relay.Addr().String() + "/mcp"

	pad := func(n int) string { return callBody("allowed") + strings.Repeat(" ", n-len(callBody("allowed"))) }
	post := func(body io.Reader, length int64) answer {
		r := h.request(callBody("allowed"))
		r.Body, r.ContentLength, r.Host = io.NopCloser(body), length, h.host
		read.Store(0)
		return h.refused(t, r, 413, -32600)
	}
	check := func(name string, a answer) {
		t.Helper()
		if n := read.Load(); n > limit+64<<10 {
			t.Errorf("%s: %d bytes read", name, n)
		}
		if a.header.Get("Connection") != "close" && a.header.Get("Connection") != "" {
			t.Errorf("%s: %v", name, a.header)
		}
		if h.gate.last().reason != "body_too_large" {
			t.Errorf("%s: %+v", name, h.gate.last())
		}
	}
	for _, length := range []int64{limit + 1, 8 << 20} {
		check("honest length", post(io.LimitReader(endless{}, length), length))
		if n := read.Load(); n > 64<<10 {
			t.Errorf("%d bytes read of a body that said it was too large", n)
		}
	}
	check("chunked", post(io.LimitReader(endless{}, 8<<20), -1))
	check("chunked, one byte over", post(strings.NewReader(pad(limit+1)), -1))

	for _, length := range []int64{limit, -1} {
		r := h.request(callBody("allowed"))
		r.Body, r.ContentLength, r.Host = io.NopCloser(strings.NewReader(pad(limit))), length, h.host
		h.accepted(t, r)
	}
}

// endless is white space without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

type countingListener struct {
	net.Listener
	n *atomic.Int64
}

func (l countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return countingConn{c, l.n}, err
}

type countingConn struct {
	net.Conn
	n *atomic.Int64
}

func (c countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.n.Add(int64(n))
	return n, err
}

func TestBodyThatDoesNotArrive(t *testing.T) {
	h := start(t)
	conn := h.dial(t)
	body := callBody("allowed")
	request := strings.Replace(h.rawPost("POST /mcp HTTP/1.1", "Host: "+h.host+"\r\n", body), "Content-Length: ", "Content-Length: 9", 1)
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != 408 || h.ran.Load() != 0 || h.gate.last().reason != "body_incomplete" {
		t.Errorf("%d, %+v", response.StatusCode, h.gate.last())
	}
	h.accepted(t, h.request(body))
}

func TestNewHTTPServerSetsEveryLimit(t *testing.T) {
	s := transport.NewHTTPServer(http.NotFoundHandler())
	if s.ReadHeaderTimeout <= 0 || s.ReadTimeout <= s.ReadHeaderTimeout || s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 || s.WriteTimeout != 0 {
		t.Errorf("%+v", s)
	}
	h := start(t)
	r := h.request(callBody("allowed"))
	set("X-Large", strings.Repeat("x", transport.MaxHeaderBytes+8<<10))(r)
	if a := send(t, r); a.status != 431 || h.ran.Load() != 0 {
		t.Errorf("%d", a.status)
	}
	r = h.request(callBody("allowed"))
	set("X-Large", strings.Repeat("x", 32<<10))(r)
	h.accepted(t, r)
}
