package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/transport"
)

// standing is a clock that stands still until it is moved.
type standing struct {
	mu sync.Mutex
	at time.Time
}

func (s *standing) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *standing) move(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = s.at.Add(d)
}

// TestLimitsLeaveRecords: what is one too many is refused, recorded like any
// other refusal, and accepted a second later.
func TestLimitsLeaveRecords(t *testing.T) {
	clock := &standing{at: time.Now()}
	f := start(t, func(c *server.Config) {
		c.Now = clock.now
		c.Quotas = transport.Quotas{
			Tool: transport.Rate{PerMinute: 60, Burst: 2}, Failures: transport.Rate{PerMinute: 60, Burst: 2},
			Address: transport.Rate{PerMinute: 60, Burst: 1},
		}
	})
	bob := f.as(t, "bob", "echo:use")
	echo := func() *servertest.Answer { return bob.Call("echo", map[string]any{"text": "x"}) }
	for range 2 {
		f.accepted(t, "within the limit", echo)
	}
	for range 3 {
		a := f.refused(t, "beyond the limit", echo)
		if a.Status != http.StatusTooManyRequests || a.Code != http.StatusTooManyRequests || a.Header.Get("Retry-After") != "1" {
			t.Errorf("%v, Retry-After %q", a, a.Header.Get("Retry-After"))
		}
	}
	var statuses []int
	for _, token := range []string{"bad", "bad", "bad", "bad", "", "", ""} {
		statuses = append(statuses, f.Client(t, token).Send("tools/list", nil).Status)
	}
	if diff := cmp.Diff([]int{401, 401, 429, 429, 401, 429, 429}, statuses); diff != "" {
		t.Errorf("without a good token (-want +got):\n%s", diff)
	}
	clock.move(time.Second)
	f.accepted(t, "a second later", echo)

	s := f.Server.Server()
	s.Close()
	want := server.AuditStats{Decisions: 13, Records: 6, Aggregated: 7}
	if diff := cmp.Diff(want, s.AuditStats()); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
	all := strings.Join(f.Records(t, 10), "\n")
	for text, n := range map[string]int{
		`"method":"tools/call","name":"echo","decision":"deny","door":0,"reason":"rate_tool"`: 3,
		`"reason":"rate_token_failures"`: 1,
		`"reason":"rate_address"`:        1,
		`"count":2`:                      3,
	} {
		if got := strings.Count(all, text); got != n {
			t.Errorf("%d records with %s, want %d:\n%s", got, text, n, all)
		}
	}
}

// TestLimitsOff: nothing is counted, whatever the quotas say.
func TestLimitsOff(t *testing.T) {
	f := start(t, func(c *server.Config) {
		c.Limits = server.Off
		c.Quotas = transport.Quotas{Principal: transport.Rate{PerMinute: 1}, Failures: transport.Rate{PerMinute: 1}, Calls: 1}
	})
	bob := f.as(t, "bob", "echo:use")
	for range 5 {
		f.accepted(t, "without limits", func() *servertest.Answer { return bob.Call("echo", map[string]any{"text": "x"}) })
		if a := f.Client(t, "bad").Send("tools/list", nil); a.Status != http.StatusUnauthorized {
			t.Errorf("a bad token: %v", a)
		}
	}
	if got := f.Server.Server().Calls(); got != (transport.CallStats{}) {
		t.Errorf("%+v", got)
	}
}

// serveDevelopment returns the handler of a server with its embedded
// authorization server.
func serveDevelopment(t *testing.T, change func(*server.Config)) (http.Handler, *server.Server) {
	t.Helper()
	cfg := fixtureConfig(new(atomic.Int64))
	cfg.Policy = filepath.Join(t.TempDir(), "policy.csv")
	writeFile(t, cfg.Policy, fixturePolicy)
	cfg.Stderr = io.Discard
	change(&cfg)
	s, err := server.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	handler, err := s.Handler(server.DefaultPath)
	if err != nil {
		t.Fatal(err)
	}
	return handler, s
}

