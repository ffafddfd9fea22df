package transport_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/transport"
)

const te = "Transfer-Encoding: chunked\r\n"

// smuggles sends first with a good request right behind it, on one connection. What
// follows first must not run, must have no answer, and the connection is closed.
// It returns what first got.
func (h *harness) smuggles(t *testing.T, name, first string, mayRun int64) string {
	t.Helper()
	body := callBody("allowed")
	ran, got := h.pipeline(t, first, h.keptPost("good", last+sized(body), body))
	if ran > mayRun || strings.Count(got, "HTTP/1.") > 1 {
		t.Errorf("%s: %d ran, at most %d may: %s", name, ran, mayRun, got)
	}
	return got
}

// followed is the twin of smuggles: both requests have one reading, and both run.
func (h *harness) followed(t *testing.T, name, first string) {
	t.Helper()
	body := callBody("allowed")
	if ran, got := h.pipeline(t, first, h.keptPost("good", last+sized(body), body)); ran != 2 || strings.Count(got, " 200 OK\r\n") != 2 {
		t.Errorf("%s: %d ran: %s", name, ran, got)
	}
}

// TestH17_Lengths: a length that two readers may read differently is refused.
func TestH17_Lengths(t *testing.T) {
	h := start(t)
	body := callBody("allowed")
	n := len(body)
	for name, lines := range map[string]string{
		"two CLs":       sized(body) + "Content-Length: 5\r\n",
		"two CLs, less": "Content-Length: 5\r\n" + sized(body),
		"list":          fmt.Sprintf("Content-Length: %d, 5\r\n", n),
		"same list":     fmt.Sprintf("Content-Length: %d, %d\r\n", n, n),
		"plus":          fmt.Sprintf("Content-Length: +%d\r\n", n),
		"minus":         fmt.Sprintf("Content-Length: -%d\r\n", n),
		"hexadecimal":   fmt.Sprintf("Content-Length: 0x%x\r\n", n),
		"float":         fmt.Sprintf("Content-Length: %d.0\r\n", n),
		"exponent":      "Content-Length: 1e2\r\n",
		"underscore":    "Content-Length: 1_0\r\n",
		"inner space":   "Content-Length: 1 0\r\n",
		"empty":         "Content-Length: \r\n",
		"word":          "Content-Length: chunked\r\n",
		"quoted":        fmt.Sprintf("Content-Length: \"%d\"\r\n", n),
		"huge":          "Content-Length: 99999999999999999999\r\n",
		"full-width":    "Content-Length: \uff11\uff10\r\n",
		"NUL":           fmt.Sprintf("Content-Length: %d\x00\r\n", n),
		"vertical tab":  fmt.Sprintf("Content-Length: \x0b%d\r\n", n),
		"bare CR":       fmt.Sprintf("Content-Length: %d\rX: y\r\n", n),
		"name, space":   fmt.Sprintf("Content-Length : %d\r\n", n),
		"name, NUL":     fmt.Sprintf("Content-Length\x00: %d\r\n", n),
	} {
		if got := h.smuggles(t, name, h.keptPost("good", lines, body), 0); !strings.HasPrefix(got, "HTTP/1.1 400 ") {
			t.Errorf("%s: %s", name, got)
		}
	}
	for name, lines := range map[string]string{
		"one": sized(body), "lower case": strings.ToLower(sized(body)), "spaces": fmt.Sprintf("Content-Length: \t %d \t\r\n", n),
		"leading zeros": fmt.Sprintf("Content-Length: 000%d\r\n", n), "the same twice": sized(body) + sized(body),
	} {
		h.followed(t, name, h.keptPost("good", lines, body))
	}
}

