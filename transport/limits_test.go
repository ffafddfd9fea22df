package transport_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/transport"
)

// clock is a clock that stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Now()} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// limited runs a server with these quotas and a clock of its own.
func limited(t *testing.T, q transport.Quotas, adjust ...func(*harness)) (*harness, *clock) {
	t.Helper()
	c := newClock()
	limits, err := transport.NewLimits(q, c.now)
	if err != nil {
		t.Fatal(err)
	}
	adjust = append(adjust, func(h *harness) { h.config.Limits, h.config.Now = limits, c.now })
	return start(t, adjust...), c
}

// toolWith returns a good request for a tool with another token; "" is none.
func (h *harness) toolWith(token, tool string) *http.Request {
	r := h.request(callBody(tool))
	r.Header.Set("Authorization", "Bearer "+token)
	if token == "" {
		r.Header.Del("Authorization")
	}
	return r
}

// tooMany sends a request that must be refused as one too many.
func (h *harness) tooMany(t *testing.T, r *http.Request, reason, after string) answer {
	t.Helper()
	a := h.refused(t, r, http.StatusTooManyRequests, http.StatusTooManyRequests)
	if got := a.header.Get("Retry-After"); got != after {
		t.Errorf("Retry-After %q, want %q", got, after)
	}
	if last := h.gate.last(); last.reason != reason || last.kind != "refused" {
		t.Errorf("recorded as %s %s, want refused %s", last.kind, last.reason, reason)
	}
	if a.header.Get("WWW-Authenticate") != "" {
		t.Error("a challenge, though another token would not help")
	}
	return a
}

func TestLimitsOfVerifiedCallers(t *testing.T) {
	rate := transport.Rate{PerMinute: 20, Burst: 2} // one comes back in three seconds
	rows := []struct {
		name   string
		quotas transport.Quotas
		reason string
		over   [2]string // token and tool that are refused after two calls of good and allowed
		free   [2]string // token and tool that are not
	}{
		{"principal", transport.Quotas{Principal: rate}, "rate_principal", [2]string{"other", "mirrored"}, [2]string{"bob", "allowed"}},
		{"tool", transport.Quotas{Tool: rate}, "rate_tool", [2]string{"other", "allowed"}, [2]string{"good", "secret_1"}},
		{"client", transport.Quotas{Client: rate}, "rate_client", [2]string{"bob", "allowed"}, [2]string{"other", "allowed"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			h, c := limited(t, row.quotas)
			for range 2 {
				h.accepted(t, h.toolWith("good", "allowed"))
			}
			a := h.tooMany(t, h.toolWith(row.over[0], row.over[1]), row.reason, "3")
			if id := string(a.rpc(t).ID); id != "1" {
				t.Errorf("id %s", id)
			}
			if last := h.gate.last(); last.method != "tools/call" || last.name != row.over[1] || last.who == "" {
				t.Errorf("record %+v", last)
			}
			h.accepted(t, h.toolWith(row.free[0], row.free[1]))
			c.move(2500 * time.Millisecond)
			h.tooMany(t, h.toolWith("good", "allowed"), row.reason, "1")
			c.move(500 * time.Millisecond)
			h.accepted(t, h.toolWith("good", "allowed"))
		})
	}
}

// TestLimitsNarrowFirst: who is over a budget of his own takes nothing from the
// one that he shares.
func TestLimitsNarrowFirst(t *testing.T) {
	h, _ := limited(t, transport.Quotas{
		Principal: transport.Rate{PerMinute: 60, Burst: 2}, Client: transport.Rate{PerMinute: 60, Burst: 3},
	})
	for range 2 {
		h.accepted(t, h.toolWith("good", "allowed"))
	}
	for range 5 {
		h.tooMany(t, h.toolWith("good", "allowed"), "rate_principal", "1")
	}
	h.accepted(t, h.toolWith("bob", "allowed"))
	h.tooMany(t, h.toolWith("bob", "allowed"), "rate_client", "1")
}

