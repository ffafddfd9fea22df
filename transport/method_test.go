package transport_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestH11_Methods(t *testing.T) {
	h := start(t)
	var list []defect
	for _, method := range []string{
		"GET", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS", "TRACE", "post", "Post", "POSTS", "POS", "PROPFIND", "MOVE", "LINK", "QUERY",
		"PURGE", "BREW", "PRI", "SEARCH", "M-SEARCH", "X",
	} {
		list = append(list, defect{method, func(r *http.Request) { r.Method = method }, 405, -32600})
	}
	h.defects(t, callBody("allowed"), list)
	t.Run("after the token", func(t *testing.T) {
		r := h.request("")
		r.Method = "GET"
		set("Authorization")(r)
		h.refused(t, r, 401, 401)
	})
	t.Run("Allow", func(t *testing.T) {
		r := h.request("")
		r.Method = "GET"
		if a := h.refused(t, r, 405, -32600); a.header.Get("Allow") != "POST" {
			t.Errorf("Allow %q", a.header.Get("Allow"))
		}
	})
	t.Run("unknown method elsewhere", func(t *testing.T) {
		r := h.request("")
		r.Method, r.URL.Path = "PROPFIND", "/x"
		h.refused(t, r, 404, -32600)
		r.URL.Path = "/.well-known/oauth-protected-resource"
		if a := h.refused(t, r, 405, -32600); a.header.Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("Allow %q", a.header.Get("Allow"))
		}
	})
}

// overrides are ways of other frameworks to send another method than the one in the
// request line.
func overrides(method string) map[string]func(*http.Request) {
	all := map[string]func(*http.Request){
		"_method":         func(r *http.Request) { r.URL.RawQuery = "_method=" + method },
		"X-HTTP-Method":   func(r *http.Request) { r.URL.RawQuery = "X-HTTP-Method-Override=" + method },
		"$method":         func(r *http.Request) { r.URL.RawQuery = "$method=" + method },
		"all in a header": set("X-Http-Method-Override", method, method),
	}
	for _, name := range []string{
		"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-Method", "X-Forwarded-Method", "Method", "X-Rewrite-Method",
	} {
		all[name] = set(name, method)
	}
	return all
}

// TestH11_Overrides: the method is that of the request line. A GET does not become a
// POST, and a POST nothing else.
func TestH11_Overrides(t *testing.T) {
	h := start(t)
	for name, override := range overrides("POST") {
		t.Run(name, func(t *testing.T) {
			r := h.request(callBody("allowed"))
			r.Method = "GET"
			override(r)
			h.refused(t, r, 405, -32600)
			r = h.request(callBody("allowed"))
			override(r)
			h.accepted(t, r)
		})
	}
	for name, override := range overrides("DELETE") {
		t.Run("DELETE by "+name, func(t *testing.T) {
			r := h.request(callBody("allowed"))
			override(r)
			h.accepted(t, r)
		})
	}
	for _, name := range []string{"X-Original-Url", "X-Rewrite-Url", "X-Forwarded-Path", "X-Forwarded-Prefix", "X-Forwarded-Uri"} {
		t.Run(name, func(t *testing.T) {
			r := h.request(callBody("allowed"))
			r.URL.Path = "/x"
			set(name, "/mcp")(r)
			h.refused(t, r, 404, -32600)
			r = h.request(callBody("allowed"))
			set(name, "/x")(r)
			h.accepted(t, r)
		})
	}
}

// TestH11_OnTheWire sends what no client of net/http can. TRACE shows nothing of what
// was sent, CONNECT connects to nothing, and OPTIONS * is answered by the handler.
func TestH11_OnTheWire(t *testing.T) {
	h := start(t)
	body := callBody("allowed")
	host := "Host: " + h.host + "\r\n"
	for line, status := range map[string]string{
		"TRACE /mcp": "405", "TRACE /": "404", "TRACE *": "404", "CONNECT /mcp": "405", "CONNECT " + h.host: "404", "CONNECT evil.example:443": "403",
		"OPTIONS *": "404", "OPTIONS /mcp": "405", "GET *": "404", "post /mcp": "405", "POST\u017f /mcp": "400", "PO ST /mcp": "400", "@POST /mcp": "400",
		"HEAD /mcp": "405", "PRI /mcp": "405", "PRI *": "404",
	} {
		ran, records := h.ran.Load(), h.gate.count()
		got := h.raw(t, h.rawPost(line+" HTTP/1.1", host, body, "X-Canary: s3cret"))
		if !strings.HasPrefix(got, "HTTP/1.1 "+status+" ") || h.ran.Load() != ran || strings.Contains(got, "s3cret") || strings.Contains(got, "good") {
			t.Errorf("%s: want %s: %s", line, status, got)
		}
		recorded := h.gate.count() - records
		if recorded != map[bool]int{true: 0, false: 1}[status == "400"] {
			t.Errorf("%s: %d records", line, recorded)
		}
	}
	ran := h.ran.Load()
	if got := h.raw(t, h.rawPost("POST /mcp HTTP/1.1", host, body)); !strings.HasPrefix(got, "HTTP/1.1 200 ") || h.ran.Load() != ran+1 {
		t.Errorf("twin: %s", got)
	}
}
