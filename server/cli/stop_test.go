package cli_test

import (
	"bufio"
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
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/server/cli"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

const keysVariable = "SALLYPORT_TEST_KEYS"

// held is a server's binary with a tool that waits until standard input ends.
func held() {
	released := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(released)
	}()
	go collectOnSignal()
	cfg := config()
	cfg.Tools = append(cfg.Tools, tools.Tool{
		Name: "hold", Description: "Wait.", Scopes: []string{"greet:use"},
		Handler: tools.Typed(func(ctx context.Context, _ struct{}) (string, error) {
			select {
			case <-released:
				return "released", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}),
	})
	cfg.Issuers = []token.Issuer{{URL: "https://issuer.example", Keys: func(context.Context) ([]byte, error) {
		return []byte(os.Getenv(keysVariable)), nil
	}}}
	cli.Main(cfg)
}

// process is a running binary of a server.
type process struct {
	t           testing.TB
	cmd         *exec.Cmd
	stdin       io.Closer
	stdout      *bufio.Reader
	stderr      *bytes.Buffer // read it when the process has ended
	addr, admin string
	issuer      *issuertest.Issuer
	http        *http.Client
	ended       chan struct{}
}

func unusedAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// startHeld runs the server as a process and returns when it is ready.
func startHeld(t testing.TB) *process {
	t.Helper()
	p := &process{
		t: t, stderr: new(bytes.Buffer), addr: unusedAddress(t), admin: unusedAddress(t),
		issuer: issuertest.New("https://issuer.example"), ended: make(chan struct{}),
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 10}},
	}
	dir := t.TempDir()
	policy := filepath.Join(dir, "policy.csv")
	if err := os.WriteFile(policy, []byte(everything), 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := p.issuer.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.CommandContext(t.Context(), "held")
	p.cmd.Env = append(os.Environ(), keysVariable+"="+string(keys), "SALLYPORT_ADDR="+p.addr, "SALLYPORT_ADMIN_ADDR="+p.admin,
		"SALLYPORT_POLICY="+policy, "SALLYPORT_AUDIT=file:"+filepath.Join(dir, "audit"))
	p.cmd.Stderr = p.stderr
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdout = bufio.NewReader(stdout)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // the state of the process says it too
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
		p.http.CloseIdleConnections()
	})
	p.until(func() bool { status, _ := p.look("/readyz"); return status == http.StatusOK })
	return p
}

// until waits for something that the process does.
func (p *process) until(holds func() bool) {
	p.t.Helper()
	deadline, tick := time.After(time.Minute), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			p.t.Fatal("it never came to it")
		}
	}
}

// look reads a page of the admin listener; 0 is a listener that is not there.
func (p *process) look(path string) (int, string) {
	response, err := p.http.Get("http://" + p.admin + path)
	if err != nil {
		return 0, ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, ""
	}
	return response.StatusCode, string(body)
}

// metric returns a gauge of the process, -1 if it has none.
func (p *process) metric(name string) float64 {
	_, body := p.look("/metrics")
	for line := range strings.Lines(body) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err == nil {
				return n
			}
		}
	}
	return -1
}

func (p *process) bearer(user string) string {
	return p.issuer.Sign(p.issuer.Claims("http://"+p.addr+"/mcp", user, "c", "greet:use", time.Now()), nil)
}

const newest = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`

// request sends a message, and returns its answer as soon as it begins.
func (p *process) request(verb, bearer, body string, headers ...string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(p.t.Context(), verb, "http://"+p.addr+"/mcp", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	headers = append(headers, "Authorization", "Bearer "+bearer, "Accept", "application/json, text/event-stream", "Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := p.http.Do(request)
	if err == nil && response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		return nil, fmt.Errorf("%d %s", response.StatusCode, said)
	}
	return response, err
}

func (p *process) hold(bearer string) (*http.Response, error) {
	return p.request(http.MethodPost, bearer, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hold","arguments":{},`+newest+`}}`,
		"Mcp-Method", "tools/call", "Mcp-Name", "hold", "Mcp-Protocol-Version", "2026-07-28")
}

func (p *process) listen(bearer string) (*http.Response, error) {
	return p.request(http.MethodPost, bearer,
		`{"jsonrpc":"2.0","id":"l","method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},`+newest+`}}`,
		"Mcp-Method", "subscriptions/listen", "Mcp-Protocol-Version", "2026-07-28")
}

