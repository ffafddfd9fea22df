package doctor_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sallyport-mcp/sallyport/internal/doctor"
)

// TestRefusesToExamine names what no examination is made of.
func TestRefusesToExamine(t *testing.T) {
	for url, reason := range map[string]string{
		"":                              "no http or https URL",
		"mcp.example.com/mcp":           "no http or https URL",
		"ftp://mcp.example.com/mcp":     "no http or https URL",
		"https://":                      "no http or https URL",
		"https://a:b@mcp.example.com/":  "user name or a password",
		"https://mcp.example.com/mcp#a": "fragment",
		"http://[::1":                   "no URL",
		"http://127.0.0.1:1/mcp":        "does not answer",
	} {
		_, err := doctor.Examine(t.Context(), doctor.Options{URL: url})
		if err == nil || !strings.Contains(err.Error(), reason) || strings.Contains(err.Error(), "a:b") {
			t.Errorf("%q: %v, want %q", url, err, reason)
		}
	}
	for _, token := range []string{"a b", "a\nb", "=", "a=b", "\u00fc"} {
		if _, err := doctor.Examine(t.Context(), doctor.Options{URL: "http://127.0.0.1:1/mcp", Token: token}); err == nil || !strings.Contains(err.Error(), "the token is not one") {
			t.Errorf("%q: %v", token, err)
		}
	}
}

// recorder remembers what came to a server.
type recorder struct {
	mu   sync.Mutex
	seen []string
}

func (r *recorder) add(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, fmt.Sprintf(format, args...))
}

// TestOnlyReads looks at everything that is sent to a server: no tool that exists is called, nothing is registered, and the real token
// goes to the endpoint alone and never into a URL.
func TestOnlyReads(t *testing.T) {
	var sent recorder
	f := changed(func(q *question, _ *answer) {
		sent.add("%s %s %s name=%s token=%t", q.Method, q.URL.Path, q.method, q.Header.Get("Mcp-Name"), q.Header.Get("Authorization") == "Bearer "+goodToken)
		if strings.Contains(q.URL.String(), goodToken) || strings.Contains(q.body, goodToken) {
			t.Errorf("the token is in %s or its body", q.URL)
		}
	})
	report := examine(t, &f)
	if len(sent.seen) != report.Requests || report.Requests > 80 {
		t.Errorf("%d requests came, %d were counted", len(sent.seen), report.Requests)
	}
	for _, line := range sent.seen {
		if strings.Contains(line, "tools/call") && !strings.Contains(line, "name=sallyport_doctor_no_such_tool") || strings.Contains(line, "resources/read") ||
			strings.Contains(line, "/register") || strings.Contains(line, "token=true") && !strings.HasPrefix(line, "POST /mcp ") && !strings.HasPrefix(line, "DELETE /mcp ") {
			t.Error(line)
		}
	}
	if !slices.ContainsFunc(sent.seen, func(line string) bool {
		return strings.HasPrefix(line, "DELETE /mcp") && strings.HasSuffix(line, "token=true")
	}) {
		t.Error("the session is left behind")
	}
}

// TestTokenStaysHere keeps the token from servers that it should not go to.
func TestTokenStaysHere(t *testing.T) {
	for name, f := range map[string]fake{
		"plain http":              {host: "mcp.invalid"},
		"a certificate of nobody": {secure: true, adjust: func(o *doctor.Options) { o.Roots = nil }},
	} {
		var came atomic.Int32
		f.change = func(q *question, _ *answer) {
			if strings.Contains(q.Header.Get("Authorization"), goodToken) {
				came.Add(1)
			}
		}
		report := examine(t, &f)
		if got := finding(report, "auth.accepted"); came.Load() > 0 || got.Severity != doctor.Skipped || !strings.Contains(got.Seen, "the token is not sent") {
			t.Errorf("%s: the token came %d times; %+v", name, came.Load(), got)
		}
	}
}

// TestRedirects follows a document within its origin and nothing else.
func TestRedirects(t *testing.T) {
	var elsewhere recorder
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { elsewhere.add("%s", r.URL) }))
	defer other.Close()
	for to, want := range map[string]doctor.Severity{other.URL: doctor.Problem, "": doctor.OK} {
		f := changed(func(q *question, a *answer) {
			switch {
			case strings.HasPrefix(q.path, "/.well-known/oauth-protected-resource"):
				setHeader(a, "Location", to+"/moved")
				a.status = 302
			case q.path == "/moved":
				*a = document(map[string]any{"resource": q.fake.origin + "/mcp", "authorization_servers": []string{q.fake.origin}})
			case q.is("tools/list"):
				setHeader(a, "Location", other.URL)
				a.status = 307
			}
		})
		f.adjust = func(o *doctor.Options) { o.Dial = nil }
		report := examine(t, &f)
		if got := finding(report, "metadata.found"); got.Severity != want {
			t.Errorf("to %q: %+v", to, got)
		}
		if got := finding(report, "gate.list"); got.Severity != doctor.Warning {
			t.Errorf("%+v", got)
		}
	}
	if len(elsewhere.seen) > 0 {
		t.Errorf("followed elsewhere: %v", elsewhere.seen)
	}
}

