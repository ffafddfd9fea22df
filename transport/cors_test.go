package transport_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

const app = "https://app.example.com"

// withApp allows the pages of app besides the server's own.
func withApp(h *harness) { h.config.Origins = []string{app, "http://" + h.host} }

// preflight is what a browser sends before a page of app calls a tool.
func (h *harness) preflight() *http.Request {
	r, err := http.NewRequest(http.MethodOptions, h.url, nil)
	if err != nil {
		panic(err)
	}
	set("Origin", app)(r)
	set("Access-Control-Request-Method", "POST")(r)
	set("Access-Control-Request-Headers", "authorization,content-type,mcp-method,mcp-name,mcp-protocol-version")(r)
	return r
}

// granted sends a preflight that must be answered without a token being asked
// for and without a record: it is no call, and nothing is decided.
func (h *harness) granted(t *testing.T, r *http.Request) answer {
	t.Helper()
	records, asked := h.gate.count(), h.verifier.count()
	a := send(t, r)
	if a.status != http.StatusNoContent || a.body != "" || h.gate.count() != records || h.verifier.count() != asked {
		t.Errorf("%d %v %q, %d records", a.status, a.header, a.body, h.gate.count()-records)
	}
	return a
}

// cors returns the headers of an answer that are about pages.
func cors(h http.Header) map[string]string {
	got := map[string]string{}
	for name, values := range h {
		if strings.HasPrefix(name, "Access-Control-") || name == "Vary" {
			got[name] = strings.Join(values, " | ")
		}
	}
	return got
}

const corsHeaders = "Authorization, Content-Type, Accept, Mcp-Protocol-Version, Last-Event-ID, Mcp-Method, Mcp-Name, Mcp-Session-Id"

// readable is what makes an answer readable for pages of app.
func readable() map[string]string {
	return map[string]string{
		"Access-Control-Allow-Origin":   app,
		"Access-Control-Expose-Headers": "WWW-Authenticate, Mcp-Session-Id, Retry-After",
		"Vary":                          "Origin",
	}
}

// grant is the whole answer to a preflight of app, with more headers allowed.
func grant(more ...string) map[string]string {
	want := readable()
	want["Vary"] = "Origin | Access-Control-Request-Headers"
	want["Access-Control-Allow-Methods"] = "POST"
	want["Access-Control-Allow-Headers"] = strings.Join(append([]string{corsHeaders}, more...), ", ")
	want["Access-Control-Max-Age"] = "600"
	return want
}

