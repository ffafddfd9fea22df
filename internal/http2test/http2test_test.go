package http2test_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/http2test"
)

// connect says the first words to a server of net/http, which answers a request with its body.
func connect(t *testing.T) (net.Conn, *bufio.Reader) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			<-r.Context().Done()
			return
		}
		_, _ = io.Copy(w, r.Body)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	conn, err := tls.Dial("tcp", s.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	send(t, conn, append([]byte(http2test.Preface), http2test.Setting(3, 100)...))
	return conn, bufio.NewReader(conn)
}

func send(t *testing.T, conn net.Conn, b []byte) {
	t.Helper()
	if _, err := conn.Write(b); err != nil {
		t.Fatal(err)
	}
}

// until reads frames as far as the first one that is wanted.
func until(t *testing.T, r *bufio.Reader, wanted func(http2test.Frame) bool) http2test.Frame {
	t.Helper()
	for {
		f, err := http2test.Read(r)
		if err != nil {
			t.Fatal(err)
		}
		if wanted(f) {
			return f
		}
	}
}

func header(path string) []byte {
	return http2test.Block(":method", "POST", ":scheme", "https", ":authority", "a.example", ":path", path, "x-long", strings.Repeat("x", 400))
}

func TestRequest(t *testing.T) {
	conn, r := connect(t)
	body := strings.Repeat("a", 20_000)
	send(t, conn, http2test.Request(1, header("/"), body))
	got := ""
	until(t, r, func(f http2test.Frame) bool {
		if f.Kind == http2test.Data && f.Stream == 1 {
			got += string(f.Payload)
		}
		return f.Stream == 1 && f.Flags&http2test.EndStream != 0
	})
	if got != body {
		t.Errorf("%d bytes came back of %d", len(got), len(body))
	}
	send(t, conn, http2test.Request(3, header("/"), ""))
	until(t, r, func(f http2test.Frame) bool { return f.Stream == 3 && f.Flags&http2test.EndStream != 0 })
}

// TestCodes breaks a rule of the protocol, and keeps one: a stream that was given up is said nothing about.
func TestCodes(t *testing.T) {
	conn, r := connect(t)
	send(t, conn, append(http2test.Request(1, header("/wait"), ""), http2test.ResetOf(1)...))
	send(t, conn, http2test.Frame{Kind: http2test.Ping, Payload: make([]byte, 8)}.Append(nil))
	pong := until(t, r, func(f http2test.Frame) bool { return f.Kind == http2test.Ping })
	if pong.Flags != http2test.Ack || pong.Code() != 0 {
		t.Errorf("%+v", pong)
	}
	send(t, conn, http2test.Frame{Kind: http2test.Data, Stream: 0}.Append(nil)) // PROTOCOL_ERROR
	if f := until(t, r, func(f http2test.Frame) bool { return f.Kind == http2test.GoAway }); f.Code() != 1 {
		t.Errorf("%+v has the code %d", f, f.Code())
	}
	if _, err := http2test.Read(bufio.NewReader(strings.NewReader("\x00\x00\x05"))); err == nil {
		t.Error("a frame was read that is none")
	}
}

func TestFlood(t *testing.T) {
	here, there := net.Pipe()
	go func() { _, _ = io.CopyN(io.Discard, there, 10); _ = there.Close() }()
	if n, err := http2test.Flood(here, []byte("12345"), 1000, time.Minute); n != 10 || err == nil {
		t.Errorf("took %d, %v", n, err)
	}
	here, there = net.Pipe()
	go func() { _, _ = io.Copy(io.Discard, there) }()
	if n, err := http2test.Flood(here, []byte("12345"), 10, time.Minute); n != 10 || err != nil {
		t.Errorf("took %d, %v", n, err)
	}
	_ = here.Close()
}
