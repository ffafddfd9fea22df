package transport

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/transport/message"
)

// mirrored checks the headers that repeat parts of the body for intermediaries
// (MCP 2026-07-28, "Streamable HTTP", "Server Validation"). Something in front
// of this server may have routed or judged the request by them, so they must
// say what the body says. Nothing is ever decided by a header here.
func mirrored(h http.Header, msg *message.Message) *Refusal {
	method := h.Values(mcp.HeaderMethod)
	if !mirrors(h, msg) {
		return nil
	}
	if len(method) != 1 || method[0] != msg.Method {
		return mismatch("Mcp-Method is missing, repeated or not the method of the body")
	}
	switch msg.Method {
	case "tools/call", "prompts/get", "resources/read":
		if name, ok := headerText(h.Values(mcp.HeaderName)); !ok || name != msg.Name {
			return mismatch("Mcp-Name is missing, repeated, badly encoded or not the name in the body")
		}
	}
	return nil
}

// Mirror checks the headers of a request that repeat arguments of a tool, given the bindings of the tool: the full name of
// a header ("Mcp-Param-Region") and the path of the property in the arguments. The result is nil if they agree. What a
// tool binds is known to the [Gate] only, and whether the caller may learn it, so it is the Gate that asks.
type Mirror func(bindings map[string][]string) *Refusal

func newMirror(h http.Header, msg *message.Message) Mirror {
	return func(bindings map[string][]string) *Refusal {
		if len(bindings) == 0 || !mirrors(h, msg) {
			return nil
		}
		for name, path := range bindings {
			if !sameParam(h.Values(name), msg.ArgumentAt(path)) {
				return mismatch(name + " is missing, repeated, badly encoded or not the value in the body")
			}
		}
		return nil
	}
}

// mirrors reports whether headers have to repeat parts of the body. Older revisions have no such headers; whoever sends
// one must not lie.
func mirrors(h http.Header, msg *message.Message) bool {
	if !msg.Older() {
		return true
	}
	for name := range h {
		if name == mcp.HeaderMethod || name == mcp.HeaderName || strings.HasPrefix(name, paramPrefix) {
			return true
		}
	}
	return false
}

// The marks of a Base64 encoded header value ("Value Encoding").
const (
	encodedPrefix = "=?base64?"
	encodedSuffix = "?="
)

// headerText returns the text of a header that was sent exactly once, decoded.
func headerText(values []string) (string, bool) {
	if len(values) != 1 || strings.ContainsFunc(values[0], func(r rune) bool { return r != '\t' && (r < ' ' || r > '~') }) {
		return "", false
	}
	inner, ok := strings.CutPrefix(values[0], encodedPrefix)
	if !ok {
		return values[0], true
	}
	inner, ok = strings.CutSuffix(inner, encodedSuffix)
	if !ok {
		return values[0], true
	}
	decoded, err := base64.StdEncoding.Strict().DecodeString(inner)
	return string(decoded), err == nil && utf8.Valid(decoded)
}

// sameParam reports whether a parameter header says what the body says. A
// value that is absent or null has no header; any other has exactly one.
func sameParam(values []string, body json.RawMessage) bool {
	if body == nil || string(body) == "null" {
		return len(values) == 0
	}
	header, ok := headerText(values)
	if !ok {
		return false
	}
	if text, ok := message.Text(body); ok {
		return header == text
	}
	return header == string(body) || integer(header) != "" && integer(header) == integer(string(body))
}

// integer returns the one spelling of an integer that is written in decimal,
// with a fraction of zeros or without, and "" for anything else: 42, 42.0 and
// 42.00 are equal, as the specification asks for.
func integer(s string) string {
	digits, negative := strings.CutPrefix(s, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if whole == "" || strings.Trim(whole, "0123456789") != "" || strings.Trim(fraction, "0") != "" {
		return ""
	}
	whole = strings.TrimLeft(whole, "0")
	switch {
	case whole == "":
		return "0"
	case negative:
		return "-" + whole
	}
	return whole
}
