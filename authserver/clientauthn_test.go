package authserver

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func httpBody(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }

func TestO40_ClientAuthentication(t *testing.T) {
	s, _ := newServer(t)
	secretOf := map[string]string{}
	for _, method := range []string{authnNone, authnBasic, authnPost} {
		id, secret := register(t, s, map[string]any{"redirect_uris": []string{testRedirect}, "token_endpoint_auth_method": method})
		secretOf[method] = id + " " + secret
	}
	// Every way to authenticate, against every way a client registered for.
	tests := []struct {
		registered string
		way        func(r *http.Request, form url.Values, id, secret string)
		name       string
		ok         bool
		code       string
	}{
		{authnNone, func(_ *http.Request, f url.Values, id, _ string) { f.Set("client_id", id) }, "id only", true, ""},
		{authnNone, func(_ *http.Request, f url.Values, id, _ string) { f.Set("client_id", id); f.Set("client_secret", "x") }, "secret nobody gave", false, "invalid_client"},
		{authnNone, func(r *http.Request, _ url.Values, id, _ string) { r.SetBasicAuth(id, "") }, "basic without secret", false, "invalid_client"},
		{authnBasic, func(r *http.Request, _ url.Values, id, secret string) { r.SetBasicAuth(id, secret) }, "basic", true, ""},
		{authnBasic, func(r *http.Request, f url.Values, id, secret string) {
			r.SetBasicAuth(id, secret)
			f.Set("client_id", id)
		}, "basic and the same id", true, ""},
		{authnBasic, func(r *http.Request, _ url.Values, id, secret string) {
			r.SetBasicAuth("%"+strings.ToUpper("4")+"1"+id, secret)
		}, "escaped to another id", false, "invalid_client"},
		{authnBasic, func(r *http.Request, _ url.Values, id, secret string) {
			r.SetBasicAuth(escapeAll(id), escapeAll(secret))
		}, "basic, percent-encoded", true, ""},
		{authnBasic, func(r *http.Request, _ url.Values, id, secret string) { r.SetBasicAuth(id, secret+"%zz") }, "basic, badly encoded", false, "invalid_client"},
		{authnBasic, func(r *http.Request, _ url.Values, id, _ string) { r.SetBasicAuth(id, "wrong") }, "basic, wrong", false, "invalid_client"},
		{authnBasic, func(r *http.Request, _ url.Values, id, _ string) { r.SetBasicAuth(id, "") }, "basic, empty", false, "invalid_client"},
		{authnBasic, func(_ *http.Request, f url.Values, id, _ string) { f.Set("client_id", id) }, "nothing", false, "invalid_client"},
		{authnBasic, func(_ *http.Request, f url.Values, id, secret string) {
			f.Set("client_id", id)
			f.Set("client_secret", secret)
		}, "post instead", false, "invalid_client"},
		{authnBasic, func(r *http.Request, f url.Values, id, secret string) {
			r.SetBasicAuth(id, secret)
			f.Set("client_secret", secret)
		}, "both", false, "invalid_request"},
		{authnBasic, func(r *http.Request, f url.Values, id, secret string) {
			r.SetBasicAuth(id, secret)
			f.Set("client_id", "other")
		}, "two ids", false, "invalid_request"},
		{authnBasic, func(r *http.Request, _ url.Values, id, secret string) {
			r.SetBasicAuth(id, secret)
			r.Header.Add("Authorization", r.Header.Get("Authorization"))
		}, "twice", false, "invalid_client"},
		{authnBasic, func(r *http.Request, f url.Values, id, _ string) {
			r.Header.Set("Authorization", "Bearer x")
			f.Set("client_id", id)
		}, "bearer", false, "invalid_client"},
		{authnPost, func(_ *http.Request, f url.Values, id, secret string) {
			f.Set("client_id", id)
			f.Set("client_secret", secret)
		}, "post", true, ""},
		{authnPost, func(_ *http.Request, f url.Values, id, _ string) {
			f.Set("client_id", id)
			f.Set("client_secret", "wrong")
		}, "post, wrong", false, "invalid_client"},
		{authnPost, func(r *http.Request, _ url.Values, id, secret string) { r.SetBasicAuth(id, secret) }, "basic instead", false, "invalid_client"},
	}
	for _, tt := range tests {
		t.Run(tt.registered+" "+tt.name, func(t *testing.T) {
			id, secret, _ := strings.Cut(secretOf[tt.registered], " ")
			form := without(codeForm(id, newCode(t, s, id)), "client_id")
			r := formRequest("/token", nil)
			tt.way(r, form, id, secret)
			r.Body = httpBody(form.Encode())
			a := send(s, r)
			if tt.ok {
				mustTokens(t, s, a)
				return
			}
			status := http.StatusBadRequest
			if tt.code == "invalid_client" {
				status = http.StatusUnauthorized
				if !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Basic ") {
					t.Error("401 without WWW-Authenticate")
				}
			}
			wantError(t, a, status, tt.code)
		})
	}
}

// escapeAll percent-encodes every character.
func escapeAll(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteString("%" + string("0123456789ABCDEF"[c>>4]) + string("0123456789ABCDEF"[c&15]))
	}
	return b.String()
}
