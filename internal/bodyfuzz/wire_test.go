package bodyfuzz

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// post is one request as it is sent.
type post struct {
	n       int
	era     int
	who     int // whose token it comes with
	trace   string
	headers []header
	body    []byte
	bends   []string
	plan    []int // the same by number
}

// header is a line of the head. Its value is sent as it is.
type header struct{ name, value string }

// answer is what came back. A status of 0 is none: the connection ended before.
type answer struct {
	status int
	body   []byte
}

// traceOf names a request in the audit.
func traceOf(n int) string { return fmt.Sprintf("%032x", n+1) }

// bytes returns the request as it goes out.
func (p *post) bytes(s *site) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "POST /mcp HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n", s.address, s.callers[p.who].token)
	fmt.Fprintf(&b, "Traceparent: 00-%s-00000000000000aa-00\r\nContent-Length: %d\r\n", p.trace, len(p.body))
	for _, h := range p.headers {
		fmt.Fprintf(&b, "%s: %s\r\n", h.name, h.value)
	}
	b.WriteString("\r\n")
	b.Write(p.body)
	return []byte(b.String())
}

// wire is a connection that is kept.
type wire struct {
	site *site
	conn net.Conn
	in   *bufio.Reader
}

// pipeline sends requests without waiting for their answers, and reads them then. If the server hangs up, what it did not
// answer stays without.
func (w *wire) pipeline(posts []*post) ([]answer, error) {
	if w.conn == nil {
		conn, err := net.DialTimeout("tcp", w.site.address, 10*time.Second)
		if err != nil {
			return nil, err
		}
		w.conn, w.in = conn, bufio.NewReader(conn)
	}
	if err := w.conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return nil, err
	}
	var out []byte
	for _, p := range posts {
		out = append(out, p.bytes(w.site)...)
	}
	answers := make([]answer, len(posts))
	if _, err := w.conn.Write(out); err != nil {
		w.close()
		return answers, nil //nolint:nilerr // who hangs up is still answered for
	}
	for i := range posts {
		response, err := http.ReadResponse(w.in, &http.Request{Method: http.MethodPost})
		if err != nil {
			w.close()
			if timeout, ok := err.(net.Error); ok && timeout.Timeout() { //nolint:errorlint // net/http wraps none
				return answers, fmt.Errorf("no answer to request %d: %w", posts[i].n, err)
			}
			return answers, nil
		}
		body, err := io.ReadAll(response.Body)
		answers[i] = answer{response.StatusCode, eventData(response, body)}
		if err != nil || response.Close {
			w.close()
			return answers, err
		}
	}
	return answers, nil
}

// eventData returns the last event of a stream, which is the answer, and any other body as it is.
func eventData(response *http.Response, body []byte) []byte {
	if !strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		return body
	}
	text := string(body)
	if at := strings.LastIndex(text, "data: "); at >= 0 {
		text = text[at+len("data: "):]
	}
	return []byte(strings.TrimSpace(text))
}

func (w *wire) close() {
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}