func TestH12_Preflight(t *testing.T) {
	h := start(t, withApp)
	for name, origins := range foreignOrigins(h.host) {
		t.Run(name, func(t *testing.T) {
			r := h.preflight()
			set("Origin", origins...)(r)
			a := h.refused(t, r, 403, 403)
			if diff := cmp.Diff(map[string]string{"Vary": "Origin"}, cors(a.header)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if got := h.gate.last().reason; got != "origin" {
				t.Errorf("reason %q", got)
			}
			a = h.granted(t, h.preflight())
			if diff := cmp.Diff(grant(), cors(a.header)); diff != "" {
				t.Errorf("twin (-want +got)\n%s", diff)
			}
		})
	}
	t.Run("own origin", func(t *testing.T) {
		own := start(t)
		r := own.preflight()
		own.refused(t, r, 403, 403)
		set("Origin", "http://"+own.host)(r)
		if a := own.granted(t, r); a.header.Get("Access-Control-Allow-Origin") != "http://"+own.host {
			t.Errorf("%v", a.header)
		}
	})
}

// Whatever a page asks for, the answer names what the endpoint takes.
func TestPreflightNamesWhatThereIs(t *testing.T) {
	h := start(t, withApp)
	for _, row := range []struct {
		name  string
		spoil func(*http.Request)
		want  map[string]string
	}{
		{"no headers", set("Access-Control-Request-Headers"), grant()},
		{"another method", set("Access-Control-Request-Method", "DELETE"), grant()},
		{"another header", set("Access-Control-Request-Headers", "x-evil"), grant()},
		{"any header", set("Access-Control-Request-Headers", "*"), grant()},
		{"a parameter", set("Access-Control-Request-Headers", "authorization,mcp-param-region"), grant("Mcp-Param-Region")},
		{"a parameter twice", set("Access-Control-Request-Headers", "mcp-param-n, MCP-Param-N ,\tmcp-param-n"), grant("Mcp-Param-N")},
		{"white space", set("Access-Control-Request-Headers", "accept,\tMCP-Param-N ,mcp-name"), grant("Mcp-Param-N")},
		{"two lines", set("Access-Control-Request-Headers", "mcp-param-n", "mcp-param-region"), grant("Mcp-Param-N", "Mcp-Param-Region")},
		{"a parameter of no tool", set("Access-Control-Request-Headers", "mcp-param-secret,mcp-param-,mcp-param-*"), grant()},
		{"private network", set("Access-Control-Request-Private-Network", "true"), grant()},
		{"a token it need not have", set("Authorization", "Bearer bad"), grant()},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := h.preflight()
			row.spoil(r)
			a := h.granted(t, r)
			if diff := cmp.Diff(row.want, cors(a.header)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	t.Run("without ParamHeaderNames", func(t *testing.T) {
		bare := start(t, withApp, func(h *harness) { h.config.ParamHeaderNames = nil })
		r := bare.preflight()
		set("Access-Control-Request-Headers", "mcp-param-region")(r)
		if diff := cmp.Diff(grant(), cors(bare.granted(t, r).header)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// An OPTIONS that no browser sends before a request needs a token like any
// other method, and is not served with one.
func TestH11_OptionsThatIsNoPreflight(t *testing.T) {
	h := start(t, withApp)
	for name, spoil := range map[string]func(*http.Request){
		"no Origin": set("Origin"), "no method": set("Access-Control-Request-Method"), "empty method": set("Access-Control-Request-Method", ""),
	} {
		t.Run(name, func(t *testing.T) {
			r := h.preflight()
			spoil(r)
			h.refused(t, r, 401, 401)
			set("Authorization", "Bearer good")(r)
			if a := h.refused(t, r, 405, -32600); a.header.Get("Access-Control-Allow-Methods") != "" {
				t.Errorf("%v", a.header)
			}
			h.granted(t, h.preflight())
		})
	}
	t.Run("a POST that looks like one", func(t *testing.T) {
		r := h.request(callBody("allowed"))
		set("Origin", app)(r)
		set("Access-Control-Request-Method", "POST")(r)
		h.accepted(t, r)
		set("Authorization")(r)
		h.refused(t, r, 401, 401)
	})
	t.Run("elsewhere", func(t *testing.T) {
		r := h.preflight()
		r.URL.Path = "/x"
		if a := h.refused(t, r, 404, -32600); len(cors(a.header)) != 0 {
			t.Errorf("%v", a.header)
		}
	})
	t.Run("H-13 of another host", func(t *testing.T) {
		r := h.preflight()
		r.Host = "evil.example"
		if a := h.refused(t, r, 403, 403); len(cors(a.header)) != 0 {
			t.Errorf("%v", a.header)
		}
	})
}

// busy is what a limit answers.
func busy(_ context.Context, _ authz.Principal, _ *message.Message) (*transport.Pass, *transport.Refusal) {
	return nil, &transport.Refusal{Status: 429, Code: 429, Message: "too many requests", RetryAfter: 3 * time.Second, Reason: "busy"}
}

// TestEveryAnswerIsReadable sends the same request from a page of an allowed
// origin, which must be able to read the answer whatever it is, from one of
// another, which must not, and from no page.
func TestEveryAnswerIsReadable(t *testing.T) {
	plain := start(t, withApp, func(h *harness) {
		h.tool("steps", progress(2))
		h.config.MaxBody = 4096
	})
	limited := start(t, withApp, func(h *harness) { h.gate.admit = busy })
	same := func(*http.Request) {}
	method := func(m string) func(*http.Request) { return func(r *http.Request) { r.Method = m } }
	for _, row := range []struct {
		name   string
		h      *harness
		body   string
		change func(*http.Request)
		status int
		header string // one that the page must find
	}{
		{"result", plain, callBody("allowed"), same, 200, "Content-Type"},
		{"stream", plain, withMeta(callBody("steps"), `"progressToken":"p"`), same, 200, "X-Accel-Buffering"},
		{"notification", plain, `{"jsonrpc":"2.0","method":"notifications/x"}`, same, 202, ""},
		{"malformed", plain, `{`, same, 400, ""},
		{"header mismatch", plain, callBody("allowed"), set("Mcp-Method", "tools/list"), 400, ""},
		{"unknown tool", plain, callBody("nothing"), same, 400, ""},
		{"no token", plain, callBody("allowed"), set("Authorization"), 401, "WWW-Authenticate"},
		{"no token, GET", plain, "", func(r *http.Request) { r.Method = "GET"; set("Authorization")(r) }, 401, "WWW-Authenticate"},
		{"bad token", plain, callBody("allowed"), set("Authorization", "Bearer bad"), 401, "WWW-Authenticate"},
		{"token in the query", plain, callBody("allowed"), func(r *http.Request) { r.URL.RawQuery = "access_token=x" }, 401, "WWW-Authenticate"},
		{"scope missing", plain, callBody("needs_scope"), same, 403, "WWW-Authenticate"},
		{"policy denies", plain, callBody("forbidden"), same, 403, ""},
		{"unknown method", plain, rpc("nothing/here", ""), same, 404, ""},
		{"GET", plain, "", method("GET"), 405, "Allow"},
		{"DELETE", plain, "", method("DELETE"), 405, "Allow"},
		{"method of no router", plain, "", method("BREW"), 405, "Allow"},
		{"not acceptable", plain, callBody("allowed"), set("Accept", "text/html"), 406, ""},
		{"too large", plain, callBody(strings.Repeat("x", 5000)), same, 413, ""},
		{"no JSON", plain, callBody("allowed"), set("Content-Type", "text/plain"), 415, ""},
		{"too many", limited, callBody("allowed"), same, 429, "Retry-After"},
		{"panic", plain, callBody("allowed"), set("Authorization", "Bearer panic"), 500, ""},
		{"keys out of reach", plain, callBody("allowed"), set("Authorization", "Bearer down"), 503, "Retry-After"},
	} {
		t.Run(row.name, func(t *testing.T) {
			from := func(origins ...string) answer {
				r := row.h.request(row.body)
				set("Origin", origins...)(r)
				row.change(r)
				return send(t, r)
			}
			a := from(app)
			if a.status != row.status || row.header != "" && a.header.Get(row.header) == "" {
				t.Errorf("%d %v %s", a.status, a.header, a.body)
			}
			if diff := cmp.Diff(readable(), cors(a.header)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			for name, a := range map[string]answer{"no page": from(), "another": from("https://evil.example")} {
				if diff := cmp.Diff(map[string]string{"Vary": "Origin"}, cors(a.header)); diff != "" {
					t.Errorf("%s (-want +got)\n%s", name, diff)
				}
				if want := map[string]int{"no page": row.status, "another": 403}[name]; a.status != want {
					t.Errorf("%s: %d, want %d", name, a.status, want)
				}
			}
		})
	}
}

// The metadata is for everybody, and so is the preflight for it.
func TestMetadataPreflight(t *testing.T) {
	h := start(t)
	for _, path := range []string{"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"} {
		r := h.preflight()
		r.URL.Path = path
		set("Origin", "https://anywhere.example")(r)
		want := map[string]string{
			"Access-Control-Allow-Origin":   "*",
			"Access-Control-Expose-Headers": "WWW-Authenticate, Mcp-Session-Id, Retry-After",
			"Access-Control-Allow-Methods":  "GET, HEAD, OPTIONS",
			"Access-Control-Allow-Headers":  "Authorization, Content-Type, Accept, Mcp-Protocol-Version",
			"Access-Control-Max-Age":        "600",
		}
		if diff := cmp.Diff(want, cors(h.granted(t, r).header)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", path, diff)
		}
		maps.DeleteFunc(want, func(name, _ string) bool {
			return !slices.Contains([]string{"Access-Control-Allow-Origin", "Access-Control-Expose-Headers"}, name)
		})
		for _, method := range []string{"GET", "HEAD", "DELETE"} {
			r.Method = method
			if diff := cmp.Diff(want, cors(send(t, r).header)); diff != "" {
				t.Errorf("%s %s (-want +got)\n%s", method, path, diff)
			}
		}
		r.Host = "evil.example"
		if a := h.refused(t, r, 403, 403); len(cors(a.header)) != 0 {
			t.Errorf("%v", a.header)
		}
	}
}
