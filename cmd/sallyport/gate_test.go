package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sallyport-mcp/sallyport/internal/browsertest"
)

// throughTheGate is the script command `gate BINARY TOOL ARGUMENTS SCOPE USER TEXT`: it starts the server, is refused without a token,
// logs in with the embedded authorization server, calls the tool, and finds the text in the answer.
func throughTheGate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 6 {
		ts.Fatalf("usage: gate BINARY TOOL ARGUMENTS SCOPE USER TEXT")
	}
	origin, stop := startGenerated(ts, args[0])
	defer stop()
	tool, arguments, scope, user, want := args[1], args[2], args[3], args[4], args[5]

	if response, body := call(ts, origin, "", tool, arguments); response.StatusCode != http.StatusUnauthorized || response.Header.Get("WWW-Authenticate") == "" {
		ts.Fatalf("without a token: %s %s", response.Status, body)
	}
	token := logIn(ts, origin, user, scope)
	if response, body := call(ts, origin, token, tool, arguments); response.StatusCode != http.StatusOK || !strings.Contains(body, want) {
		ts.Fatalf("with a token: %s %s", response.Status, body)
	}
}

// startGenerated runs a binary on a free port and waits until it is ready.
func startGenerated(ts *testscript.TestScript, binary string) (string, func()) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	addr := listener.Addr().String()
	ts.Check(listener.Close())
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	server := exec.CommandContext(ctx, ts.MkAbs(binary), "--addr", addr, "--admin-addr", "")
	server.Dir = ts.MkAbs(".")
	var output bytes.Buffer
	server.Stdout, server.Stderr = &output, &output
	ts.Check(server.Start())
	stop := func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		err := server.Wait()
		cancel()
		if err != nil {
			ts.Fatalf("the server: %v\n%s", err, &output)
		}
	}
	for ctx.Err() == nil {
		connection, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			_ = connection.Close()
			return "http://" + addr, stop
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
	stop()
	ts.Fatalf("the server does not answer")
	return "", nil
}

// call calls a tool, with a token if there is one.
func call(ts *testscript.TestScript, origin, token, tool, arguments string) (*http.Response, string) {
	body := `{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "` + tool + `", "arguments": ` + arguments + `, "_meta": {
		"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}}}`
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, origin+"/mcp", strings.NewReader(body))
	ts.Check(err)
	request.Header = http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
		"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {tool},
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
	response, err := client.Do(request)
	ts.Check(err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	ts.Check(err)
	return response, string(answer)
}

// logIn returns an access token of the user, as a client that has just registered gets it.
func logIn(ts *testscript.TestScript, origin, user, scope string) string {
	client, err := browsertest.Register(context.Background(), origin)
	ts.Check(err)
	issued, err := client.Authorize(context.Background(), browsertest.New(user), scope)
	ts.Check(err)
	return issued.Access
}
