package browsertest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const (
	login   = `<form action="/login?a=1&amp;b=2"><input type="hidden" name="csrf" value="&lt;1&gt;"><button name="user" value="bob">`
	consent = `<form action="/consent"><button name="decision" value="deny"><button name="decision" value="allow">`
)

func TestWalk(t *testing.T) {
	var posted []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		posted = append(posted, r.URL.String()+" "+string(body))
		switch r.URL.Path {
		case "/":
			_, _ = io.WriteString(w, login)
		case "/login":
			_, _ = io.WriteString(w, consent)
		case "/consent":
			http.Redirect(w, r, "/end", http.StatusSeeOther)
		case "/end":
			_, _ = io.WriteString(w, "the end")
		case "/circle":
			_, _ = io.WriteString(w, `<form action="/circle">`)
		case "/broken":
			_, _ = io.WriteString(w, `<form action="http://[">`)
		}
	}))
	defer srv.Close()
	page, err := Walk(t.Context(), srv.URL+"/", "bob")
	if want := "/ |/login?a=1&b=2 csrf=%3C1%3E&user=bob|/consent decision=allow|/end "; err != nil || page != "the end" || strings.Join(posted, "|") != want {
		t.Errorf("%q, %v, %q", page, err, posted)
	}
	for _, bad := range []string{srv.URL + "/circle", srv.URL + "/broken", "http://127.0.0.1:1/", ":"} {
		if _, err := Walk(t.Context(), bad, "bob"); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}
