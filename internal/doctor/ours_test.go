package doctor_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/internal/doctor"
	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
)

// notebook is a server like examples/notes.
func notebook() server.Config {
	nothing := tools.Typed(func(context.Context, struct{}) (string, error) { return "done", nil })
	return server.Config{
		Name: "notes",
		Tools: []tools.Tool{
			{Name: "notes_search", Description: "Search notes.", Scopes: []string{"notes:read"}, ReadOnly: true, Handler: nothing},
			{Name: "notes_create", Description: "Create notes.", Scopes: []string{"notes:write"}, Handler: nothing},
		},
		Policy: "../../policy.csv", Model: "../../model.conf",
	}
}

// TestOwnServer: a server of this framework with its embedded authorization server has nothing to mend, but for what it does not
// have yet: Client ID Metadata Documents.
func TestOwnServer(t *testing.T) {
	listener := httptest.NewUnstartedServer(nil)
	defer listener.Close()
	cfg := notebook()
	cfg.Addr = listener.Listener.Addr().String()
	cfg.PublicURL = "http://" + cfg.Addr
	cfg.Audit, cfg.Stdout = "stdout", io.Discard
	cfg.Logger = slog.New(slog.DiscardHandler)
	s, err := server.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if listener.Config.Handler, err = s.Handler(server.DefaultPath); err != nil {
		t.Fatal(err)
	}
	listener.Start()
	report, err := doctor.Examine(t.Context(), doctor.Options{URL: cfg.PublicURL + server.DefaultPath})
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range report.Findings {
		if found.Severity > doctor.OK && found.ID != "issuer.registration" {
			t.Errorf("%s: %v: %s", found.ID, found.Severity, found.Seen)
		}
	}
	if report.Counts.OK < 60 || report.Unseen > 0 {
		t.Errorf("%v", report)
	}
}

// TestOwnServerBehindTheGate gives a token. Its issuer exists in the test only, and so has no metadata.
func TestOwnServerBehindTheGate(t *testing.T) {
	srv := servertest.Start(t, notebook())
	for user, scopes := range map[string]string{"carol": "notes:read", "nobody": ""} {
		report, err := doctor.Examine(t.Context(), doctor.Options{
			URL: srv.URL(), Token: srv.Token(t, servertest.User(user), strings.Fields(scopes)...),
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				if !strings.HasPrefix(address, "127.0.0.1:") {
					return nil, errors.New("only this machine")
				}
				return (&net.Dialer{}).DialContext(ctx, network, address)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range report.Findings {
			if found.Severity > doctor.OK && found.ID != "issuer.metadata" || found.Severity == doctor.Skipped && strings.HasPrefix(found.ID, "auth.") && found.ID != "auth.step_up" {
				t.Errorf("%s: %s: %v: %s", user, found.ID, found.Severity, found.Seen)
			}
		}
	}
}
