package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestRecorder(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="a b"`)
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "%s|%s", r.Host, body)
	}))
	defer backend.Close()
	at, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	rec := newRecorder(at)
	front := httptest.NewServer(rec)
	defer front.Close()

	message := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"notes_create","arguments":{"text":"private"}}}`
	req, err := http.NewRequest(http.MethodPost, front.URL+"/mcp", strings.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer hidden")
	req.Header.Set("Mcp-Protocol-Version", legacy)
	resp, err := front.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if want := strings.TrimPrefix(front.URL, "http://") + "|" + message; string(got) != want {
		t.Errorf("the backend saw %s, want the host and the body as sent: %s", got, want)
	}
	for _, e := range rec.all() {
		line := e.String()
		if want := `POST /mcp tools/call notes_create (2025-11-25) -> 403 error="insufficient_scope" scope="a b"`; line != want {
			t.Errorf("recorded %s\nwant     %s", line, want)
		}
	}
	if n := len(rec.all()); n != 1 {
		t.Errorf("%d exchanges recorded, want 1", n)
	}
}

func TestRecorderEntersWhatHasNoAnswer(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	silent.Close() // nothing listens there any more
	at, err := url.Parse(silent.URL)
	if err != nil {
		t.Fatal(err)
	}
	rec := newRecorder(at)
	answer := httptest.NewRecorder()
	rec.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/authorize?scope=a&state=hidden", nil))
	if all := rec.all(); len(all) != 1 || all[0].status != http.StatusBadGateway || strings.Contains(all[0].String(), "hidden") {
		t.Errorf("recorded %v, want one 502 without the query", all)
	}
}

// TestPerson has bob log in and consent at pages like those of the embedded authorization server, and arrive at a client.
func TestPerson(t *testing.T) {
	arrived := make(chan url.Values, 1)
	client := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { arrived <- r.URL.Query() }))
	defer client.Close()
	var forms []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			fmt.Fprint(w, `<form method="post" action="/login"><input type="hidden" name="t" value="a&amp;b"><button name="user" value="bob"></form>`)
			return
		}
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		forms = append(forms, r.URL.Path+" "+r.PostForm.Encode())
		if r.URL.Path == "/login" {
			fmt.Fprint(w, `<form method="post" action="/consent"><button name="decision" value="allow"></form>`)
			return
		}
		http.Redirect(w, r, client.URL+"/callback?code=c", http.StatusSeeOther)
	}))
	t.Cleanup(server.Close)
	bob, err := newPerson("bob")
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(bob)
	defer front.Close()
	if code := browse(front.URL, server.URL+"/authorize"); code != 0 {
		t.Fatalf("browse returned %d", code)
	}
	if got := (<-arrived).Get("code"); got != "c" {
		t.Errorf("arrived with code %q", got)
	}
	if want := []string{"/login t=a%26b&user=bob", "/consent decision=allow"}; !slices.Equal(forms, want) {
		t.Errorf("filled in %q, want %q", forms, want)
	}
	server.Close()
	if code := browse(front.URL, server.URL+"/authorize"); code != 1 {
		t.Errorf("an address where nothing is: browse returned %d, want 1", code)
	}
	if opened, err := bob.history(); opened != 2 || err == nil {
		t.Errorf("history is %d and %v, want two addresses and an error for the second", opened, err)
	}
}
