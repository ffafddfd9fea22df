package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
)

// hostileTexts are what somebody writes who wants another line, another color or another order in a log.
func hostileTexts() []string {
	return []string{
		"a\r\n{\"decision\":\"allow\"}", "\x1b[2J\x1b]0;t\x07", `","decision":"allow","x":"`, "\u202eevil\u2066", "z\u200bw\u200d\ufeff", "\u2028\u2029\u0085",
		"\x00\x7f\u009b2J", "level=ERROR msg=forged", "\U000e0041tag", `\`,
	}
}

// TestL02_NoCallerLeavesALine writes hostile texts wherever a caller can: what comes out in the audit and in the log stays on its line
// and is printable.
func TestL02_NoCallerLeavesALine(t *testing.T) {
	log, out := &moody{}, &moody{}
	f := start(t, func(c *server.Config) {
		c.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		c.Audit, c.Stdout = "stdout", out
	})
	bob := f.as(t, "bob", "echo:use")
	sent := 0
	for _, text := range hostileTexts() {
		quoted, _ := json.Marshal(text)
		header := strings.Map(func(r rune) rune { // what HTTP lets through
			if r < ' ' || r == 0x7f {
				return -1
			}
			return r
		}, text)
		for _, claims := range []map[string]any{
			{"sub": text}, {"client_id": text}, {"jti": text}, {"act": map[string]any{"sub": text}}, {"scope": text}, {"iss": text}, {"aud": text}, {"groups": []string{text}},
		} {
			f.Client(t, f.Token(t, servertest.Caller{Subject: "bob", Claims: claims}, "echo:use")).Call("echo", map[string]any{"text": "x"})
		}
		encode := base64.RawURLEncoding.EncodeToString
		f.Client(t, encode(fmt.Appendf(nil, `{"alg":"RS256","kid":%s,"typ":"at+jwt"}`, quoted))+"."+encode(fmt.Appendf(nil, `{"sub":%s}`, quoted))+".AAAA").Call("echo", nil)
		bob.Call(text, map[string]any{text: text})
		bob.Call("echo", map[string]any{"text": text})
		bob.Call("fails", map[string]any{text: text})
		bob.Call("query", map[string]any{"table": text})
		bob.Read(text)
		bob.Read("user://" + text)
		bob.Read(text + "://x")
		bob.Prompt(text, map[string]string{text: text})
		bob.CompletePrompt(text, text, text)
		bob.SendRaw(http.Header{"Mcp-Method": {header}, "Mcp-Name": {header}}, fmt.Appendf(nil, `{"jsonrpc":"2.0","id":1,"method":%s,"params":{"name":%s}}`, quoted, quoted))
		bob.SendRaw(nil, []byte(text))
		for _, name := range []string{"Mcp-Name", "Mcp-Method", "Mcp-Protocol-Version", "Traceparent", "Origin", "User-Agent", "X-Request-Id", "Accept"} {
			bob.With(name, header).Call("echo", map[string]any{"text": "x"})
		}
		sent += 27
	}
	if resp, err := http.Get(f.URL()[:len(f.URL())-len("/mcp")] + "/%0d%0aforged%1b"); err == nil {
		_ = resp.Body.Close()
	}
	f.Server.Server().Close()
	if stats := f.Server.Server().AuditStats(); stats.Lost != 0 || stats.Decisions < uint64(sent) {
		t.Errorf("%+v for %d requests", stats, sent)
	}
	for line := range bytes.Lines(out.text.Bytes()) {
		var r struct{ Decision, Time string }
		if err := json.Unmarshal(line, &r); err != nil || r.Time == "" || r.Decision != "allow" && r.Decision != "deny" {
			t.Errorf("the audit holds %q: %v", line, err)
		}
	}
	for name, text := range map[string]string{"audit": out.text.String(), "log": log.text.String()} {
		if at := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && (r < ' ' || !unicode.IsPrint(r)) }); at >= 0 {
			t.Errorf("the %s holds %q", name, text[max(0, at-80):min(len(text), at+20)])
		}
	}
	for line := range strings.Lines(log.text.String()) {
		if !strings.HasPrefix(line, "time=") {
			t.Errorf("the log holds a line of its own making: %q", line)
		}
	}
}