// TestLimitsCountWhateverAVerifiedCallerSends also if it is nothing a decision
// would be asked for.
func TestLimitsCountWhateverAVerifiedCallerSends(t *testing.T) {
	malformed := `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":[]}`
	for name, body := range map[string]string{
		"malformed":    malformed,
		"notification": `{"jsonrpc":"2.0","method":"notifications/x","params":{` + meta + `}}`,
		"list":         rpc("tools/list", ""),
	} {
		t.Run(name, func(t *testing.T) {
			h, c := limited(t, transport.Quotas{Principal: transport.Rate{PerMinute: 60, Burst: 1}})
			send(t, h.request(body))
			h.tooMany(t, h.request(callBody("allowed")), "rate_principal", "1")
			a := h.tooMany(t, h.request(body), "rate_principal", "1")
			if body == malformed && string(a.rpc(t).ID) != "7" {
				t.Errorf("the id is lost: %s", a.body)
			}
			c.move(time.Second)
			h.accepted(t, h.request(callBody("allowed")))
		})
	}
	for _, d := range []defect{
		{"method", func(r *http.Request) { r.Method = http.MethodDelete }, 405, -32600},
		{"media type", set("Content-Type", "text/plain"), 415, -32600},
		{"size", func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat(" ", 2<<20))), 2<<20
		}, 413, -32600},
	} {
		t.Run(d.name, func(t *testing.T) {
			h, c := limited(t, transport.Quotas{Principal: transport.Rate{PerMinute: 60, Burst: 1}})
			bad := func() *http.Request {
				r := h.request(callBody("allowed"))
				d.spoil(r)
				return r
			}
			h.refused(t, bad(), d.status, d.code)
			h.tooMany(t, h.request(callBody("allowed")), "rate_principal", "1")
			h.tooMany(t, bad(), "rate_principal", "1")
			c.move(time.Second)
			h.accepted(t, h.request(callBody("allowed")))
		})
	}
}

// TestLimitsHangUp: a refusal by a limit keeps no connection whose next bytes are
// a body that nobody reads.
func TestLimitsHangUp(t *testing.T) {
	h, c := limited(t, transport.Quotas{Principal: transport.Rate{PerMinute: 60, Burst: 1}}, func(h *harness) { h.config.MaxBody = 1000 })
	large := strings.Repeat(" ", 1001)
	huge := h.keptPost("good", sized(large), large)
	for _, want := range []string{"HTTP/1.1 413 ", "HTTP/1.1 429 "} {
		if _, got := h.pipeline(t, huge); !strings.HasPrefix(got, want) || !strings.Contains(got, "\r\nConnection: close\r\n") {
			t.Errorf("want %s: %s", want, got)
		}
	}
	c.move(time.Second)
	body := callBody("allowed")
	if ran, got := h.pipeline(t, h.keptPost("good", last+sized(body), body)); ran != 1 {
		t.Errorf("a second later: %s", got)
	}
}