// TestIssuerOnThisMachine: a server elsewhere that names an issuer on loopback or on the link does not get it asked.
func TestIssuerOnThisMachine(t *testing.T) {
	var asked recorder
	local := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked.add("%s", r.URL) }))
	defer local.Close()
	port := local.URL[strings.LastIndex(local.URL, ":"):]
	for _, named := range []string{"http://127.0.0.1" + port, "http://localhost" + port, "http://169.254.169.254"} {
		f := resource("authorization_servers", []string{named})
		f.host = "mcp.invalid"
		if got := finding(examine(t, &f), "issuer.metadata"); got.Severity != doctor.Problem || !strings.Contains(got.Seen, "not https") {
			t.Errorf("%s: %+v", named, got)
		}
	}
	if len(asked.seen) > 0 {
		t.Errorf("asked: %v", asked.seen)
	}
}

// TestFewIssuersAreAsked: a server that names many issuers gets the first few of them asked, and others left alone.
func TestFewIssuersAreAsked(t *testing.T) {
	var asked recorder
	var named []string
	for i := range 9 {
		issuer := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.add("%d", i) }))
		defer issuer.Close()
		named = append(named, issuer.URL)
	}
	f := resource("authorization_servers", named)
	f.adjust = func(o *doctor.Options) { o.Dial = nil }
	examine(t, &f)
	slices.Sort(asked.seen)
	if got := strings.Join(slices.Compact(asked.seen), " "); got != "0 1 2" {
		t.Errorf("asked: %s", got)
	}
}

// TestTimeIsBounded: a server that takes no end is left when the time is up, and the report says how much is missing.
func TestTimeIsBounded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var asked atomic.Int32
	f := changed(func(q *question, _ *answer) {
		if asked.Add(1) == 9 {
			cancel()
			<-q.Context().Done()
		}
	})
	report, err := doctor.Examine(ctx, f.start(t))
	if err != nil {
		t.Fatal(err)
	}
	if report.Unseen == 0 || report.Unseen < report.Counts.Skipped-5 {
		t.Errorf("%d of %d skipped are unseen", report.Unseen, report.Counts.Skipped)
	}
	if report.Counts.OK > 20 {
		t.Errorf("%d things are right that nobody looked at", report.Counts.OK)
	}
}

// TestTooManyRequests: what a rate limit hides is not right.
func TestTooManyRequests(t *testing.T) {
	f := status(429, garbage)
	if report := examine(t, &f); report.Unseen != 1 || finding(report, "token.garbage").Severity != doctor.Skipped {
		t.Errorf("%d unseen, %+v", report.Unseen, finding(report, "token.garbage"))
	}
}

// TestLongAnswers: of a long answer only the beginning is read. What else the server could write is what the network holds.
func TestLongAnswers(t *testing.T) {
	const length, held = 32 << 20, 16 << 20
	var most atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(401)
		written := int64(0)
		for chunk := bytes.Repeat([]byte("x"), 64<<10); written < length && r.Method != http.MethodHead; {
			n, err := w.Write(chunk)
			if written += int64(n); err != nil {
				break
			}
		}
		most.Store(max(most.Load(), written))
	}))
	defer s.Close()
	report, err := doctor.Examine(t.Context(), doctor.Options{URL: s.URL + "/mcp"})
	if err != nil {
		t.Fatal(err)
	}
	if got := finding(report, "challenge.body"); got.Severity != doctor.Warning || len(got.Seen) > 300 || report.Unseen > 0 {
		t.Errorf("%d unseen, %+v", report.Unseen, got)
	}
	if most.Load() > held {
		t.Errorf("%d bytes of one answer were taken", most.Load())
	}
}

// TestHangingUpIsRefusing: a server that ends the connection has refused.
func TestHangingUpIsRefusing(t *testing.T) {
	f := changed(func(q *question, _ *answer) {
		if q.Method == "TRACE" {
			panic(http.ErrAbortHandler)
		}
	})
	if got := finding(examine(t, &f), "method.trace"); got.Severity != doctor.OK || !strings.Contains(got.Seen, "closed") {
		t.Errorf("%+v", got)
	}
}
