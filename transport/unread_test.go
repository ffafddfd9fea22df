package transport_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/transport"
)

// hurried is a writer that knows how long a body may take.
type hurried struct {
	*httptest.ResponseRecorder
	limit time.Duration
}

func (h *hurried) SetReadDeadline(at time.Time) error {
	h.limit = time.Until(at).Round(time.Second)
	return nil
}

// TestF04_HowLongABodyMayTake asks each handler that is made here, in a server whose limits
// are not ours, how long it waits for a body.
func TestF04_HowLongABodyMayTake(t *testing.T) {
	var endpoint *transport.Endpoint
	h := start(t, func(h *harness) { h.made = func(made *transport.Endpoint) { endpoint = made } })
	reads := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	guarded := endpoint.Aside(func(string) bool { return true }, endpoint.Guard(reads))
	metadata := "/.well-known/oauth-protected-resource/mcp"
	for name, c := range map[string]struct {
		handler             http.Handler
		method, path, token string
		body                string
		want                time.Duration
	}{
		"metadata":             {endpoint, "GET", metadata, "", "x", transport.DrainTimeout},
		"without a body":       {endpoint, "GET", metadata, "", "", 0},
		"a preflight":          {endpoint, "OPTIONS", "/mcp", "", "x", transport.DrainTimeout},
		"no token":             {endpoint, "POST", "/mcp", "", "x", transport.DrainTimeout},
		"of the application":   {transport.NewHTTPServer(reads).Handler, "GET", "/", "", "x", transport.DrainTimeout},
		"an upload":            {transport.NewHTTPServer(reads).Handler, "PUT", "/", "", "x", 0},
		"aside":                {endpoint.Aside(func(string) bool { return true }, reads), "POST", "/", "", "x", transport.DrainTimeout},
		"guarded, no token":    {guarded, "POST", "/", "", "x", transport.DrainTimeout},
		"guarded, with a body": {guarded, "POST", "/", "good", "x", transport.BodyTimeout},
	} {
		r := httptest.NewRequest(c.method, "http://"+h.host+c.path, strings.NewReader(c.body))
		if c.token != "" {
			r.Header.Set("Authorization", "Bearer "+c.token)
		}
		w := &hurried{ResponseRecorder: httptest.NewRecorder()}
		c.handler.ServeHTTP(w, r)
		if w.limit != c.want {
			t.Errorf("%s: %v, want %v", name, w.limit, c.want)
		}
	}
}
