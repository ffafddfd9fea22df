package server

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-mcp/sallyport/transport"
)

// TestF04_BodiesThatNobodyReads: a request without a token whose body never comes holds its
// connection for a moment only, whatever it asks for and of which listener. A connection
// that waits for a body has its request, and so is not closed for another. The twin has
// nothing left to send.
func TestF04_BodiesThatNobodyReads(t *testing.T) {
	for request, status := range map[string]string{
		"GET /.well-known/oauth-protected-resource/mcp": "200", "HEAD /.well-known/oauth-protected-resource": "200",
		"OPTIONS /mcp": "401", "GET /mcp": "401", "DELETE /mcp": "401", "GET /elsewhere": "404", "POST /elsewhere": "404",
		"GET /healthz": "200", "POST /healthz": "405", "GET /": "404", "GET /revocations": "401", "POST /revocations": "401",
	} {
		for _, length := range []string{"Content-Length: 9\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n", "Connection: close\r\n\r\n"} {
			t.Run(request+" "+strings.TrimSpace(length), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := inBubble(t)
					_, path, _ := strings.Cut(request, " ")
					listener := s.pipes
					admin := newPipes()
					one := newListening(admin, s.adminHandler(), s.connections())
					served := make(chan error, 1)
					go func() { served <- one.server.Serve(admin) }()
					if path == "/healthz" || path == "/revocations" || path == "/" {
						listener = admin
					}
					conn, err := listener.dial(t.Context(), "", "")
					if err != nil {
						t.Fatal(err)
					}
					began := time.Now()
					got := answerOf(conn, request+" HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"+length)
					if took := time.Since(began); took > transport.DrainTimeout || !strings.HasPrefix(got, "HTTP/1.1 "+status) {
						t.Errorf("after %v: %.60s", took, got)
					}
					_ = one.server.Close()
					if err := <-served; !errors.Is(err, http.ErrServerClosed) {
						t.Error(err)
					}
					s.stop()
					<-s.ended
					s.finish()
				})
			})
		}
	}
}

// answerOf sends a text and returns all that comes back until the connection is closed.
func answerOf(conn net.Conn, text string) string {
	sent := make(chan struct{})
	go func() { defer close(sent); _, _ = io.WriteString(conn, text) }()
	got, _ := io.ReadAll(conn) // an end is an end
	_ = conn.Close()
	<-sent
	return string(got)
}
