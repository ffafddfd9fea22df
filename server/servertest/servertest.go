// Package servertest runs a protected MCP server inside a test, with an issuer
// in the same process that makes tokens for anybody, and a client. A test that
// bob may not delete needs five lines; see the example of [Start].
//
// Everything is on loopback, and nothing needs the network.
package servertest

import (
	"bytes"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/server"
)

// DefaultIssuer is the issuer of tokens if the configuration names none. It
// exists inside the test only.
const DefaultIssuer = "https://issuer.test"

// Server is a running server. Its methods may be called from any goroutine of
// the test.
type Server struct {
	server  *server.Server
	http    *httptest.Server
	issuers map[string]*issuertest.Issuer
	first   string
	now     func() time.Time
	audit   *lines
}

// Start runs a server with cfg until the test ends. What cfg leaves out is
// filled in for a test:
//
//   - Addr and PublicURL are a free port on loopback.
//   - Issuers that have no Keys get them from this process, so that tokens of
//     theirs can be made; without any there is [DefaultIssuer].
//   - Policy is the policy.csv in the directory of the test or the nearest one
//     above it, up to the one that holds go.mod; Model lies beside it.
//   - Audit goes to [Server.Records] and Logger to the test's output.
//
// A configuration with mistakes fails the test and lists all of them.
func Start(t testing.TB, cfg server.Config) *Server {
	t.Helper()
	s := &Server{issuers: map[string]*issuertest.Issuer{}, audit: newLines(), now: cfg.Now}
	if s.now == nil {
		s.now = time.Now
	}
	s.http = httptest.NewUnstartedServer(nil)
	addr := s.http.Listener.Addr().String()
	cfg.Addr, cfg.PublicURL = addr, "http://"+addr
	s.fillIn(t, &cfg)

	inner, err := server.New(cfg)
	if err != nil {
		_ = s.http.Listener.Close() // it never served
		t.Fatalf("servertest: %v", err)
	}
	s.server = inner
	handler, err := inner.Handler(server.DefaultPath)
	if err != nil {
		t.Fatalf("servertest: %v", err)
	}
	s.http.Config.Handler = handler
	s.http.Start()
	t.Cleanup(s.close)
	return s
}

func (s *Server) fillIn(t testing.TB, cfg *server.Config) {
	t.Helper()
	if len(cfg.Issuers) == 0 {
		cfg.Issuers = server.Issuers(DefaultIssuer)
	}
	cfg.Issuers = append(cfg.Issuers[:0:0], cfg.Issuers...)
	s.first = cfg.Issuers[0].URL
	for i, issuer := range cfg.Issuers {
		if issuer.Keys == nil {
			made := issuertest.New(issuer.URL)
			s.issuers[issuer.URL] = made
			cfg.Issuers[i].Keys = made.JWKS
		}
	}
	fillInPolicy(t, cfg)
	if cfg.Audit == "" {
		cfg.Audit, cfg.Stdout = "stdout", s.audit
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
}

// close stops the server and waits for what it has begun.
func (s *Server) close() {
	s.http.Close()
	s.server.Close()
}

// URL returns the URL of the MCP endpoint, which is also what tokens are for.
func (s *Server) URL() string { return s.http.URL + server.DefaultPath }

// Origin returns the URL without the path of the endpoint.
func (s *Server) Origin() string { return s.http.URL }

// Server returns the server under test, for its counters.
func (s *Server) Server() *server.Server { return s.server }

// Caller is who a token stands for. [User] and [Machine] make one; the fields
// may be changed before use.
type Caller struct {
	// Subject is the sub claim. Client is the client_id claim; empty means "test-client".
	Subject, Client string
	// Groups and Roles become claims of these names, unless they are empty.
	Groups, Roles []string
	// Issuer is the URL of the issuer; empty means the first one.
	Issuer string
	// Claims are set over all others as they are; nil values remove a claim.
	Claims map[string]any
}

// User is a person who uses the test's client.
func User(name string) Caller { return Caller{Subject: name} }

// Machine is a client that acts for itself.
func Machine(client string) Caller { return Caller{Subject: client, Client: client} }

// Token returns an access token for the caller with these scopes, valid for
// five minutes.
func (s *Server) Token(t testing.TB, caller Caller, scopes ...string) string {
	t.Helper()
	url := caller.Issuer
	if url == "" {
		url = s.first
	}
	issuer, ok := s.issuers[url]
	if !ok {
		t.Fatalf("servertest: no token of %s can be made: it is no issuer of the configuration without Keys", url)
	}
	client := caller.Client
	if client == "" {
		client = "test-client"
	}
	claims := issuer.Claims(s.URL(), caller.Subject, client, strings.Join(scopes, " "), s.now())
	if len(scopes) == 0 {
		delete(claims, "scope")
	}
	if len(caller.Groups) > 0 {
		claims["groups"] = caller.Groups
	}
	if len(caller.Roles) > 0 {
		claims["roles"] = caller.Roles
	}
	maps.Copy(claims, caller.Claims)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	return issuer.Sign(claims, nil)
}

// Client returns a client that sends this token with every request, or none if
// it is empty.
func (s *Server) Client(t testing.TB, token string) *Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &Client{t: t, url: s.URL(), token: token, http: &http.Client{Transport: transport}, last: new(atomic.Int64)}
}

// Records waits until the audit holds at least n lines and returns all it
// holds by then. It fails the test if they do not come in five seconds. It
// needs a configuration without Audit.
func (s *Server) Records(t testing.TB, n int) []string {
	t.Helper()
	got, ok := s.audit.wait(n, 5*time.Second)
	if !ok {
		t.Fatalf("servertest: the audit has %d records, want %d:\n%s", len(got), n, strings.Join(got, "\n"))
	}
	return got
}

// lines is a writer that can be waited for.
type lines struct {
	mu    sync.Mutex
	text  []byte
	grown chan struct{} // closed and replaced by every write
}

func newLines() *lines { return &lines{grown: make(chan struct{})} }

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	close(l.grown)
	l.grown = make(chan struct{})
	return len(p), nil
}

func (l *lines) read() ([]string, chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []string
	for line := range bytes.Lines(l.text) {
		list = append(list, string(bytes.TrimSuffix(line, []byte{'\n'})))
	}
	return list, l.grown
}

// wait returns the lines once there are n of them, or false after limit.
func (l *lines) wait(n int, limit time.Duration) ([]string, bool) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		list, grown := l.read()
		if len(list) >= n {
			return list, true
		}
		select {
		case <-grown:
		case <-timer.C:
			return list, false
		}
	}
}
