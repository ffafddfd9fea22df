package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// exchange is one request of a client or of the person and what came back, without anything secret.
type exchange struct {
	method, path string
	rpc, name    string // of an MCP message: its method, and the tool or resource it names
	revision     string // MCP-Protocol-Version; of an initialize, what it asks for
	bearer       bool
	scope        string // of an authorization request
	status       int
	challenge    string // WWW-Authenticate
	cancelled    bool   // the client left before there was an answer
}

func (e exchange) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", e.method, e.path)
	if e.rpc != "" {
		fmt.Fprintf(&b, " %s", strings.TrimSpace(e.rpc+" "+e.name))
	}
	if e.revision != "" {
		fmt.Fprintf(&b, " (%s)", e.revision)
	}
	if e.path == authorizePath {
		fmt.Fprintf(&b, " scope=%q", e.scope)
	}
	if e.path == "/mcp" && !e.bearer {
		b.WriteString(" without a token")
	}
	if e.cancelled {
		b.WriteString(" -> the client left")
		return b.String()
	}
	fmt.Fprintf(&b, " -> %d", e.status)
	if e.challenge != "" {
		fmt.Fprintf(&b, " error=%q scope=%q", parameter(e.challenge, "error"), parameter(e.challenge, "scope"))
	}
	return b.String()
}

const authorizePath = "/authorize"

// recorder passes everything on to the example as it is, and remembers what passed. Safe for concurrent use.
type recorder struct {
	proxy *httputil.ReverseProxy
	mu    sync.Mutex
	seen  []exchange
}

func newRecorder(backend *url.URL) *recorder {
	return &recorder{proxy: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(backend)
			r.Out.Host = r.In.Host // the server must see whom the client believes to speak to
		},
		Transport:     &http.Transport{},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0), // a client that leaves is no error
	}}
}

// ServeHTTP implements http.Handler. An exchange is entered when its answer begins, so that a stream that stays open is entered too.
func (rec *recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	seen := exchange{
		method:   r.Method,
		path:     r.URL.Path,
		revision: r.Header.Get("Mcp-Protocol-Version"),
		bearer:   strings.HasPrefix(r.Header.Get("Authorization"), "Bearer "),
		scope:    r.URL.Query().Get("scope"),
	}
	if r.URL.Path == "/mcp" && r.Method == http.MethodPost {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<22))
		if err != nil {
			http.Error(w, "cannot read the request", http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		seen.read(body)
	}
	answer := &witness{ResponseWriter: w, begun: func(status int) {
		seen.status, seen.challenge = status, w.Header().Get("WWW-Authenticate")
		rec.enter(seen)
	}}
	rec.proxy.ServeHTTP(answer, r)
	if !answer.wrote {
		seen.cancelled = true
		rec.enter(seen)
	}
}

// read takes what is worth remembering from an MCP message.
func (e *exchange) read(body []byte) {
	var message struct {
		Method string `json:"method"`
		Params struct {
			Name     string `json:"name"`
			URI      string `json:"uri"`
			Revision string `json:"protocolVersion"`
		} `json:"params"`
	}
	if json.Unmarshal(body, &message) != nil {
		return // a reply or something malformed: the status tells
	}
	e.rpc = message.Method
	switch message.Method {
	case "tools/call":
		e.name = message.Params.Name
	case "resources/read":
		e.name = message.Params.URI
	case "initialize":
		e.revision = message.Params.Revision
	}
}

func (rec *recorder) enter(e exchange) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.seen = append(rec.seen, e)
}

// all returns what passed so far.
func (rec *recorder) all() []exchange {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return slices.Clone(rec.seen)
}

// witness is a http.ResponseWriter that tells when the answer begins.
type witness struct {
	http.ResponseWriter
	begun func(status int)
	wrote bool
}

// WriteHeader implements http.ResponseWriter.
func (w *witness) WriteHeader(status int) {
	if !w.wrote && status >= http.StatusOK {
		w.wrote = true
		w.begun(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController flush what it wraps.
func (w *witness) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// parameter reads one quoted parameter of a challenge (RFC 6750 section 3).
func parameter(header, name string) string {
	for _, before := range []string{" ", ","} {
		if _, rest, found := strings.Cut(header, before+name+`="`); found {
			value, _, _ := strings.Cut(rest, `"`)
			return value
		}
	}
	return ""
}