// TestH17_Codings: a transfer coding that is not exactly chunked is refused, and
// with it whatever its body may be.
func TestH17_Codings(t *testing.T) {
	h := start(t)
	body := callBody("allowed")
	for name, lines := range map[string]string{
		"gzip":               "Transfer-Encoding: gzip\r\n",
		"gzip, chunked":      "Transfer-Encoding: gzip, chunked\r\n",
		"chunked, gzip":      "Transfer-Encoding: chunked, gzip\r\n",
		"chunked, identity":  "Transfer-Encoding: chunked, identity\r\n",
		"identity":           "Transfer-Encoding: identity\r\n",
		"twice in a line":    "Transfer-Encoding: chunked, chunked\r\n",
		"two lines":          te + te,
		"two kinds":          te + "Transfer-Encoding: identity\r\n",
		"xchunked":           "Transfer-Encoding: xchunked\r\n",
		"chunkedx":           "Transfer-Encoding: chunkedx\r\n",
		"parameter":          "Transfer-Encoding: chunked;q=1\r\n",
		"comma before":       "Transfer-Encoding: ,chunked\r\n",
		"comma behind":       "Transfer-Encoding: chunked,\r\n",
		"quoted":             "Transfer-Encoding: \"chunked\"\r\n",
		"empty":              "Transfer-Encoding: \r\n",
		"vertical tab":       "Transfer-Encoding: \x0bchunked\r\n",
		"vertical tab after": "Transfer-Encoding: chunked\x0b\r\n",
		"NUL":                "Transfer-Encoding: chunked\x00\r\n",
		"bare CR":            "Transfer-Encoding: chunked\rX: y\r\n",
		"name, space":        "Transfer-Encoding : chunked\r\n",
		"name, tab":          "Transfer-Encoding\t: chunked\r\n",
		"name, NUL":          "Transfer-Encoding\x00: chunked\r\n",
	} {
		for kind, length := range map[string]string{"": "", " and a length": sized(body)} {
			for _, sent := range []string{body, chunked(body)} {
				got := h.smuggles(t, name+kind, h.keptPost("good", lines+length, sent), 0)
				if !strings.HasPrefix(got, "HTTP/1.1 400 ") && !strings.HasPrefix(got, "HTTP/1.1 501 ") {
					t.Errorf("%s%s: %s", name, kind, got)
				}
			}
		}
	}
	for name, lines := range map[string]string{"chunked": te, "upper case": strings.ToUpper(te), "spaces": "Transfer-Encoding: \t chunked \t\r\n"} {
		if got := h.smuggles(t, name, h.keptPost("good", lines, chunked(body)), 1); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
			t.Errorf("%s, twin: %s", name, got)
		}
	}
}

// TestH17_Chunks: chunks that are not as the grammar has them are refused. What they
// may have (extensions, a trailer) is dropped, and nothing may follow it.
func TestH17_Chunks(t *testing.T) {
	h := start(t)
	body := callBody("allowed")
	size := fmt.Sprintf("%x", len(body))
	good := chunked(body)
	for name, sent := range map[string]string{
		"bare LF after the size":    strings.Replace(good, size+"\r\n", size+"\n", 1),
		"bare CR after the size":    strings.Replace(good, size+"\r\n", size+"\r", 1),
		"bare LF after the data":    strings.Replace(good, body+"\r\n", body+"\n", 1),
		"LF in an extension":        strings.Replace(good, size, size+";x\ny", 1),
		"CR in an extension":        strings.Replace(good, size, size+";x\ry", 1),
		"nothing after the data":    strings.Replace(good, body+"\r\n", body, 1),
		"two bytes after the data":  strings.Replace(good, body+"\r\n", body+"xx", 1),
		"empty size":                strings.Replace(good, size, "", 1),
		"space before the size":     " " + good,
		"plus":                      "+" + good,
		"underscore":                strings.Replace(good, size, size[:1]+"_"+size[1:], 1),
		"0x":                        "0x" + good,
		"17 digits":                 strings.Repeat("0", 17-len(size)) + good,
		"size of more than 64 bits": strings.Replace(good, size, "1000000000000000"+size, 1),
		"long extension":            strings.Replace(good, size, size+";"+strings.Repeat("x", 8<<10), 1),
		"header in the trailer":     strings.Replace(good, "0\r\n\r\n", "0\r\nX y\r\n\r\n", 1),
	} {
		got := h.smuggles(t, name, h.keptPost("good", te, sent), 0)
		if !strings.HasPrefix(got, "HTTP/1.1 400 ") || h.gate.last().reason != "body_framing" {
			t.Errorf("%s, %s: %.300s", name, h.gate.last().reason, got)
		}
	}
	for name, sent := range map[string]string{
		"as it is": good, "extension": strings.Replace(good, size, size+";x=y", 1), "quoted": strings.Replace(good, size, size+`;x="y;z"`, 1),
		"space": strings.Replace(good, size, size+" ", 1), "zeros": "00" + good, "upper case": strings.Replace(good, size, strings.ToUpper(size), 1),
		"trailer": strings.Replace(good, "0\r\n\r\n", "0\r\nX: y\r\n\r\n", 1), "two chunks": "1\r\n{\r\n" + chunked(body[1:]),
	} {
		if got := h.smuggles(t, name, h.keptPost("good", te, sent), 1); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
			t.Errorf("%s, twin: %s", name, got)
		}
	}
}

