package transport_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// keptPost spells out a request on a connection that is to be kept: the header
// lines, then the body as it is.
func (h *harness) keptPost(token, lines, body string) string {
	return "POST /mcp HTTP/1.1\r\nHost: " + h.host + "\r\nAuthorization: Bearer " + token + "\r\nContent-Type: application/json\r\n" +
		"MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: allowed\r\n" + lines + "\r\n" + body
}

// sized is the header line of a body that is as long as it says.
func sized(body string) string { return fmt.Sprintf("Content-Length: %d\r\n", len(body)) }

func chunked(body string) string { return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body) }

// last marks the last request of a connection.
const last = "Connection: close\r\n"

// pipeline sends requests in one go and returns how many tools ran and all
// answers, once the server has closed the connection.
func (h *harness) pipeline(t *testing.T, requests ...string) (int64, string) {
	t.Helper()
	ran := h.ran.Load()
	all := h.raw(t, strings.Join(requests, ""))
	return h.ran.Load() - ran, all
}

func TestH17_NothingFollowsABodyWithTwoEnds(t *testing.T) {
	h := start(t)
	body := callBody("allowed")
	const te = "Transfer-Encoding: chunked\r\n"
	second := h.keptPost("good", last+sized(body), body)
	for name, first := range map[string]string{
		"CL and TE":       h.keptPost("good", sized(body)+te, chunked(body)),
		"TE and CL":       h.keptPost("good", te+sized(body), chunked(body)),
		"TE and short CL": h.keptPost("good", te+"Content-Length: 3\r\n", chunked(body)),
		"TE, bad token":   h.keptPost("bad", te+sized(body), chunked(body)),
	} {
		if ran, got := h.pipeline(t, first, second); ran > 1 || strings.Count(got, "HTTP/1.1 ") != 1 || !strings.Contains(got, "\r\nConnection: close\r\n") {
			t.Errorf("%s: ran %d: %s", name, ran, got)
		}
	}
	// The twin: both requests have one end, which everybody sees.
	if ran, got := h.pipeline(t, h.keptPost("good", sized(body), body), second); ran != 2 || strings.Count(got, "HTTP/1.1 200 ") != 2 {
		t.Errorf("two requests: ran %d: %s", ran, got)
	}
	if ran, got := h.pipeline(t, h.keptPost("good", te, chunked(body))); ran != 1 || !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Errorf("chunked: ran %d: %s", ran, got)
	}
}

func TestH17_BadlyFramedBodies(t *testing.T) {
	h := start(t)
	body := callBody("allowed")
	const te = "Transfer-Encoding: chunked\r\n"
	second := h.keptPost("good", last+sized(body), body)
	for name, first := range map[string]string{
		"bare LF":       h.keptPost("good", te, strings.ReplaceAll(chunked(body), "\r\n", "\n")),
		"size too low":  h.keptPost("good", te, strings.Replace(chunked(body), fmt.Sprintf("%x", len(body)), fmt.Sprintf("%x", len(body)-2), 1)),
		"negative size": h.keptPost("good", te, "-"+chunked(body)),
		"0x":            h.keptPost("good", te, "0x"+chunked(body)),
		"huge size":     h.keptPost("good", te, "fffffffffffffffff\r\n"+body),
	} {
		ran, got := h.pipeline(t, first, second)
		if ran != 0 || strings.Count(got, "HTTP/1.1 ") != 1 || !strings.HasPrefix(got, "HTTP/1.1 400 ") || h.gate.last().reason != "body_framing" {
			t.Errorf("%s: ran %d, %s: %s", name, ran, h.gate.last().reason, got)
		}
	}
	if ran, got := h.pipeline(t, h.keptPost("good", te, chunked(body))); ran != 1 || !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Errorf("twin: ran %d: %s", ran, got)
	}
}

// A refusal that comes before the body does not wait for a body that never comes.
func TestF04_ARefusalDoesNotWaitForTheBody(t *testing.T) {
	h := start(t)
	body := callBody("allowed")
	conn := h.dial(t)
	if _, err := io.WriteString(conn, h.keptPost("bad", sized(body), body[:1])); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(15 * time.Second)) // less than any other limit that would end it
	if got, err := io.ReadAll(conn); err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 401 ") {
		t.Errorf("%v: %s", err, got)
	}
	// The twin: with the body there, the connection is kept for a good request.
	if ran, got := h.pipeline(t, h.keptPost("bad", sized(body), body), h.keptPost("good", last+sized(body), body)); ran != 1 ||
		strings.Count(got, "HTTP/1.1 401 ") != 1 || strings.Count(got, "HTTP/1.1 200 ") != 1 {
		t.Errorf("twin: ran %d: %s", ran, got)
	}
}

// A method that the router does not know is refused by the same checks, in the
// same order.
func TestH11_UnknownMethodsAreCheckedLikeOthers(t *testing.T) {
	h := start(t)
	for _, method := range []string{"post", "PROPFIND", "PATCH", "GET"} {
		r := h.request(callBody("allowed"))
		r.Method = method
		h.refused(t, r, 405, -32600)

		r = h.request(callBody("allowed"))
		r.Method = method
		set("Authorization")(r)
		if a := h.refused(t, r, 401, 401); a.header.Get("WWW-Authenticate") == "" || a.header.Get("Allow") != "" {
			t.Errorf("%s without a token: %v", method, a.header)
		}

		r = h.request(callBody("allowed"))
		r.Method = method
		set("Origin", "https://evil.example")(r)
		h.refused(t, r, 403, 403)
	}
	h.accepted(t, h.request(callBody("allowed")))
}