// TestLimitsOfPages: a page can read that it is to wait and until when, and what
// a browser asks before its requests is neither counted nor refused.
func TestLimitsOfPages(t *testing.T) {
	one := transport.Rate{PerMinute: 20, Burst: 1}
	for reason, row := range map[string]struct {
		quotas transport.Quotas
		token  string
		first  int
	}{
		"rate_address":        {transport.Quotas{Address: one}, "", 401},
		"rate_token_failures": {transport.Quotas{Failures: one}, "bad", 401},
		"rate_principal":      {transport.Quotas{Principal: one}, "good", 200},
		"rate_tool":           {transport.Quotas{Tool: one}, "good", 200},
		"rate_client":         {transport.Quotas{Client: one}, "good", 200},
	} {
		t.Run(reason, func(t *testing.T) {
			h, c := limited(t, row.quotas, withApp)
			ask := func(origin string) *http.Request {
				r := h.toolWith(row.token, "allowed")
				set("Origin", origin)(r)
				return r
			}
			for range 5 {
				h.granted(t, h.preflight())
			}
			if a := send(t, ask(app)); a.status != row.first {
				t.Fatalf("the first: %d %s", a.status, a.body)
			}
			a := h.tooMany(t, ask(app), reason, "3")
			if diff := cmp.Diff(readable(), cors(a.header)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			h.granted(t, h.preflight())
			h.refused(t, ask("https://evil.example"), 403, 403)
			c.move(3 * time.Second)
			if a := send(t, ask(app)); a.status != row.first {
				t.Errorf("three seconds later: %d %s", a.status, a.body)
			}
		})
	}
}

// TestLimitOfOptions: an OPTIONS without a token that is no preflight is a request
// without a token.
func TestLimitOfOptions(t *testing.T) {
	h, c := limited(t, transport.Quotas{Address: transport.Rate{PerMinute: 60, Burst: 1}}, withApp)
	options := func() *http.Request {
		r := h.preflight()
		set("Access-Control-Request-Method")(r)
		return r
	}
	h.refused(t, options(), 401, 401)
	h.tooMany(t, options(), "rate_address", "1")
	h.granted(t, h.preflight())
	c.move(time.Second)
	h.refused(t, options(), 401, 401)
}

func TestLimitOfAnAddressWithoutToken(t *testing.T) {
	metadata := func(h *harness) *http.Request {
		r, _ := http.NewRequest(http.MethodGet, strings.TrimSuffix(h.url, "/mcp")+"/.well-known/oauth-protected-resource", nil)
		return r
	}
	h, c := limited(t, transport.Quotas{Address: transport.Rate{PerMinute: 60, Burst: 2}})
	h.refused(t, h.toolWith("", "allowed"), 401, 401)
	if a := send(t, metadata(h)); a.status != http.StatusOK {
		t.Fatalf("metadata: %d", a.status)
	}
	h.tooMany(t, h.toolWith("", "allowed"), "rate_address", "1")
	if a := h.tooMany(t, metadata(h), "rate_address", "1"); a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("a page cannot read that it is to wait")
	}
	h.refused(t, h.toolWith("bad", "allowed"), 401, 401)
	h.accepted(t, h.toolWith("good", "allowed"))
	c.move(2 * time.Second)
	h.refused(t, h.toolWith("", "allowed"), 401, 401)
	if a := send(t, metadata(h)); a.status != http.StatusOK {
		t.Fatalf("metadata: %d", a.status)
	}
}

func (v *fakeVerifier) revoke(token string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.callers, token)
}

// TestLimitOfFailedTokens: tokens that are no good are soon not even looked at,
// and those that are good do not suffer from the address they come from.
func TestLimitOfFailedTokens(t *testing.T) {
	one := transport.Quotas{Failures: transport.Rate{PerMinute: 60, Burst: 1}}
	t.Run("a good token among bad ones", func(t *testing.T) {
		h, c := limited(t, one)
		for range 3 {
			h.accepted(t, h.toolWith("good", "allowed"))
		}
		h.refused(t, h.toolWith("bad", "allowed"), 401, 401)
		asked := h.verifier.count()
		h.tooMany(t, h.toolWith("bad", "allowed"), "rate_token_failures", "1")
		h.tooMany(t, h.toolWith("worse", "allowed"), "rate_token_failures", "1")
		if h.verifier.count() != asked {
			t.Error("a token was verified beyond the limit")
		}
		for range 3 {
			h.accepted(t, h.toolWith("good", "allowed"))
		}
		h.tooMany(t, h.toolWith("bob", "allowed"), "rate_token_failures", "1") // good, but nobody knows yet
		c.move(time.Second)
		h.accepted(t, h.toolWith("bob", "allowed"))
		h.accepted(t, h.toolWith("other", "allowed")) // bob's took nothing
		h.refused(t, h.toolWith("bad", "allowed"), 401, 401)
	})
	t.Run("a token that was good", func(t *testing.T) {
		h, _ := limited(t, one)
		h.accepted(t, h.toolWith("good", "allowed"))
		h.verifier.revoke("good")
		h.refused(t, h.toolWith("good", "allowed"), 401, 401)
		h.tooMany(t, h.toolWith("good", "allowed"), "rate_token_failures", "1")
	})
	t.Run("a token that cannot be verified", func(t *testing.T) {
		h, _ := limited(t, one)
		for range 3 {
			h.refused(t, h.toolWith("down", "allowed"), 503, 503)
		}
		h.refused(t, h.toolWith("bad", "allowed"), 401, 401)
		h.tooMany(t, h.toolWith("down", "allowed"), "rate_token_failures", "1")
	})
	t.Run("a header that is no token", func(t *testing.T) {
		h, c := limited(t, one)
		r := h.request(callBody("allowed"))
		set("Authorization", "Basic YTpi")(r)
		h.refused(t, r.Clone(t.Context()), 401, 401)
		r.Body, _ = r.GetBody()
		h.tooMany(t, r, "rate_token_failures", "1")
		c.move(time.Second)
		h.accepted(t, h.toolWith("good", "allowed"))
	})
	t.Run("a verifier that panics", func(t *testing.T) {
		h, _ := limited(t, one)
		h.refused(t, h.toolWith("panic", "allowed"), 500, -32603)
		h.tooMany(t, h.toolWith("panic", "allowed"), "rate_token_failures", "1")
	})
}

