package transport_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// challengeOf returns what every 401 of the harness says.
func (h *harness) challengeOf(code string) string {
	const described = `error="invalid_token", error_description="the access token is not accepted by this server", `
	return fmt.Sprintf(`Bearer %sresource_metadata="http://%s/.well-known/oauth-protected-resource/mcp", scope="notes:read"`,
		map[string]string{"": "", "invalid_token": described}[code], h.host)
}

func TestH01_NoCredentials(t *testing.T) {
	h := start(t)
	for name, values := range map[string][]string{
		"no header": nil, "empty": {""}, "Bearer alone": {"Bearer"}, "Bearer and a space": {"Bearer "}, "bearer alone": {"bearer"},
	} {
		t.Run(name, func(t *testing.T) {
			r := h.request(callBody("allowed"))
			set("Authorization", values...)(r)
			a := h.refused(t, r, 401, 401)
			if got := a.header.Values("WWW-Authenticate"); len(got) != 1 || got[0] != h.challengeOf("") {
				t.Errorf("challenge %q", got)
			}
			if got := h.gate.last(); got.reason != "token_missing" || got.who != "" {
				t.Errorf("record %+v", got)
			}
		})
	}
	h.accepted(t, h.request(callBody("allowed")))
	if len(h.verifier.asked) != 1 {
		t.Errorf("verified %q", h.verifier.asked)
	}
}

// The rows H-02 and H-03, and what is no b64token: none of it reaches the
// verifier.
func TestMalformedCredentials(t *testing.T) {
	h := start(t)
	for name, values := range map[string][]string{
		"H-02 good and bad":     {"Bearer good", "Bearer bad"},
		"H-02 bad and good":     {"Bearer bad", "Bearer good"},
		"H-02 good twice":       {"Bearer good", "Bearer good"},
		"H-02 comma":            {"Bearer good, Bearer bad"},
		"H-02 comma, no space":  {"Bearer good,bad"},
		"H-03 two spaces":       {"Bearer  good"},
		"H-03 tab":              {"Bearer\tgood"},
		"H-03 comma":            {"Bearer,good"},
		"H-03 Basic":            {"Basic good"},
		"H-03 DPoP":             {"DPoP good"},
		"H-03 Token":            {"Token good"},
		"H-03 token only":       {"good"},
		"inner space":           {"Bearer go od"},
		"padding in the middle": {"Bearer go=od"},
		"padding only":          {"Bearer =="},
		"quotes":                {`Bearer "good"`},
		"NBSP":                  {"Bearer good\u00a0"},
	} {
		t.Run(name, func(t *testing.T) {
			r := h.request(callBody("allowed"))
			set("Authorization", values...)(r)
			a := h.refused(t, r, 401, 401)
			if got := a.header.Get("WWW-Authenticate"); got != h.challengeOf("invalid_token") {
				t.Errorf("challenge %q", got)
			}
		})
	}
	if len(h.verifier.asked) != 0 {
		t.Errorf("verified %q", h.verifier.asked)
	}
	for _, scheme := range []string{"Bearer", "bearer", "BEARER"} {
		r := h.request(callBody("allowed"))
		set("Authorization", scheme+" good")(r)
		h.accepted(t, r)
	}
}

func TestH04_TokenInQuery(t *testing.T) {
	h := start(t)
	for _, query := range []string{
		"access_token=good", "token=good", "api_key=good", "Access_Token=good", "x=1&access_token=good", "x=1;access_token=good",
		"access%5Ftoken=good", "access_token", "%zz=1&token=good",
	} {
		for _, header := range [][]string{nil, {"Bearer good"}} {
			r := h.request(callBody("allowed"))
			r.URL.RawQuery = query
			set("Authorization", header...)(r)
			h.refused(t, r, 401, 401)
			if got := h.gate.last().reason; got != "token_in_query" {
				t.Errorf("%s: reason %q", query, got)
			}
		}
	}
	if len(h.verifier.asked) != 0 || strings.Contains(h.logs.String(), "good") {
		t.Errorf("verified %q, log %s", h.verifier.asked, h.logs)
	}
	r := h.request(callBody("allowed"))
	r.URL.RawQuery = "x=token"
	h.accepted(t, r)
}

