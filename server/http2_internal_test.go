package server

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/http2test"
	"github.com/sallyport-mcp/sallyport/transport"
)

// withHTTP2 has somebody else's server, which speaks HTTP/2 without TLS, serve the same
// endpoint, and calls do with its connections.
func withHTTP2(t *testing.T, do func(s *stopped, other *pipes)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := inBubble(t)
		handler, err := s.Handler(DefaultPath)
		if err != nil {
			t.Fatal(err)
		}
		server := transport.NewHTTPServer(handler)
		server.Protocols = new(http.Protocols)
		server.Protocols.SetHTTP1(true)
		server.Protocols.SetUnencryptedHTTP2(true)
		other := newPipes()
		served := make(chan error, 1)
		go func() { served <- server.Serve(other) }()
		synctest.Wait()
		do(s, other)
		_ = server.Close()
		<-served
		s.stop()
		if err := <-s.ended; err != nil {
			t.Errorf("serve: %v", err)
		}
		s.finish()
	})
}

// head is the header block of a call of echo.
func (s *stopped) head() []byte {
	return http2test.Block(":method", "POST", ":scheme", "http", ":path", "/mcp", ":authority", "127.0.0.1:8080", "authorization", "Bearer "+s.bearer,
		"content-type", "application/json", "accept", "application/json", "mcp-protocol-version", "2026-07-28", "mcp-method", "tools/call", "mcp-name", "echo")
}

// said opens a connection, sends what is given to it, and returns the frames that came
// back, until the server closed the connection or the stream, when that was, and whether
// it was the connection.
func said(t *testing.T, other *pipes, sent []byte) ([]http2test.Frame, time.Duration, bool) {
	t.Helper()
	conn, err := other.dial(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	const patience = time.Hour
	began, wrote := time.Now(), make(chan struct{})
	go func() {
		defer close(wrote)
		_, _ = conn.Write(sent)
	}()
	_ = conn.SetReadDeadline(began.Add(patience))
	in := bufio.NewReader(conn)
	var all []http2test.Frame
	for {
		f, err := http2test.Read(in)
		if err != nil {
			took := time.Since(began)
			_ = conn.Close()
			<-wrote
			return all, took, errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		}
		f.Payload = append([]byte(nil), f.Payload...)
		all = append(all, f)
		if f.Kind == http2test.Reset || f.Kind == http2test.Data && f.Flags&http2test.EndStream != 0 {
			took := time.Since(began)
			_ = conn.Close()
			<-wrote
			return all, took, false
		}
	}
}

func has(all []http2test.Frame, kind byte) bool {
	for _, f := range all {
		if f.Kind == kind {
			return true
		}
	}
	return false
}

// TestH18_SlowStreams: over HTTP/2 a body that does not come and an answer that nobody
// takes end like those over HTTP/1.1. The twin of each comes in time.
func TestH18_SlowStreams(t *testing.T) {
	withHTTP2(t, func(s *stopped, other *pipes) {
		start := func(settings ...[]byte) []byte {
			return append([]byte(http2test.Preface), bytes.Join(append(settings, http2test.Frame{Kind: http2test.Settings}.Append(nil)), nil)...)
		}
		_, body := s.request()
		const initialWindow = 4

		all, took, _ := said(t, other, append(start(http2test.Setting(initialWindow, 0)), http2test.Request(1, s.head(), body)...))
		if !has(all, http2test.Reset) || took != transport.WriteTimeout {
			t.Errorf("an answer that nobody takes: %v after %v", all, took)
		}
		all, took, _ = said(t, other, append(start(), http2test.Request(1, s.head(), body)...))
		if !has(all, http2test.Data) || has(all, http2test.Reset) || took != 0 {
			t.Errorf("twin: %v after %v", all, took)
		}
		if got := s.Calls(); got.Running != 0 {
			t.Errorf("%+v still run", got)
		}

		half := http2test.Frame{Kind: http2test.Headers, Flags: http2test.EndHeaders, Stream: 1, Payload: s.head()}.Append(start())
		half = http2test.Frame{Kind: http2test.Data, Stream: 1, Payload: []byte(body[:10])}.Append(half)
		all, took, _ = said(t, other, half)
		if !has(all, http2test.Data) || took != transport.BodyTimeout {
			t.Errorf("a body that does not come: %v after %v", all, took)
		}
	})
}

// TestF04_TheFirstWords: a connection whose first request does not come is left after
// ReadHeaderTimeout, also where it may still become one of HTTP/2. net/http before Go
// 1.26.6 waited for ever there (GO-2026-6089), which the handler could not help.
func TestF04_TheFirstWords(t *testing.T) {
	withHTTP2(t, func(s *stopped, other *pipes) {
		for name, begun := range map[string]string{
			"nothing": "", "one byte": "P", "half a preface": "PRI * HTTP/2.0\r\n", "preface but for a byte": http2test.Preface[:len(http2test.Preface)-1],
			"half a request line": "POST /mcp", "half a header": "POST /mcp HTTP/1.1\r\nHost: x\r\nA",
		} {
			for where, at := range map[string]*pipes{"own server": s.pipes, "server with HTTP/2": other} {
				conn, err := at.dial(t.Context(), "", "")
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				go func() { _, _ = io.WriteString(conn, begun) }()
				_ = conn.SetReadDeadline(began.Add(time.Hour))
				_, err = io.ReadAll(conn)
				if took := time.Since(began); err != nil || took > transport.ReadHeaderTimeout+time.Second {
					t.Errorf("%s, %s: left after %v, %v", where, name, took, err)
				}
				_ = conn.Close()
			}
		}
		// Behind its preface, a connection of HTTP/2 that says no more is an idle one.
		settings := http2test.Frame{Kind: http2test.Settings}.Append([]byte(http2test.Preface))
		unfinished := http2test.Frame{Kind: http2test.Headers, Stream: 1, Payload: s.head()}.Append(bytes.Clone(settings))
		for name, sent := range map[string][]byte{"no request": settings, "a header without an end": unfinished} {
			_, took, closed := said(t, other, sent)
			if !closed || took < transport.IdleTimeout || took > transport.IdleTimeout+5*time.Second {
				t.Errorf("%s: left after %v, closed %v", name, took, closed)
			}
		}
	})
}
