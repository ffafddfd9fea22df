package transport_test

import (
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

// slack is what net/http reads beyond MaxHeaderBytes before it refuses: a buffer of
// its own, and what it allows for the request line.
const slack = 16 << 10

// TestF04_HeaderFloods: a header section beyond the limit is 431 however it is made
// up, and no more of it is read. Just below the limit it is a good request.
func TestF04_HeaderFloods(t *testing.T) {
	for name, line := range map[string]func(n int) string{
		"one huge header":       func(n int) string { return "X: " + strings.Repeat("x", n-5) + "\r\n" },
		"a huge name":           func(n int) string { return "X" + strings.Repeat("x", n-5) + ": \r\n" },
		"very many headers":     func(n int) string { return strings.Repeat("X:\r\n", n/4) },
		"very many names":       func(n int) string { return numbered(n) },
		"very many tokens":      func(n int) string { return strings.Repeat("Cookie: a=b\r\n", n/13) },
		"folded for ever":       func(n int) string { return "X: y\r\n" + strings.Repeat(" y\r\n", (n-6)/4) },
		"parameters of tools":   func(n int) string { return strings.Repeat("Mcp-Param-Region: x\r\n", n/21) },
		"a list of codings":     func(n int) string { return "Accept: " + strings.Repeat("text/html,", n/10-2) + "*/*\r\n" },
		"one language, and one": func(n int) string { return "Accept-Language: " + strings.Repeat("a,", n/2-10) + "\r\n" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // net/http takes half a second to hang up
			h, send := startCounting(t)
			sizes := []int{transport.MaxHeaderBytes + slack}
			if name == "very many headers" {
				sizes = append(sizes, 4<<20)
			}
			for _, n := range sizes {
				got, read := send(line(n))
				if h.ran.Load() != 0 || !strings.HasPrefix(got, "HTTP/1.1 431 ") && got != "" {
					t.Errorf("%d bytes: %d ran: %.100s", n, h.ran.Load(), got)
				}
				if read > transport.MaxHeaderBytes+2*slack {
					t.Errorf("%d bytes read", read)
				}
			}
			if got, _ := send(line(transport.MaxHeaderBytes - 4<<10)); h.ran.Load() != 1 || !strings.HasPrefix(got, "HTTP/1.1 200 ") {
				t.Errorf("twin: %d ran: %.200s", h.ran.Load(), got)
			}
		})
	}
}

// startCounting returns a server and what sends it a good request with more lines of
// header, and tells the answer and how many bytes the server has read.
func startCounting(t *testing.T) (*harness, func(lines string) (string, int64)) {
	t.Helper()
	h := start(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	handler, err := transport.New(h.config)
	if err != nil {
		t.Fatal(err)
	}
	var read atomic.Int64
	server := transport.NewHTTPServer(handler)
	done := make(chan error, 1)
	go func() { done <- server.Serve(countingListener{listener, &read}) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	body := callBody("allowed")
	return h, func(lines string) (string, int64) {
		read.Store(0)
		got := rawTo(t, listener.Addr().String(), h.keptPost("good", lines+last+sized(body), body))
		return got, read.Load()
	}
}

// numbered are header lines with names of their own, n bytes together.
func numbered(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n-12; i++ {
		fmt.Fprintf(&b, "X%d:\r\n", i)
	}
	return b.String()
}

// TestF04_LongTargets: a request target is part of the header section.
func TestF04_LongTargets(t *testing.T) {
	h := start(t)
	body := callBody("allowed")
	post := func(target string) string {
		return h.raw(t, h.rawPost("POST "+target+" HTTP/1.1", "Host: "+h.host+"\r\n", body))
	}
	for _, row := range []struct{ target, status string }{
		{"/" + strings.Repeat("x", 30_000), "404"}, {"/mcp/" + strings.Repeat("../", 10_000) + "mcp", "404"}, {strings.Repeat("/", 30_000), "404"},
		{"/" + strings.Repeat("%6d", 10_000), "404"}, {"/" + strings.Repeat("x", 100_000), "431"}, {"/mcp?" + strings.Repeat("x", 100_000), "431"},
		{"/mcp?" + strings.Repeat("&", 30_000), "200"}, {"/mcp?" + strings.Repeat("a=%zz&", 5_000), "200"}, {"/mcp?" + strings.Repeat("&", 30_000) + "token=x", "401"},
	} {
		ran := h.ran.Load()
		if got := post(row.target); !strings.HasPrefix(got, "HTTP/1.1 "+row.status+" ") || (h.ran.Load() == ran+1) != (row.status == "200") {
			t.Errorf("%.40s..., %d bytes: want %s: %.100s", row.target, len(row.target), row.status, got)
		}
	}
}

// TestF04_LongTokens: a token that is too long for one is a bad token as long as the
// header section may hold it. (How long one may be is the verifier's to say.)
func TestF04_LongTokens(t *testing.T) {
	h := start(t)
	for n, status := range map[int]int{16 << 10: 401, 60_000: 401, transport.MaxHeaderBytes + slack: 431} {
		r := h.request(callBody("allowed"))
		set("Authorization", "Bearer "+strings.Repeat("x", n))(r)
		if a := send(t, r); a.status != status || h.ran.Load() != 0 {
			t.Errorf("%d bytes: %d, want %d", n, a.status, status)
		}
	}
	h.accepted(t, h.request(callBody("allowed")))
}

// TestF04_ManyAtOnce: hundreds of connections that have said half of a request cost a
// good client nothing but their company.
func TestF04_ManyAtOnce(t *testing.T) {
	h := start(t)
	body := callBody("allowed")
	good := h.keptPost("good", sized(body), body)
	const n = 500
	conns := make([]net.Conn, 0, n)
	for i := range n {
		conn, err := net.Dial("tcp", h.host)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
		if _, err := io.WriteString(conn, good[:1+i%len(good)]); err != nil {
			t.Fatal(err)
		}
	}
	ran := h.ran.Load()
	for range 20 {
		r := h.request(body)
		set("Authorization", "Bearer bob")(r)
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != 200 {
			t.Errorf("%d", response.StatusCode)
		}
	}
	if h.ran.Load() < ran+20 {
		t.Errorf("%d ran", h.ran.Load()-ran)
	}
	for _, conn := range conns {
		_ = conn.Close()
	}
}