func TestNoLimits(t *testing.T) {
	h := start(t, func(h *harness) { h.config.Limits = nil })
	for range 5 {
		h.accepted(t, h.toolWith("good", "allowed"))
		h.refused(t, h.toolWith("bad", "allowed"), 401, 401)
		h.refused(t, h.toolWith("down", "allowed"), 503, 503)
		h.refused(t, h.toolWith("", "allowed"), 401, 401)
	}
	if got := h.config.Limits.Calls(); got != (transport.CallStats{}) {
		t.Errorf("%+v", got)
	}
}

func TestQuotasCheck(t *testing.T) {
	rows := map[string]struct {
		quotas transport.Quotas
		want   []string
	}{
		"zero":     {transport.Quotas{}, nil},
		"defaults": {transport.DefaultQuotas(), nil},
		"largest": {transport.Quotas{
			Tool: transport.Rate{PerMinute: 1e9, Burst: 1e6}, Calls: 1e6, CallsPerPrincipal: 1e6, CallTime: 24 * time.Hour, Connections: 1e6,
		}, nil},
		"too much": {transport.Quotas{
			Tool: transport.Rate{PerMinute: 1e9 + 1, Burst: 1e6 + 1}, Calls: 1e6 + 1, CallsPerPrincipal: -1, CallTime: 24*time.Hour + 1, Connections: 1e6 + 1,
		}, []string{
			`Quotas.Tool.PerMinute = "1000000001": it is not between 0, which means the default, and 1000000000`,
			`Quotas.Tool.Burst = "1000001"`, `Quotas.Calls = "1000001"`, `Quotas.CallsPerPrincipal = "-1"`, `Quotas.CallTime = "24h0m0.000000001s"`, `Quotas.Connections = "1000001"`,
		}},
		"burst alone": {transport.Quotas{Client: transport.Rate{Burst: 5}}, []string{`Quotas.Client.PerMinute = "0": there is a Burst that would never come back; set both`}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			limits, err := transport.NewLimits(row.quotas, nil)
			if (err == nil) != (row.want == nil) || (limits == nil) != (row.want != nil) {
				t.Fatalf("%v, %v", limits, err)
			}
			for _, want := range row.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v\nlacks %s", err, want)
				}
			}
		})
	}
}

func ExampleNewLimits() {
	limits, err := transport.NewLimits(transport.Quotas{
		Principal: transport.Rate{PerMinute: 600, Burst: 100},
		CallTime:  time.Minute,
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	running, _ := json.Marshal(limits.Calls())
	fmt.Println(string(running))
	// Output: {"Running":0,"Abandoned":0}
}
