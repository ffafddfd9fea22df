package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: conformance EXAMPLE POLICY SUITE [ARGUMENT...], normally started by ./run")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := run(ctx, os.Args[1], os.Args[2], os.Args[3:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		code = 1
	}
	os.Exit(code)
}

// run starts the example and the proxy in front of it, runs the suite, and returns the suite's exit code.
func run(ctx context.Context, example, policy string, suite []string) (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 1, err
	}
	origin := "http://" + listener.Addr().String()
	backend, err := freeAddr()
	if err != nil {
		return 1, err
	}
	server, err := startExample(ctx, example, policy, backend, origin)
	if err != nil {
		return 1, err
	}
	defer server.stop()

	client := newClient("alice")
	proxy := &http.Server{
		Handler:           newProxy(&url.URL{Scheme: "http", Host: backend}, client),
		ReadHeaderTimeout: 10 * time.Second,
	}
	defer proxy.Close()
	go func() { _ = proxy.Serve(listener) }()

	if err := waitUntilUp(ctx, origin); err != nil {
		return 1, fmt.Errorf("the example does not answer: %w", err)
	}
	server.up = true
	code, err := runSuite(ctx, suite, origin+"/mcp")
	if err != nil {
		return 1, err
	}
	asked, scopes := client.history()
	if len(asked) == 0 {
		return 1, errors.New("no challenge was met: the suite did not pass through the gate")
	}
	fmt.Printf("\nAuthorizations: %d, from %q to %d scopes, each named by a challenge.\n", len(asked), asked[0], scopes)
	return code, nil
}

func runSuite(ctx context.Context, suite []string, endpoint string) (int, error) {
	cmd := exec.CommandContext(ctx, suite[0], append(suite[1:], "--url", endpoint)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err := cmd.Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return failed.ExitCode(), nil
	}
	return 0, err
}

// process is the running example.
type process struct {
	cmd *exec.Cmd
	log *os.File
	up  bool // it has answered
}

// startExample runs the example behind the public address of the proxy.
func startExample(ctx context.Context, example, policy, addr, publicURL string) (*process, error) {
	cmd := exec.CommandContext(ctx, example)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 15 * time.Second
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "SALLYPORT_") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	cmd.Env = append(cmd.Env, "SALLYPORT_ADDR="+addr, "SALLYPORT_PUBLIC_URL="+publicURL, "SALLYPORT_ADMIN_ADDR=",
		"SALLYPORT_POLICY="+policy, "SALLYPORT_AUDIT=file:"+os.DevNull)
	log, err := os.CreateTemp("", "sallyport-conformance-*.log")
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		_ = log.Close()
		_ = os.Remove(log.Name())
		return nil, err
	}
	return &process{cmd: cmd, log: log}, nil
}

// stop ends the example. What it wrote is shown if it never answered or logged an error.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
	output, err := os.ReadFile(p.log.Name())
	if err == nil && (!p.up || strings.Contains(string(output), "level=ERROR")) {
		fmt.Printf("\nThe example wrote:\n%s", output)
	}
	_ = p.log.Close()
	_ = os.Remove(p.log.Name())
}

func freeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

func waitUntilUp(ctx context.Context, origin string) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+"/.well-known/oauth-protected-resource", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
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