// TestH17_Trailers: what comes behind the body cannot be what the decision was
// about. A token, a host, a length there are nothing.
func TestH17_Trailers(t *testing.T) {
	h := start(t)
	body := callBody("allowed")
	trailing := func(lines string) string { return strings.TrimSuffix(chunked(body), "\r\n") + lines + "\r\n" }
	withoutToken := strings.Replace(h.keptPost("good", te+"Trailer: Authorization\r\n", ""), "Authorization: Bearer good\r\n", "", 1)
	if got := h.smuggles(t, "token in the trailer", withoutToken+trailing("Authorization: Bearer good\r\n"), 0); !strings.HasPrefix(got, "HTTP/1.1 401 ") {
		t.Errorf("token in the trailer: %s", got)
	}
	h.smuggles(t, "bad token, good one in the trailer", h.keptPost("bad", te, trailing("Authorization: Bearer good\r\n")), 0)
	if got := h.smuggles(t, "another in the trailer", h.keptPost("good", te, trailing("Authorization: Bearer bad\r\nHost: evil.example\r\n")), 1); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Errorf("twin: %s", got)
	}
	for _, forbidden := range []string{"Content-Length", "Transfer-Encoding", "Trailer"} {
		got := h.smuggles(t, forbidden, h.keptPost("good", te+"Trailer: "+forbidden+"\r\n", chunked(body)), 0)
		if !strings.HasPrefix(got, "HTTP/1.1 400 ") {
			t.Errorf("%s announced: %s", forbidden, got)
		}
	}
}

// TestH17_RequestLines: what is no request line of HTTP/1 is no request.
func TestH17_RequestLines(t *testing.T) {
	h := start(t)
	body := callBody("allowed")
	good := h.keptPost("good", sized(body), body)
	const line = "POST /mcp HTTP/1.1\r\n"
	for name, other := range map[string]string{
		"HTTP/0.9":           "POST /mcp\r\n",
		"HTTP/0.9, a GET":    "GET /mcp\r\n",
		"HTTP/1":             "POST /mcp HTTP/1\r\n",
		"HTTP/1.10":          "POST /mcp HTTP/1.10\r\n",
		"HTTP/01.1":          "POST /mcp HTTP/01.1\r\n",
		"HTTP/2.0":           "POST /mcp HTTP/2.0\r\n",
		"HTTP/3.0":           "POST /mcp HTTP/3.0\r\n",
		"HTTP/0.9 named":     "POST /mcp HTTP/0.9\r\n",
		"lower case":         "POST /mcp http/1.1\r\n",
		"HTTPS":              "POST /mcp HTTPS/1.1\r\n",
		"no version":         "POST /mcp \r\n",
		"trailing space":     "POST /mcp HTTP/1.1 \r\n",
		"two spaces":         "POST  /mcp HTTP/1.1\r\n",
		"two spaces behind":  "POST /mcp  HTTP/1.1\r\n",
		"tabs":               "POST\t/mcp\tHTTP/1.1\r\n",
		"leading space":      " POST /mcp HTTP/1.1\r\n",
		"no method":          " /mcp HTTP/1.1\r\n",
		"method with a NUL":  "PO\x00ST /mcp HTTP/1.1\r\n",
		"method with a CR":   "PO\rST /mcp HTTP/1.1\r\n",
		"method in brackets": "(POST) /mcp HTTP/1.1\r\n",
		"response":           "HTTP/1.1 200 OK\r\n",
		"empty":              "\r\n",
		"TLS":                "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
		"NUL":                "\x00" + line,
		"byte order mark":    "\ufeff" + line,
		"CR before the LF":   "POST /mcp HTTP/1.1\r\r\n",
		"host without value": line + "Host:\r\n",
		"two hosts":          line + "Host: evil.example\r\n",
	} {
		got := h.smuggles(t, name, other+strings.TrimPrefix(good, line), 0)
		if !strings.HasPrefix(got, "HTTP/1.1 400 ") && !strings.HasPrefix(got, "HTTP/1.1 505 ") {
			t.Errorf("%s: %.100q", name, got)
		}
	}
	h.followed(t, "twin", good)
}