// sessionStream begins a session and opens its stream.
func (p *process) sessionStream(bearer string) (*http.Response, error) {
	response, err := p.request(http.MethodPost, bearer,
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`)
	if err != nil {
		return nil, err
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return p.request(http.MethodGet, bearer, "", "Mcp-Session-Id", response.Header.Get("Mcp-Session-Id"))
}

// answered reads what a call came to.
func answered(response *http.Response, err error) string {
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	var body struct {
		Result struct {
			Content []struct {
				Text string `json:"text"`
			} `json:"content"`
		} `json:"result"`
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		return err.Error()
	}
	return body.Result.Content[0].Text
}

// followed says that the stream has begun, and returns how it ended.
func followed(began chan<- struct{}, response *http.Response, err error) string {
	first := func() { began <- struct{}{} }
	if err != nil {
		first()
		return err.Error()
	}
	defer response.Body.Close()
	reader := bufio.NewReader(response.Body)
	_, err = reader.ReadString('\n')
	first()
	rest, later := io.ReadAll(reader)
	switch {
	case err != nil:
		return err.Error()
	case later != nil:
		return later.Error()
	case strings.Contains(string(rest), `"method":"notifications/cancelled"`) && strings.Contains(string(rest), `"resultType":"complete"`):
		return "notice and result"
	case strings.TrimSpace(string(rest)) == "":
		return "end"
	}
	return string(rest)
}

// each does the same n times at once and counts what comes of it.
func each(n int, do func(i int) string) <-chan map[string]int {
	all, counted := make(chan string, n), make(chan map[string]int, 1)
	for i := range n {
		go func() { all <- do(i) }()
	}
	go func() {
		count := map[string]int{}
		for range n {
			count[<-all]++
		}
		counted <- count
	}()
	return counted
}

// TestF11_TheProcessDrains sends SIGTERM to a real process while calls run and
// streams are open: 100 of each, or as many as SALLYPORT_NIGHTLY says.
func TestF11_TheProcessDrains(t *testing.T) {
	n := 100
	if more, err := strconv.Atoi(os.Getenv("SALLYPORT_NIGHTLY")); err == nil {
		n = more
	}
	p := startHeld(t)
	caller, listener, older := p.bearer("alice"), p.bearer("bob"), p.bearer("carol")
	calls := each(n, func(int) string { return answered(p.hold(caller)) })
	began := make(chan struct{}, n)
	streams := each(n, func(i int) string {
		if i%10 == 0 {
			response, err := p.sessionStream(older)
			return followed(began, response, err)
		}
		response, err := p.listen(listener)
		return followed(began, response, err)
	})
	for range n {
		<-began
	}
	p.until(func() bool { return p.metric("sallyport_calls_running") == float64(n) })
	signalled := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"notice and result": n - n/10, "end": n / 10}, <-streams); diff != "" {
		t.Errorf("streams (-want +got):\n%s", diff)
	}
	if got := p.metric("sallyport_calls_running"); got != float64(n) {
		t.Errorf("%v calls run after the streams have ended, want %d", got, n)
	}
	_ = p.stdin.Close() // which lets the calls finish
	if diff := cmp.Diff(map[string]int{"released": n}, <-calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	<-p.ended
	if took := time.Since(signalled); took > 10*time.Second {
		t.Errorf("it took %v", took)
	} else {
		t.Logf("%d calls and %d streams: %v", n, n, took)
	}
	if code := p.cmd.ProcessState.ExitCode(); code != cli.ExitOK {
		t.Errorf("exit code %d, standard error:\n%s", code, p.stderr)
	}
	if strings.Contains(p.stderr.String(), "stopped before") {
		t.Errorf("something was cut off:\n%s", p.stderr)
	}
}

// TestSecondSignalEndsAtOnce: the first one waits for the call, the second does not.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	p := startHeld(t)
	bearer := p.bearer("alice")
	calls := each(1, func(int) string { return answered(p.hold(bearer)) })
	p.until(func() bool { return p.metric("sallyport_calls_running") == 1 })
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	p.until(func() bool { status, _ := p.look("/readyz"); return status == http.StatusServiceUnavailable })
	select {
	case <-p.ended:
		t.Fatal("the first signal did not wait")
	default:
	}
	p.until(func() bool {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.ended:
			return true
		default:
			return false
		}
	})
	if state := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !state.Signaled() || state.Signal() != syscall.SIGTERM {
		t.Errorf("ended with %v", p.cmd.ProcessState)
	}
	for what := range <-calls {
		if what == "released" {
			t.Error("the call was answered")
		}
	}
}
