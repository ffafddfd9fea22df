package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// repository is the root of the framework's own module, where policy.csv lies.
const repository = ".."

// buildNotes compiles examples/notes once for all tests.
var buildNotes = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "sallyport-e2e-")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "notes")
	build := exec.Command("go", "build", "-o", binary, "./examples/notes")
	build.Dir = repository
	build.Stderr = os.Stderr
	return binary, build.Run()
})

func TestMain(m *testing.M) {
	code := m.Run()
	if binary, err := buildNotes(); err == nil {
		os.RemoveAll(filepath.Dir(binary))
	}
	os.Exit(code)
}

// notes is a running notes example.
type notes struct {
	origin string // http://127.0.0.1:PORT
	mcp    string // the same with /mcp
	audit  string // path of the audit file
}

// startNotes runs the example on a free port, with the embedded authorization server and the repository's policy, until the test ends.
func startNotes(t *testing.T) notes {
	t.Helper()
	binary, err := buildNotes()
	if err != nil {
		t.Fatalf("build examples/notes: %v", err)
	}
	addr := freeAddr(t)
	audit := filepath.Join(t.TempDir(), "audit.jsonl")
	var output bytes.Buffer
	cmd := exec.Command(binary)
	cmd.Dir = repository
	cmd.Env = append(withoutOurs(os.Environ()), "SALLYPORT_ADDR="+addr, "SALLYPORT_ADMIN_ADDR=", "SALLYPORT_AUDIT=file:"+audit)
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatalf("start the notes example: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(15 * time.Second):
			t.Error("the notes example did not stop within 15 s of SIGTERM")
			_ = cmd.Process.Kill()
			<-ended
		}
		if t.Failed() {
			t.Logf("output of the notes example:\n%s", output.String())
		}
	})
	n := notes{origin: "http://" + addr, mcp: "http://" + addr + "/mcp", audit: audit}
	if err := n.waitUntilUp(ended); err != nil {
		t.Fatalf("the notes example does not answer: %v", err)
	}
	return n
}

// withoutOurs drops what would configure the example behind our back.
func withoutOurs(environment []string) []string {
	var kept []string
	for _, entry := range environment {
		if !strings.HasPrefix(entry, "SALLYPORT_") {
			kept = append(kept, entry)
		}
	}
	return kept
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

func (n notes) waitUntilUp(ended <-chan error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	for {
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
		resp, err := http.Get(n.origin + "/.well-known/oauth-protected-resource")
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return nil
		}
	}
}

// record is what the tests read of an audit line.
type record struct {
	Subject    string `json:"subject"`
	Method     string `json:"method"`
	Name       string `json:"name"`
	Decision   string `json:"decision"`
	Door       int    `json:"door"`
	Permission string `json:"permission"`
	Rule       string `json:"rule"`
}

// records waits until the audit holds want records of tool calls, and returns them. DESIGN promises them within 300 ms.
func (n notes) records(t *testing.T, want int) []record {
	t.Helper()
	deadline := time.Now().Add(2 * time.Second)
	for {
		calls := n.calls(t)
		if len(calls) >= want || time.Now().After(deadline) {
			return calls
		}
		<-time.After(20 * time.Millisecond)
	}
}

func (n notes) calls(t *testing.T) []record {
	t.Helper()
	file, err := os.Open(n.audit)
	if err != nil {
		t.Fatalf("audit: %v", err)
	}
	defer file.Close()
	var calls []record
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var r record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			continue // the last line may be half written
		}
		if r.Method == "tools/call" {
			calls = append(calls, r)
		}
	}
	return calls
}