// TestH17_Lines: a header line with a byte that may end it for another reader is
// refused. One that goes on in the next line (obs-fold) is read as RFC 9112, section
// 5.2, has it, with a space between, by whoever decides about it too.
func TestH17_Lines(t *testing.T) {
	h := start(t)
	body := callBody("allowed")
	for name, lines := range map[string]string{
		"NUL": "X: a\x00b\r\n", "bare CR": "X: a\rY: b\r\n", "CR CR LF": "X: a\r\r\n", "no colon": "X\r\n", "no name": ": a\r\n", "space in the name": "X Y: a\r\n",
		"space before the colon": "X : a\r\n", "control": "X: a\x01b\r\n", "delete": "X: a\x7fb\r\n", "escape": "X: \x1b[2J\r\n", "form feed": "X: a\x0cb\r\n",
		"name in brackets": "(X): a\r\n", "name with a NUL": "X\x00Y: a\r\n", "name not of ASCII": "\xc3\xa9: a\r\n",
	} {
		if got := h.smuggles(t, name, h.keptPost("good", lines+sized(body), body), 0); !strings.HasPrefix(got, "HTTP/1.1 400 ") {
			t.Errorf("%s: %s", name, got)
		}
	}
	h.followed(t, "twin", h.keptPost("good", "X: a\tb \xc3\xa9\r\n"+sized(body), body))

	good := h.keptPost("good", sized(body), body)
	fold := func(from, to string) string { return strings.Replace(good, from, to, 1) }
	for name, first := range map[string]string{
		"H-02 fold in the token":    fold("Bearer good", "Bearer go\r\n od"),
		"H-02 second token, folded": fold("Bearer good", "Bearer good\r\n Bearer bad"),
		"H-02 fold after a space":   fold("Bearer good", "Bearer go \r\n\tod"),
	} {
		if ran, got := h.pipeline(t, first, h.keptPost("bad", last, "")); ran != 0 || !strings.HasPrefix(got, "HTTP/1.1 401 ") {
			t.Errorf("%s: %d ran: %s", name, ran, got)
		}
	}
	folded := fmt.Sprintf("Content-Length:\r\n %d\r\n", len(body))
	h.followed(t, "folded length", h.keptPost("good", folded, body))
	h.smuggles(t, "folded coding with a length", h.keptPost("good", "Transfer-Encoding:\r\n chunked\r\n"+sized(body), chunked(body)), 1)
	// A line that ends in LF alone is a line, to whoever decides too: what hides behind
	// one from somebody in front is two lengths, or a coding that ends the connection.
	h.smuggles(t, "length behind a LF", h.keptPost("good", "X: a\nContent-Length: 3\r\n"+sized(body), body), 0)
	h.smuggles(t, "coding behind a LF", h.keptPost("good", "X: a\n"+te+sized(body), chunked(body)), 1)
	if got := h.smuggles(t, "token behind a LF", h.keptPost("good", "X: a\nAuthorization: Bearer bad\r\n"+last+sized(body), body), 0); !strings.HasPrefix(got, "HTTP/1.1 401 ") {
		t.Errorf("token behind a LF: %s", got)
	}
	h.followed(t, "LF alone, twin", strings.ReplaceAll(h.keptPost("good", sized(body), ""), "\r\n", "\n")+body)
	h.smuggles(t, "length in a fold", h.keptPost("good", "X: a\r\n Content-Length: 3\r\n"+te, chunked(body)), 1)
}

// TestH17_OlderHTTP: HTTP/1.0 has no chunks, and net/http drops a Transfer-Encoding
// there without a word, which somebody in front may have followed. Nothing comes after
// such a request (RFC 9112, section 6.1).
func TestH17_OlderHTTP(t *testing.T) {
	h := start(t)
	body := callBody("allowed")
	older := func(lines, sent string) string {
		return strings.Replace(h.keptPost("good", "Connection: keep-alive\r\n"+lines, sent), "HTTP/1.1", "HTTP/1.0", 1)
	}
	for name, first := range map[string]string{
		"TE and CL":          older(te+sized(body), body),
		"TE and CL, chunked": older(te+"Content-Length: 5\r\n", chunked(body)),
		"TE":                 older(te, chunked(body)),
		"no length":          older("", body),
		"keep-alive":         older(sized(body), body),
		"CL and TE in HTTP/1.0 of a bad token": strings.Replace(older(te+sized(body), body),
			"Bearer good", "Bearer bad", 1),
	} {
		h.smuggles(t, name, first, 1)
	}
	if ran, got := h.pipeline(t, older(sized(body), body)); ran != 1 || !strings.HasPrefix(got, "HTTP/1.0 200 ") {
		t.Errorf("twin: %d ran: %s", ran, got)
	}
}

