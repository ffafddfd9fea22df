package readme

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/browsertest"
)

// transcript runs examples/hello and asks for the same call three times: without a token, with a token that carries no scope, and
// with one that carries greet:use.
func transcript(t *testing.T) string {
	t.Helper()
	origin := startHello(t)
	alice := browsertest.New("alice")
	client, err := browsertest.Register(t.Context(), origin)
	if err != nil {
		t.Fatal(err)
	}
	token := func(scope string) string {
		issued, err := client.Authorize(t.Context(), alice, scope)
		if err != nil {
			t.Fatal(err)
		}
		return issued.Access
	}
	var b strings.Builder
	for _, step := range []struct{ says, token string }{
		{"a client without a token", ""},
		{"a client that asked for nothing, with alice's token", token("")},
		{"the same client, after it asked for what the 403 names and alice allowed it", token("greet:use")},
	} {
		fmt.Fprintf(&b, "# %s\n%s", step.says, call(t, origin, step.token))
	}
	return strings.ReplaceAll(b.String(), origin, "http://127.0.0.1:8080")
}

const greet = `{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "greet", "arguments": {"name": "Ada"}, "_meta": {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}}}`

// call sends the call and returns what a reader should see of question and answer.
func call(t *testing.T, origin, token string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, origin+"/mcp", strings.NewReader(greet))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{
		"Content-Type":         {"application/json"},
		"Accept":               {"application/json, text/event-stream"},
		"Mcp-Protocol-Version": {"2026-07-28"},
		"Mcp-Method":           {"tools/call"},
		"Mcp-Name":             {"greet"},
	}
	shown := ""
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
		shown = "> Authorization: Bearer ...\n"
	}
	resp, err := browser(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	challenge := ""
	if header := resp.Header.Get("Www-Authenticate"); header != "" {
		challenge = "< WWW-Authenticate: " + header + "\n"
	}
	return fmt.Sprintf("> POST /mcp   tools/call greet {\"name\": \"Ada\"}\n%s< %s %s\n%s< %s\n",
		shown, resp.Proto, resp.Status, challenge, message(t, body))
}

// message reads a JSON-RPC message from a body that is JSON or one server-sent event, and writes it on one line.
func message(t *testing.T, body []byte) string {
	t.Helper()
	for line := range strings.SplitSeq(string(body), "\n") {
		if data, found := strings.CutPrefix(line, "data:"); found {
			body = []byte(data)
		}
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, body); err != nil {
		t.Fatalf("the answer is not JSON: %v\n%s", err, body)
	}
	return compact.String()
}

// startHello builds and runs examples/hello on a free port until the test ends, and returns its origin.
func startHello(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "hello")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./examples/hello")
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build examples/hello: %v\n%s", err, output)
	}
	addr := freeAddr(t)
	var output bytes.Buffer
	hello := exec.Command(binary)
	hello.Dir = root
	hello.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "SALLYPORT_ADDR=" + addr, "SALLYPORT_ADMIN_ADDR="}
	hello.Stdout, hello.Stderr = &output, &output
	if err := hello.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- hello.Wait() }()
	t.Cleanup(func() {
		_ = hello.Process.Signal(syscall.SIGTERM)
		<-ended
		if t.Failed() {
			t.Logf("output of examples/hello:\n%s", output.String())
		}
	})
	if err := waitFor(t.Context(), browser(t), "http://"+addr+"/.well-known/oauth-protected-resource"); err != nil {
		t.Fatalf("examples/hello does not answer: %v", err)
	}
	return "http://" + addr
}

func freeAddr(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// browser returns a client with connections of its own.
func browser(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func waitFor(ctx context.Context, client *http.Client, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// query builds a URL of the server.
