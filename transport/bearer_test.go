package transport_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
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
		"H-02 comma, one line":  {"Bearer bad, Bearer good"},
		"H-02 good and Basic":   {"Bearer good", "Basic eDp5"},
		"H-02 Basic and good":   {"Basic eDp5", "Bearer good"},
		"H-02 good and empty":   {"Bearer good", ""},
		"H-02 empty and good":   {"", "Bearer good"},
		"H-02 semicolon":        {"Bearer good; Bearer bad"},
		"H-03 two spaces":       {"Bearer  good"},
		"H-03 tab":              {"Bearer\tgood"},
		"H-03 comma":            {"Bearer,good"},
		"H-03 Basic":            {"Basic good"},
		"H-03 DPoP":             {"DPoP good"},
		"H-03 Token":            {"Token good"},
		"H-03 token only":       {"good"},
		"H-03 three spaces":     {"Bearer   good"},
		"H-03 space and tab":    {"Bearer \tgood"},
		"H-03 colon":            {"Bearer: good"},
		"H-03 equals":           {"Bearer=good"},
		"H-03 no space":         {"Bearergood"},
		"H-03 scheme twice":     {"Bearer Bearer good"},
		"H-03 parameter":        {`Bearer token="good"`},
		"H-03 Digest":           {"Digest good"},
		"H-03 Negotiate":        {"Negotiate good"},
		"H-03 GNAP":             {"GNAP good"},
		"H-03 full-width":       {"\uff22earer good"},
		"H-03 long s":           {"Bearer\u017f good"},
		"H-03 no-break space":   {"Bearer\u00a0good"},
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
	for _, scheme := range []string{"Bearer", "bearer", "BEARER", "bEaReR"} {
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
	var list []defect
	for id, names := range map[string][]string{
		"H-05": {"Cookie", "Mcp-Param-Authorization", "Mcp-Param-Access-Token", "Mcp-Session-Id", "Access-Token", "X-Access-Token", "X-Api-Key", "Api-Key", "Token"},
		"H-06": {
			"Http_Authorization", "Http-Authorization", "Authorization_", "X-Authorization", "X-Forwarded-Authorization", "X-Original-Authorization",
			"X-Original-Headers", "Proxy-Authorization", "X-Forwarded-User", "X-Forwarded-Email", "X-Remote-User", "Remote-User", "X-Auth-Request-User",
			"X-Auth-Request-Access-Token", "X-User", "X-Roles", "X-Scopes", "X-Amzn-Oidc-Data", "X-Goog-Authenticated-User-Email",
		},
	} {
		for _, name := range names {
			list = append(list, defect{id + " " + name, func(r *http.Request) {
				set("Authorization")(r)
				r.Header[name] = []string{"Bearer good"}
			}, 401, 401})
		}
	}
	list = append(list,
		defect{"H-05 cookie", func(r *http.Request) {
			set("Authorization")(r)
			set("Cookie", "access_token=good; token=good; Authorization=Bearer good")(r)
		}, 401, 401},
		defect{"H-05 form", func(r *http.Request) {
			set("Authorization")(r)
			set("Content-Type", "application/x-www-form-urlencoded")(r)
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("access_token=good")), int64(len("access_token=good"))
		}, 401, 401},
		defect{"H-05 user information", func(r *http.Request) { set("Authorization")(r); r.URL.User = url.UserPassword("Bearer", "good") }, 401, 401})
	h.defects(t, callBody("allowed"), list)
	const tokens = `"access_token":"good","Authorization":"Bearer good",`
	for before, after := range map[string]string{`"_meta":{`: "", `"params":{`: "", `{`: `"jsonrpc"`} {
		body := strings.Replace(callBody("allowed"), before+after, before+tokens+after, 1)
		r := h.request(body)
		set("Authorization")(r)
		h.refused(t, r, 401, 401)
		h.accepted(t, h.request(body)) // beside a token they mean nothing
	}
}

// Names of headers that only resemble Authorization, as they can be written on the
// wire: each is another header, or none, and the request has no token.
func TestH06_NamesOnTheWire(t *testing.T) {
	h := start(t)
	body := callBody("allowed")
	host := "Host: " + h.host + "\r\n"
	good := h.rawPost("POST /mcp HTTP/1.1", host, body)
	for line, status := range map[string]string{
		"Authorization : Bearer good": "400", "Authorization\t: Bearer good": "400", " Authorization: Bearer good": "401", "Auth orization: Bearer good": "400",
		"Authorization\x00: Bearer good": "400", "\xefuthorization: Bearer good": "400", ": Bearer good": "400", "Authorization Bearer good": "400",
		"Authorization;: Bearer good": "400", "Authorization_: Bearer good": "401", "HTTP_AUTHORIZATION: Bearer good": "401", "Authorization.: Bearer good": "401",
		"Authorization: Bearer good\x00": "400", "Authorization: Bearer\x0bgood": "400", "Authorization: Bearer good\r\x00": "400",
	} {
		ran := h.ran.Load()
		got := h.raw(t, strings.Replace(good, "Authorization: Bearer good", line, 1))
		if !strings.HasPrefix(got, "HTTP/1.1 "+status+" ") || h.ran.Load() != ran {
			t.Errorf("%q: want %s: %.100s", line, status, got)
		}
	}
	for _, line := range []string{"Authorization: Bearer good", "authorization: Bearer good", "AUTHORIZATION:Bearer good", "Authorization: \t Bearer good \t"} {
		ran := h.ran.Load()
		if got := h.raw(t, strings.Replace(good, "Authorization: Bearer good", line, 1)); !strings.HasPrefix(got, "HTTP/1.1 200 ") || h.ran.Load() != ran+1 {
			t.Errorf("%q, twin: %.100s", line, got)
		}
	}
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
