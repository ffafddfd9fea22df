package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/authserver"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// output is a buffer that several goroutines write to and one waits on.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	wrote chan struct{}
}

func newOutput() *output { return &output{wrote: make(chan struct{}, 1)} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.wrote <- struct{}{}:
	default:
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func freeAddr(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// running is a server that Run runs.
type running struct {
	cfg    Config
	out    *output
	cancel context.CancelFunc
	ended  chan error
}

func run(t *testing.T, change ...func(*Config)) *running {
	t.Helper()
	r := &running{cfg: goodConfig(t), out: newOutput(), ended: make(chan error, 1)}
	r.cfg.Addr, r.cfg.AdminAddr, r.cfg.Stderr = freeAddr(t), freeAddr(t), r.out
	for _, c := range change {
		c(&r.cfg)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r.cancel = cancel
	go func() { r.ended <- Run(ctx, r.cfg) }()
	select {
	case <-r.out.wrote: // the banner comes once the listeners are there
	case err := <-r.ended:
		cancel()
		t.Fatalf("Run ended at once: %v", err)
	}
	t.Cleanup(cancel)
	return r
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestRunServesAndStops(t *testing.T) {
	r := run(t)
	if status, body := get(t, "http://"+r.cfg.AdminAddr+"/healthz"); status != 200 || !strings.Contains(body, "ok") {
		t.Errorf("/healthz: %d %s", status, body)
	}
	if status, body := get(t, "http://"+r.cfg.AdminAddr+"/readyz"); status != 200 || !strings.Contains(body, `"ready":true`) {
		t.Errorf("/readyz: %d %s", status, body)
	}
	if status, body := get(t, "http://"+r.cfg.AdminAddr+"/metrics"); status != 200 || !strings.Contains(body, "\nsallyport_issuer_ready{") {
		t.Errorf("/metrics: %d %s", status, body)
	}
	for _, path := range []string{"/mcp", "/", "/metrics/", "/debug/pprof/", "/token"} {
		if status, _ := get(t, "http://"+r.cfg.AdminAddr+path); status != 404 {
			t.Errorf("%s on the admin listener: %d, want 404", path, status)
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		if status, _ := get(t, "http://"+r.cfg.Addr+path); status != 404 {
			t.Errorf("%s on the public listener: %d, want 404", path, status)
		}
	}
	for _, path := range []string{"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-authorization-server"} {
		if status, _ := get(t, "http://"+r.cfg.Addr+path); status != 200 {
			t.Errorf("%s: %d, want 200", path, status)
		}
	}
	if status, _ := get(t, "http://"+r.cfg.Addr+"/mcp"); status != 401 {
		t.Errorf("GET of the endpoint without a token: %d, want 401", status)
	}
	r.cancel()
	if err := <-r.ended; err != nil {
		t.Errorf("Run returned %v after a stop", err)
	}
	if !strings.HasPrefix(r.out.String(), "\ngood dev, protected by Sallyport\n") {
		t.Errorf("the banner is not first:\n%s", r.out)
	}
	if !strings.Contains(r.out.String(), `"reason":"token_missing"`) {
		t.Errorf("the audit was not written to its end:\n%s", r.out)
	}
}

func TestRunWithAnAddressThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for key, set := range map[string]func(*Config){
		"addr":       func(c *Config) { c.Addr = taken.Addr().String() },
		"admin_addr": func(c *Config) { c.Addr, c.AdminAddr = freeAddr(t), taken.Addr().String() },
	} {
		cfg := goodConfig(t)
		set(&cfg)
		err := Run(t.Context(), cfg)
		if err == nil || !strings.Contains(err.Error(), key+` = "`+taken.Addr().String()) || !strings.Contains(err.Error(), "choose another") {
			t.Errorf("%s: %v", key, err)
		}
	}
	if err := Run(t.Context(), Config{}); err == nil {
		t.Error("Run ran an empty configuration")
	}
}

func TestRunEndsIfAListenerFails(t *testing.T) {
	s, err := New(goodConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	one, err := s.listenOn(t.Context(), "addr", "127.0.0.1:0", http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	two, err := s.listenOn(t.Context(), "addr", "127.0.0.1:0", http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	_ = two.listener.Close()
	if err := s.serve(t.Context(), []listening{one, two}); err == nil {
		t.Error("no error although a listener failed")
	}
}

// TestStopDrains lets a request run while the server is told to stop.
func TestStopDrains(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		_, _ = w.Write([]byte("done"))
	})
	s, err := New(goodConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	one, err := s.listenOn(t.Context(), "addr", "127.0.0.1:0", slow)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.serve(ctx, []listening{one}) }()
	answer := make(chan string, 1)
	go func() {
		_, body := get(t, "http://"+one.listener.Addr().String())
		answer <- body
	}()
	<-entered
	cancel()
	for !s.stopping.Load() {
		select {
		case <-ended:
			t.Fatal("the server stopped although a request was running")
		case <-time.After(time.Millisecond):
		}
	}
	if state := s.readiness(); state.Ready || state.Reasons[0] != "stopping" {
		t.Errorf("while it stops: %+v", state)
	}
	close(leave)
	if body := <-answer; body != "done" {
		t.Errorf("the request in flight got %q", body)
	}
	if err := <-ended; err != nil {
		t.Errorf("serve returned %v", err)
	}
}

func TestReadiness(t *testing.T) {
	cfg := goodConfig(t)
	fail := true
	cfg.Issuers = []token.Issuer{{URL: "https://issuer.example", Keys: func(context.Context) ([]byte, error) {
		if fail {
			return nil, errors.New("the vault is sealed with secret-123")
		}
		return []byte(`{"keys":[]}`), nil
	}}}
	cfg.PublicURL = "https://mcp.example"
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Handler("/mcp"); err != nil {
		t.Fatal(err)
	}
	s.store.alarm.sound(quiet(), errors.New("it rains"), s.store.policy())
	s.audit.stats.Lost = 1
	recorder := httptest.NewRecorder()
	s.adminHandler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8081/readyz", nil))
	var state readiness
	if err := json.Unmarshal(recorder.Body.Bytes(), &state); err != nil {
		t.Fatal(err)
	}
	if recorder.Code != 503 || state.Ready || len(state.Reasons) != 1 || !strings.Contains(state.Reasons[0], "https://issuer.example") {
		t.Errorf("without keys: %d %s", recorder.Code, recorder.Body)
	}
	if len(state.Notes) != 2 || !strings.Contains(state.Notes[0], "policy stale") || !strings.Contains(state.Notes[1], "lost") {
		t.Errorf("notes: %v", state.Notes)
	}
	if strings.Contains(recorder.Body.String(), "secret-123") {
		t.Errorf("/readyz tells a cause: %s", recorder.Body)
	}
	s.audit.stats.Lost = 0
}

func TestHandlerPath(t *testing.T) {
	s, err := New(goodConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "/", "mcp", "/mcp/", "/a//b", "/a/../b", "/{x}", "/a%2fb"} {
		if _, err := s.Handler(bad); err == nil {
			t.Errorf("Handler(%q) was accepted", bad)
		}
	}
	handler, err := s.Handler("/team/notes")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Handler("/mcp"); err == nil {
		t.Error("the endpoint was mounted at two paths")
	}
	recorder := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8080/.well-known/oauth-protected-resource/team/notes", nil)
	handler.ServeHTTP(recorder, request)
	if !strings.Contains(recorder.Body.String(), `"resource":"http://127.0.0.1:8080/team/notes"`) {
		t.Errorf("metadata: %d %s", recorder.Code, recorder.Body)
	}
	s.Close()
	recorder = httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	if recorder.Code != http.StatusServiceUnavailable {
		t.Errorf("after Close: %d %s, want 503", recorder.Code, recorder.Body)
	}
	if _, err := s.Handler("/team/notes"); err == nil {
		t.Error("Handler after Close")
	}
}

func TestBanner(t *testing.T) {
	cfg := goodConfig(t)
	cfg.Name, cfg.Policy, cfg.Model = "my notes' app", "../policy.csv", "../model.conf"
	cfg.AdminAddr = DefaultAdminAddr
	for i := range 14 {
		cfg.Tools = append(cfg.Tools, echoTool(func(t *tools.Tool) {
			t.Name, t.Permissions = fmt.Sprintf("tool_with_quite_a_long_name_%02d", i), []string{"a/very/long/permission/indeed:use"}
		}))
	}
	cfg.Tools = append(cfg.Tools, echoTool(func(t *tools.Tool) { t.Name, t.Scopes, t.AnyPrincipal = "any", nil, true }))
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	banner := s.banner()
	for line := range strings.Lines(banner) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	joined := regexp.MustCompile(` \\\n +`).ReplaceAllString(banner, " ")
	for _, part := range []string{
		"MCP endpoint  http://127.0.0.1:8080/mcp", "alice (admin), bob (editor), carol (reader)", "../policy.csv, revision " + s.PolicyRevision(), "../model.conf (textbook, compiled)",
		"http://127.0.0.1:8081/healthz", "claude mcp add --transport http my-notes--app http://127.0.0.1:8080/mcp\n",
		`code --add-mcp '{"name":"my-notes--app","type":"http","url":"http://127.0.0.1:8080/mcp"}'` + "\n",
		"npx @modelcontextprotocol/inspector --transport http --server-url http://127.0.0.1:8080/mcp\n",
		"sallyport login http://127.0.0.1:8080/mcp\n", "tool any", "any valid token", "and 4 more",
	} {
		if !strings.Contains(joined, part) {
			t.Errorf("the banner lacks %q:\n%s", part, banner)
		}
	}
}

// TestUsersAreNotedByThePolicy reads from the banner who the policy says one can log in as.
func TestUsersAreNotedByThePolicy(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("policy.csv", []byte("p, role:analyst, echo, use, allow\ng, user:bob, role:analyst\ng, user:bob, group:staff\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := goodConfig(t)
	cfg.Policy, cfg.Users = "", append(demoUsers(), authserver.User{Name: "dana", Note: "guest"})
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if want := "log in as     alice, bob (analyst, group:staff), carol, dana (guest)\n"; !strings.Contains(s.banner(), want) {
		t.Errorf("the banner lacks %q:\n%s", want, s.banner())
	}
}

func TestBannerWithIssuers(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("policy.csv", []byte("p, anyone, echo, use, allow\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := goodConfig(t)
	cfg.Policy, cfg.PublicURL = "", "https://mcp.example"
	cfg.Issuers = []token.Issuer{{URL: "https://a.example"}, {URL: "https://b.example", Alias: "b"}}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, part := range []string{"tokens from   https://a.example (a.example)\n                https://b.example (b)\n", "policy.csv, revision", "the textbook model, compiled"} {
		if !strings.Contains(s.banner(), part) {
			t.Errorf("the banner lacks %q:\n%s", part, s.banner())
		}
	}
	if got := wrapped("label ", strings.Split(strings.Repeat("somebody,", 20), ",")); len(got) < 2 || len(got[0]) > bannerWidth {
		t.Errorf("a long list is not wrapped: %q", got)
	}
	if clientName("***") != "server" {
		t.Errorf("a name without letters becomes %q", clientName("***"))
	}
}
