package transport

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// FuzzHeaderText: a decoded header is UTF-8, and what mcp-go's client encodes
// comes back.
func FuzzHeaderText(f *testing.F) {
	for _, seed := range []string{"plain", "=?base64?YQ==?=", "=?base64??=", "=?base64?=", "=?base64?/w==?=", "世界", " padded ", "=?base64?!?=", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, ok := headerText([]string{s}); ok && !utf8.ValidString(got) {
			t.Fatalf("%q gives %q", s, got)
		}
		encoded, ok := mcp.EncodeHeaderValue(s)
		if !ok || !utf8.ValidString(s) {
			return
		}
		if got, ok := headerText([]string{encoded}); !ok || got != s {
			t.Fatalf("%q encoded as %q comes back as %q, %v", s, encoded, got, ok)
		}
		body, err := json.Marshal(s)
		if err != nil || !sameParam([]string{encoded}, body) {
			t.Fatalf("%q is not the same as %s", encoded, body)
		}
	})
}

// The strict reader leaves mcp-go nothing to call an invalid request. Should it
// find something, its text stays inside all the same.
func TestInvalidRequestOfMCPGoIsReplaced(t *testing.T) {
	msg := &message.Message{ID: json.RawMessage("7"), Method: "tools/call"}
	c := &call{request: &request{msg: msg}, session: newSession(t.Context(), &Pass{}, msg)}
	got := c.failed(t.Context(), mcp.JSONRPCErrorDetails{Code: mcp.INVALID_REQUEST, Message: "secret"})
	want := `{"jsonrpc":"2.0","id":7,"error":{"code":-32600,"message":"invalid request"}}`
	if got.status != http.StatusBadRequest || string(got.body) != want {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestMalformedOtherError(t *testing.T) {
	if got := malformed(errors.New("x")); got.Status != http.StatusInternalServerError {
		t.Errorf("%+v", got)
	}
}

func TestRefusals(t *testing.T) {
	if got := Unavailable(0, "x"); got.RetryAfter != time.Second {
		t.Errorf("%+v", got)
	}
	if got := Denied("x:y").Error(); got == "" {
		t.Error("no text")
	}
}

func TestInteger(t *testing.T) {
	for in, want := range map[string]string{
		"42": "42", "42.0": "42", "42.": "42", "-7.00": "-7", "007": "7", "0": "0", "-0": "0", "-0.0": "0",
		"": "", "-": "", "1.5": "", "1e2": "", "+1": "", "--1": "", "1.0.0": "", ".0": "", "0x1": "", "NaN": "",
	} {
		if got := integer(in); got != want {
			t.Errorf("integer(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestCallsAreForgotten: the map of callers has an entry only for those with
// something running.
func TestCallsAreForgotten(t *testing.T) {
	l, err := NewLimits(Quotas{Calls: 2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		first, why := l.enter(authz.Principal{Subject: strconv.Itoa(i)})
		if why != nil {
			t.Fatal(why.Reason)
		}
		first.share()
		second, why := l.enter(authz.Principal{Subject: strconv.Itoa(i)})
		if why != nil {
			t.Fatal(why.Reason)
		}
		if _, why := l.enter(authz.Principal{Subject: "one more"}); why == nil || len(l.running) != 1 {
			t.Fatalf("%d callers with two requests running", len(l.running))
		}
		second.leave()
		second.leave()
		first.leave()
		first.leave()
		if len(l.running) != 1 {
			t.Fatal("a caller whose handler runs was forgotten")
		}
		first.returned()
		if len(l.running) != 0 || l.Calls() != (CallStats{}) {
			t.Fatalf("%d callers with nothing running, %+v", len(l.running), l.Calls())
		}
	}
}
