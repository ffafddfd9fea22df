package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/sallyport-mcp/sallyport/server/servertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func shop() *orders { return newOrders(map[string]string{"1001": "shipped", "1002": "open"}) }

func TestPolicy(t *testing.T) { servertest.TestPolicy(t, config(shop(), "127.0.0.1:8080")) }

func TestOrders(t *testing.T) {
	srv := servertest.Start(t, config(shop(), ""))
	bob := srv.Client(t, srv.Token(t, servertest.User("bob"), "orders:write"))
	if answer := bob.Call("order_cancel", map[string]any{"id": "1002"}); !answer.Denied("orders:cancel") {
		t.Errorf("bob cancels: %v", answer)
	}
	alice := srv.Client(t, srv.Token(t, servertest.User("alice"), "orders:write"))
	for _, c := range []struct{ tool, id, want string }{
		{"order_status", "1002", "open"},
		{"order_cancel", "1002", "cancelled order 1002"},
		{"order_cancel", "1001", `order "1001" is not open`},
		{"order_status", "1003", `there is no order "1003"`},
	} {
		if answer := alice.Call(c.tool, map[string]any{"id": c.id}); answer.Text() != c.want {
			t.Errorf("%s %s: %v, want %q", c.tool, c.id, answer, c.want)
		}
	}
}

// TestMount asks the application for its own pages and for those of the endpoint.
func TestMount(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := config(shop(), listener.Addr().String())
	cfg.Audit = "file:" + filepath.Join(t.TempDir(), "audit.jsonl")
	router := pages(shop())
	mcp, err := mount(router, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer mcp.Close()
	app := &httptest.Server{Listener: listener, Config: &http.Server{Handler: router}}
	app.Start()
	defer app.Close()
	for path, want := range map[string]int{
		"/orders/1001": http.StatusOK,
		"/orders/1":    http.StatusNotFound,
		"/mcp":         http.StatusUnauthorized,
		"/elsewhere":   http.StatusNotFound,
		"/.well-known/oauth-protected-resource/mcp": http.StatusOK,
		"/.well-known/oauth-authorization-server":   http.StatusOK,
	} {
		response, err := app.Client().Get(app.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("GET %s: %d, want %d", path, response.StatusCode, want)
		}
	}
}

// TestServeRefuses starts on an address that is taken, and with a policy that is not there.
func TestServeRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	if err := serve(shop(), taken.Addr().String()); err == nil {
		t.Error("it serves where something else does")
	}
	t.Chdir(t.TempDir())
	if err := serve(shop(), "127.0.0.1:8080"); err == nil {
		t.Error("it serves without a policy")
	}
}