func TestH05_H06_TokensElsewhereAreIgnored(t *testing.T) {
	h := start(t)
	h.defects(t, callBody("allowed"), []defect{
		{"H-05 cookie", func(r *http.Request) { set("Authorization")(r); set("Cookie", "access_token=good")(r) }, 401, 401},
		{"H-05 parameter header", func(r *http.Request) { set("Authorization")(r); set("Mcp-Param-Authorization", "Bearer good")(r) }, 401, 401},
		{"H-06 underscore", func(r *http.Request) { set("Authorization")(r); set("Http_Authorization", "Bearer good")(r) }, 401, 401},
		{"H-06 forwarded", func(r *http.Request) { set("Authorization")(r); set("X-Forwarded-Authorization", "Bearer good")(r) }, 401, 401},
		{"H-06 original", func(r *http.Request) { set("Authorization")(r); set("X-Original-Authorization", "Bearer good")(r) }, 401, 401},
		{"H-06 proxy", func(r *http.Request) { set("Authorization")(r); set("Proxy-Authorization", "Bearer good")(r) }, 401, 401},
		{"H-05 form", func(r *http.Request) {
			set("Authorization")(r)
			set("Content-Type", "application/x-www-form-urlencoded")(r)
		}, 401, 401},
	})
	r := h.request(strings.Replace(callBody("allowed"), `"_meta":{`, `"_meta":{"access_token":"good",`, 1))
	set("Authorization")(r)
	h.refused(t, r, 401, 401)
}

func TestVerifierErrors(t *testing.T) {
	h := start(t)
	bearer := func(token string) *http.Request {
		r := h.request(callBody("allowed"))
		set("Authorization", "Bearer "+token)(r)
		return r
	}
	t.Run("bad token", func(t *testing.T) {
		a := h.refused(t, bearer("bad"), 401, 401)
		if got := a.header.Get("WWW-Authenticate"); got != h.challengeOf("invalid_token") {
			t.Errorf("challenge %q", got)
		}
		if h.gate.last().reason != "signature" || strings.Contains(a.body+fmt.Sprint(a.header), "s"+"ignature") {
			t.Errorf("%+v, %s", h.gate.last(), a.body)
		}
	})
	t.Run("error without a reason", func(t *testing.T) {
		same := h.refused(t, bearer("bad"), 401, 401)
		a := h.refused(t, bearer("plain-error"), 401, 401)
		if h.gate.last().reason != "token_invalid" || a.body != same.body {
			t.Errorf("%+v, %s", h.gate.last(), a.body)
		}
	})
	t.Run("keys out of reach", func(t *testing.T) {
		a := h.refused(t, bearer("down"), 503, 503)
		if a.header.Get("Retry-After") != "2" || a.header.Get("WWW-Authenticate") != "" {
			t.Errorf("headers %v", a.header)
		}
	})
	t.Run("panic", func(t *testing.T) {
		a := h.refused(t, bearer("panic"), 500, -32603)
		if strings.Contains(a.body, "secret") || !strings.Contains(h.logs.String(), "request panicked") {
			t.Errorf("body %s, log %s", a.body, h.logs)
		}
	})
	h.accepted(t, bearer("good"))
}

func TestM33_NothingButMetadataIsOpen(t *testing.T) {
	h := start(t)
	for _, body := range []string{
		rpc("server/discover", ""), `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}`, rpc("tools/list", ""),
		rpc("ping", ""), `{"jsonrpc":"2.0","method":"notifications/initialized"}`, "", "[]", "not json",
	} {
		r := h.request(body)
		set("Authorization")(r)
		h.refused(t, r, 401, 401)
	}
	if a := send(t, h.request(rpc("server/discover", ""))); a.status != 200 {
		t.Errorf("twin: %d %s", a.status, a.body)
	}
}

// The body is not even read before the token is good.
func TestTokenComesBeforeTheBody(t *testing.T) {
	h := start(t)
	r := h.request(strings.Repeat("x", 100<<10))
	set("Authorization", "Bearer bad")(r)
	set("Content-Type", "text/plain")(r)
	h.refused(t, r, 401, 401)
	r = h.request(strings.Repeat("x", 100<<10))
	h.refused(t, r, 400, -32700)
}