// ask sends one request to the embedded authorization server.
func ask(handler http.Handler, method, path, contentType, body, remote string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://"+server.DefaultAddr+path, strings.NewReader(body))
	r.RemoteAddr = remote
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

const (
	here         = "127.0.0.1:50000"
	there        = "127.0.0.2:50000"
	registration = `{"redirect_uris":["http://127.0.0.1/cb"],"token_endpoint_auth_method":"none"}`
	form         = "application/x-www-form-urlencoded"
)

// TestO26_FloodOfRegistrations: 429 after a while, from one address and for a
// moment.
func TestO26_FloodOfRegistrations(t *testing.T) {
	clock := &standing{at: time.Now()}
	handler, s := serveDevelopment(t, func(c *server.Config) { c.Now = clock.now })
	register := func(remote string) *httptest.ResponseRecorder {
		return ask(handler, http.MethodPost, "/register", "application/json", registration, remote)
	}
	count := map[int]int{}
	for range 1000 {
		count[register(here).Code]++
	}
	if diff := cmp.Diff(map[int]int{http.StatusCreated: 300, http.StatusTooManyRequests: 700}, count); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	w := register(here)
	if w.Header().Get("Retry-After") != "1" || w.Header().Get("Access-Control-Allow-Origin") != "*" ||
		!strings.Contains(w.Body.String(), `"error":"temporarily_unavailable"`) {
		t.Errorf("refused with %v %s", w.Header(), w.Body)
	}
	if w := ask(handler, http.MethodOptions, "/register", "", "", here); w.Code != http.StatusNoContent {
		t.Errorf("preflight: %d", w.Code)
	}
	if w := register(there); w.Code != http.StatusCreated {
		t.Errorf("another address: %d", w.Code)
	}
	clock.move(time.Second)
	if w := register(here); w.Code != http.StatusCreated {
		t.Errorf("a second later: %d", w.Code)
	}
	s.Close()
	if got, want := s.AuditStats(), (server.AuditStats{Decisions: 701, Aggregated: 701}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestO46_LoginBruteForce: no guess is looked at beyond the limit, nor a code at
// the token endpoint.
func TestO46_LoginBruteForce(t *testing.T) {
	for path, row := range map[string]struct {
		method string
		burst  int
	}{
		"/login":     {http.MethodPost, 300},
		"/consent":   {http.MethodPost, 300},
		"/token":     {http.MethodPost, 1200},
		"/revoke":    {http.MethodPost, 1200},
		"/authorize": {http.MethodGet, 600},
	} {
		t.Run(path[1:], func(t *testing.T) {
			clock := &standing{at: time.Now()}
			handler, _ := serveDevelopment(t, func(c *server.Config) { c.Now = clock.now })
			guess := func() int { return ask(handler, row.method, path, form, "user=alice", here).Code }
			usual := guess()
			if usual == http.StatusTooManyRequests || usual == http.StatusNotFound {
				t.Fatalf("the first: %d", usual)
			}
			for i := 1; i < row.burst; i++ {
				if got := guess(); got != usual {
					t.Fatalf("guess %d: %d, want %d", i+1, got, usual)
				}
			}
			if got := guess(); got != http.StatusTooManyRequests {
				t.Errorf("guess %d: %d", row.burst+1, got)
			}
			if w := ask(handler, http.MethodGet, "/.well-known/oauth-authorization-server", "", "", here); w.Code != http.StatusOK {
				t.Errorf("metadata: %d", w.Code)
			}
			clock.move(time.Second)
			if got := guess(); got != usual {
				t.Errorf("a second later: %d, want %d", got, usual)
			}
		})
	}
}

func TestEmbeddedLimitsOff(t *testing.T) {
	handler, _ := serveDevelopment(t, func(c *server.Config) { c.Limits = server.Off })
	for range 301 {
		if w := ask(handler, http.MethodPost, "/login", form, "user=alice", here); w.Code == http.StatusTooManyRequests {
			t.Fatal("limited")
		}
	}
}
