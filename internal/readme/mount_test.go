package readme

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/tools"
)

// mount puts a protected MCP server beside what a program serves already.
func mount(router *http.ServeMux, cfg server.Config) (*server.Server, error) {
	s, err := server.New(cfg)
	if err != nil {
		return nil, err // every mistake in cfg, each with its fix
	}
	handler, err := s.Handler("/mcp")
	if err != nil {
		return nil, err
	}
	router.Handle("/", handler)
	return s, nil // s.Close ends what runs behind the handler
}

func TestMount(t *testing.T) {
	router := http.NewServeMux()
	router.HandleFunc("GET /hello", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	program := httptest.NewUnstartedServer(router)
	s, err := mount(router, server.Config{
		Name: "mounted", Tools: []tools.Tool{{
			Name: "nothing", Description: "Do nothing.", AnyPrincipal: true,
			Handler: tools.Typed(func(context.Context, struct{}) (string, error) { return "done", nil }),
		}},
		Addr: program.Listener.Addr().String(), Policy: filepath.Join(root, "policy.csv"),
		Audit: "file:" + filepath.Join(t.TempDir(), "audit.jsonl"),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	program.Start()
	defer program.Close()
	for path, want := range map[string]int{
		"/hello": http.StatusTeapot,
		"/.well-known/oauth-protected-resource/mcp": http.StatusOK,
		"/.well-known/oauth-authorization-server":   http.StatusOK,
		"/elsewhere": http.StatusNotFound,
	} {
		resp, err := program.Client().Get(program.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("GET %s: %d, want %d", path, resp.StatusCode, want)
		}
	}
	if _, err := mount(http.NewServeMux(), server.Config{}); err == nil {
		t.Error("a server without a name was mounted")
	}
}
