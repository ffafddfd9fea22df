package cli_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/server/cli"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// TestLegacySwitchesTheOlderRevisions starts the program with the switch in every
// position and begins a session.
func TestLegacySwitchesTheOlderRevisions(t *testing.T) {
	inDirectory(t, map[string]string{"policy.csv": everything})
	for env, status := range map[string]int{"": 200, "SALLYPORT_LEGACY=on": 200, "SALLYPORT_LEGACY=off": 400} {
		t.Run(env, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			addr := listener.Addr().String()
			if err := listener.Close(); err != nil {
				t.Fatal(err)
			}
			issuer := issuertest.New("https://issuer.example")
			cfg := config()
			cfg.Issuers = []token.Issuer{{URL: issuer.URL(), Keys: issuer.JWKS}}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan int, 1)
			go func() {
				ended <- cli.Run(ctx, cfg, nil, []string{"SALLYPORT_ADDR=" + addr, "SALLYPORT_ADMIN_ADDR=", env}, io.Discard, io.Discard)
			}()
			defer func() { stop(); <-ended }()
			url := "http://" + addr + "/mcp"
			bearer := issuer.Sign(issuer.Claims(url, "bob", "desk", "greet:use", time.Now()), nil)
			got, session, body := handshake(t, url, bearer)
			if got != status || (session != "") != (status == 200) {
				t.Errorf("%d %q %s, want %d", got, session, body, status)
			}
			if status == 400 && !strings.Contains(body, `"supported":["2026-07-28"]`) {
				t.Errorf("%s", body)
			}
		})
	}
}

// handshake begins a session once the server listens.
func handshake(t *testing.T, url, bearer string) (int, string, string) {
	t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	for {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(
			`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{}}}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Accept", "application/json, text/event-stream")
		request.Header.Set("Authorization", "Bearer "+bearer)
		response, err := transport.RoundTrip(request)
		if err != nil {
			select {
			case <-again.C:
				continue
			case <-t.Context().Done():
				t.Fatal(err)
			}
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, response.Header.Get("Mcp-Session-Id"), string(body)
	}
}
