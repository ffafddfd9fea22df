package client

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// olderServer serves an older revision only, in one session.
type olderServer struct {
	version string // what it agrees to
	refuses func(w http.ResponseWriter)
	log     []string
}

func (o *olderServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var message struct {
		Method string `json:"method"`
	}
	_ = json.Unmarshal(body, &message)
	o.log = append(o.log, strings.TrimSpace(strings.Join([]string{r.Method, message.Method, r.Header.Get("Mcp-Protocol-Version"), r.Header.Get("Mcp-Session-Id")}, " ")))
	w.Header().Set("Content-Type", "application/json")
	switch {
	case message.Method == "initialize":
		w.Header().Set("Mcp-Session-Id", "s1")
		result(w, body, `{"protocolVersion": "`+o.version+`", "capabilities": {}, "serverInfo": {"name": "old", "version": "1"}}`)
	case r.Header.Get("Mcp-Session-Id") != "s1":
		o.refuses(w)
	case r.Method == http.MethodDelete:
	case strings.HasPrefix(message.Method, "notifications/"):
		w.WriteHeader(http.StatusAccepted)
	case message.Method == "tools/list":
		result(w, body, `{"tools": [`+search+`]}`)
	default:
		for name := range r.Header {
			if strings.HasPrefix(name, "Mcp-Param") || name == "Mcp-Method" {
				o.log = append(o.log, "header "+name)
			}
		}
		result(w, body, `{"content": [{"type": "text", "text": "old"}]}`)
	}
}

// TestOlder falls back to the handshake where a server does not speak 2026-07-28, however it says so.
func TestOlder(t *testing.T) {
	for name, refuses := range map[string]http.HandlerFunc{
		"by its code":      answer(400, `{"error": {"code": -32022, "data": {"supported": ["2025-11-25"]}}}`),
		"in words":         answer(400, `Bad Request: Unsupported protocol version`),
		"for no session":   answer(400, `{"jsonrpc": "2.0", "error": {"code": -32000, "message": "no session"}}`),
		"by not having it": answer(404, ``),
	} {
		t.Run(name, func(t *testing.T) {
			f := startFake(t)
			for _, version := range []string{"2025-11-25", "2025-06-18"} {
				old := &olderServer{version: version, refuses: func(w http.ResponseWriter) { refuses(w, nil) }}
				f.at["/mcp"] = old.ServeHTTP
				c, _ := newClient(t, nil, t.TempDir(), "nobody")
				if got, err := call(t, c, CallRequest{URL: f.url, Tool: "search", Words: []string{"q=x"}}); err != nil || got != "old" {
					t.Errorf("%q, %v", got, err)
				}
				want := []string{
					"POST tools/list 2026-07-28", "POST initialize", "POST notifications/initialized " + version + " s1",
					"POST tools/list " + version + " s1", "POST tools/call " + version + " s1", "DELETE  " + version + " s1",
				}
				if diff := cmp.Diff(want, old.log); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

// TestOlder_Not keeps to 2026-07-28, or gives up, where the handshake would be wrong.
func TestOlder_Not(t *testing.T) {
	for name, tt := range map[string]struct {
		version string
		refuses http.HandlerFunc
		want    string
	}{
		"other revisions only":    {"", answer(400, `{"error": {"code": -32022, "data": {"supported": ["2027-01-01"]}}}`), "but 2027-01-01"},
		"a header is wrong":       {"", answer(400, `{"error": {"code": -32020, "message": "mismatch"}}`), "mismatch"},
		"a method is missing":     {"", answer(404, `{"error": {"code": -32601, "message": "unknown"}}`), "unknown"},
		"down":                    {"", answer(503, ``), "cannot answer now"},
		"an older one than known": {"2025-03-26", answer(400, ``), `speaks revision "2025-03-26"`},
	} {
		t.Run(name, func(t *testing.T) {
			f := startFake(t)
			old := &olderServer{version: tt.version, refuses: func(w http.ResponseWriter) { tt.refuses(w, nil) }}
			f.at["/mcp"] = old.ServeHTTP
			c, _ := newClient(t, nil, t.TempDir(), "nobody")
			_, err := c.Tools(t.Context(), f.url)
			wantError(t, err, tt.want)
			if tt.version == "" && len(old.log) != 1 {
				t.Errorf("asked %q", old.log)
			}
		})
	}
}

// TestOlder_Late takes an odd refusal for one, once the server has answered in 2026-07-28.
func TestOlder_Late(t *testing.T) {
	f := startFake(t)
	var methods []string
	list := listing(func(w http.ResponseWriter, _ []byte) { w.WriteHeader(http.StatusBadRequest) })
	f.calls = func(w http.ResponseWriter, method string, body []byte) {
		methods = append(methods, method)
		list(w, method, body)
	}
	c, _ := loggedInFake(t, f)
	_, err := call(t, c, CallRequest{URL: f.url, Tool: "search"})
	wantError(t, err, "status 400")
	if diff := cmp.Diff([]string{"tools/list", "tools/call"}, methods); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestOlder_StepUp goes through both doors in an older revision of a server that has both.
func TestOlder_StepUp(t *testing.T) {
	n := startNotebook(t)
	c, _ := loggedIn(t, n, "bob", "notes:read")
	held := held(t, c, n.url)
	s := &session{client: c, resource: n.url, held: &held}
	if err := s.initialize(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.close(t.Context())
	if _, err := s.do(t.Context(), message{method: "tools/call", params: map[string]any{"name": "notes_search", "arguments": map[string]any{}}}); err != nil {
		t.Error(err)
	}
	_, err := s.do(t.Context(), message{method: "tools/call", params: map[string]any{"name": "notes_create", "arguments": map[string]any{}}})
	wantError(t, err, "door one is shut")
	_, err = s.do(t.Context(), message{method: "tools/call", params: map[string]any{"name": "notes_delete", "arguments": map[string]any{}}})
	wantError(t, err, "door two is shut")
}
