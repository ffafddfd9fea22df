package client

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const callbackPath = "/callback"

// arrival is the answer of an authorization server as a browser brought it, and where to say what became of it.
type arrival struct {
	query   url.Values
	outcome chan<- error
}

// callback is the listener that a browser is sent back to, on this machine only (RFC 8252, section 7.3).
type callback struct {
	listener net.Listener
	server   *http.Server
	state    string
	stray    func() // called for an answer to something else
	arrived  chan arrival
}

// listen opens the listener on a port, 0 for any.
func listen(ctx context.Context, port int) (*callback, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	b := &callback{listener: listener, arrived: make(chan arrival)}
	b.server = &http.Server{Handler: b, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, MaxHeaderBytes: 64 << 10}
	return b, nil
}

// redirect is the redirect URI.
func (b *callback) redirect() string { return "http://" + b.listener.Addr().String() + callbackPath }

// start serves answers that carry this state.
func (b *callback) start(state string, stray func()) {
	b.state, b.stray = state, stray
	go func() { _ = b.server.Serve(b.listener) }() // it ends with close
}

// close ends the listener, and lets the last page reach the browser.
func (b *callback) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if b.server.Shutdown(ctx) != nil {
		_ = b.server.Close() // whoever is still there has had its time
	}
	_ = b.listener.Close() // also if it never served
}

// ServeHTTP takes the one answer whose state is exact. Whatever else comes is refused and changes nothing, so that no page that
// guesses the port can end a login.
func (b *callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if r.Method != http.MethodGet || r.URL.Path != callbackPath || r.Host != b.listener.Addr().String() {
		page(w, http.StatusNotFound, "Nothing here", "This page is for the end of a login.")
		return
	}
	query, err := once(r.URL.RawQuery)
	if err != nil || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(b.state)) != 1 {
		b.stray()
		page(w, http.StatusBadRequest, "Not this login", "This answer belongs to another login. Nothing was done with it.")
		return
	}
	outcome := make(chan error, 1)
	select {
	case b.arrived <- arrival{query, outcome}:
	case <-r.Context().Done():
		return
	case <-time.After(time.Second): // the first answer has been taken
		page(w, http.StatusBadRequest, "Too late", "This login has had its answer.")
		return
	}
	select {
	case err = <-outcome:
	case <-r.Context().Done():
		return
	}
	if err != nil {
		page(w, http.StatusOK, "Not logged in", "The terminal says why. You can close this page.")
		return
	}
	page(w, http.StatusOK, "Logged in", "You can close this page and go back to the terminal.")
}

// once reads a query in which no parameter occurs twice.
func once(raw string) (url.Values, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, err
	}
	for _, values := range query {
		if len(values) > 1 {
			return nil, errors.New("a parameter occurs twice")
		}
	}
	return query, nil
}

// page writes a page of fixed texts: nothing that a browser brought is in it.
func page(w http.ResponseWriter, status int, title, text string) {
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>%[1]s - Sallyport</title>
<style>:root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem}</style>
</head><body><h1>%[1]s</h1><p>%[2]s</p></body></html>
`, title, text) // the browser went away
}
