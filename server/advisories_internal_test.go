package server

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-mcp/sallyport/transport"
)

// TestAdvisory_HTTP2 begins HTTP/2 without asking (H-18 CVE-2023-44487), and stops in the middle of it
// (F-04 GO-2026-6089). There is none, and the time for a header is the time for a header.
// The twin speaks HTTP/1.1.
func TestAdvisory_HTTP2(t *testing.T) {
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	for _, sent := range []string{preface, preface + "\x00\x00\x00\x04\x00\x00\x00\x00\x00", "PRI * HTTP/2.0\r\n\r\nSM", "PRI * HTTP/2.0\r\n", "PRI"} {
		synctest.Test(t, func(t *testing.T) {
			s := inBubble(t)
			got, took := s.trickled(sent, "", "", 0)
			if strings.Contains(got, " 200 ") || strings.Contains(got, "101 ") || got != "" && !strings.HasPrefix(got, "HTTP/1.1 ") {
				t.Errorf("%q: %q", sent, got)
			}
			if took > transport.ReadHeaderTimeout+time.Second {
				t.Errorf("%q: left after %v", sent, took)
			}
			header, body := s.request()
			if got, _ := s.trickled(header+body, "", "", 0); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
				t.Errorf("twin: %q", got)
			}
			s.stop()
			if err := <-s.ended; err != nil {
				t.Errorf("serve: %v", err)
			}
			s.finish()
		})
	}
}

// TestAdvisory_LinesOfTheLog sends what a reader of headers complains about in its own
// words (L-02 GO-2026-5039). The log keeps one line for each record, without controls.
func TestAdvisory_LinesOfTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inBubble(t)
		header, body := s.request()
		for _, line := range []string{"\x1b[31mred: x", "no colon\x1b[2J", "X\rlevel=ERROR msg=forged: x", " level=ERROR msg=forged: x", "A: \x00level=ERROR"} {
			got, _ := s.trickled(strings.Replace(header, "\r\nConnection", "\r\n"+line+"\r\nConnection", 1)+body, "", "", 0)
			if !strings.HasPrefix(got, "HTTP/1.1 400 ") || strings.Contains(got, "forged") {
				t.Errorf("%q: %q", line, got)
			}
		}
		if got, _ := s.trickled(header+body, "", "", 0); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
			t.Errorf("twin: %q", got)
		}
		s.stop()
		if err := <-s.ended; err != nil {
			t.Errorf("serve: %v", err)
		}
		s.finish()
		log, _ := io.ReadAll(s.log)
		for line := range strings.Lines(string(log)) {
			if !strings.HasPrefix(line, "time=") || strings.ContainsAny(strings.TrimSuffix(line, "\n"), "\x1b\r\x00") || strings.HasPrefix(line, "level=ERROR") {
				t.Errorf("%q", line)
			}
		}
	})
}