// TestH17_InAServerOfSomebodyElse: the connection is closed after such requests in a
// server that NewHTTPServer did not make, too.
func TestH17_InAServerOfSomebodyElse(t *testing.T) {
	h := start(t)
	handler, err := transport.New(h.config)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	body := callBody("allowed")
	good := h.keptPost("good", sized(body), body)
	second := h.keptPost("good", last+sized(body), body)
	for name, first := range map[string]string{
		"CL and TE":           h.keptPost("good", te+sized(body), chunked(body)),
		"HTTP/1.0, CL and TE": strings.Replace(h.keptPost("good", "Connection: keep-alive\r\n"+te+sized(body), body), "HTTP/1.1", "HTTP/1.0", 1),
	} {
		ran := h.ran.Load()
		if got := rawTo(t, server.Listener.Addr().String(), first+second); h.ran.Load() != ran+1 || strings.Count(got, "HTTP/1.") != 1 {
			t.Errorf("%s: %d ran: %s", name, h.ran.Load()-ran, got)
		}
	}
	ran := h.ran.Load()
	if got := rawTo(t, server.Listener.Addr().String(), good+second); h.ran.Load() != ran+2 {
		t.Errorf("twin: %s", got)
	}
}

// TestH17_Upgrades: nothing of what a client asks to change the protocol to is
// spoken, and what comes next is HTTP or nothing.
func TestH17_Upgrades(t *testing.T) {
	h := start(t)
	body := callBody("allowed")
	for _, protocol := range []string{"h2c", "h2", "websocket", "TLS/1.3", "HTTP/2.0", "HTTP/3", "x"} {
		lines := "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: " + protocol + "\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n" +
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
		h.followed(t, protocol, h.keptPost("good", lines+sized(body), body))
		if ran, got := h.pipeline(t, h.keptPost("bad", lines+last+sized(body), body)); ran != 0 || !strings.HasPrefix(got, "HTTP/1.1 401 ") {
			t.Errorf("%s without a good token: %s", protocol, got)
		}
	}
}

// TestH17_Expect: a body that nobody will read is not asked for.
func TestH17_Expect(t *testing.T) {
	h := start(t)
	body := callBody("allowed")
	const expect = "Expect: 100-continue\r\n"
	for name, first := range map[string]string{
		"401 ": h.keptPost("bad", expect+sized(body), ""),
		"403 ": strings.Replace(h.keptPost("good", expect+sized(body), ""), "Host: "+h.host, "Host: evil.example", 1),
		"404 ": strings.Replace(h.keptPost("good", expect+sized(body), ""), "/mcp", "/x", 1),
		"405 ": strings.Replace(h.keptPost("good", expect+sized(body), ""), "POST", "PUT", 1),
		"406 ": h.keptPost("good", "Accept: text/html\r\n"+expect+sized(body), ""),
		"413 ": h.keptPost("good", expect+"Content-Length: 99999999\r\n", ""),
		"415 ": h.keptPost("good", "Content-Encoding: gzip\r\n"+expect+sized(body), ""),
		"417 ": h.keptPost("good", "Expect: 200-ok\r\n"+sized(body), ""),
	} {
		if got := h.smuggles(t, name, first, 0); !strings.HasPrefix(got, "HTTP/1.1 "+name) || strings.Contains(got, "100 Continue") {
			t.Errorf("%s: %s", name, got)
		}
	}
	conn := h.dial(t)
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = io.WriteString(conn, h.keptPost("good", expect+last+sized(body), ""))
	in := bufio.NewReader(conn)
	if line, err := in.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("twin: %q %v", line, err)
	}
	_, _ = in.ReadString('\n')
	_, _ = io.WriteString(conn, body)
	response, err := http.ReadResponse(in, nil)
	if err != nil || response.StatusCode != 200 {
		t.Fatalf("twin: %v %v", response, err)
	}
	_ = response.Body.Close()
}
