package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
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

	v := newVisitor(ts, origin)
	if response, body := v.call("", tool, arguments); response.StatusCode != http.StatusUnauthorized || response.Header.Get("WWW-Authenticate") == "" {
		ts.Fatalf("without a token: %s %s", response.Status, body)
	}
	token := v.logIn(user, scope)
	if response, body := v.call(token, tool, arguments); response.StatusCode != http.StatusOK || !strings.Contains(body, want) {
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

// visitor is a client with the browser of the person who uses it.
type visitor struct {
	ts     *testscript.TestScript
	origin string
	http   *http.Client
}

const callback = "http://127.0.0.1:41999/callback" // nothing listens there: its address is all that is read

var errArrived = errors.New("arrived at the redirect address")

func newVisitor(ts *testscript.TestScript, origin string) *visitor {
	jar, err := cookiejar.New(nil)
	ts.Check(err)
	return &visitor{ts: ts, origin: origin, http: &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true}, Jar: jar, Timeout: 20 * time.Second,
		CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.String(), callback) {
				return errArrived
			}
			return nil
		},
	}}
}

func (v *visitor) call(token, tool, arguments string) (*http.Response, string) {
	body := `{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "` + tool + `", "arguments": ` + arguments + `, "_meta": {
		"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}}}`
	header := http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
		"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {tool},
	}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return v.post("/mcp", header, body)
}

// logIn registers the client, answers the pages as the user, and redeems the code.
func (v *visitor) logIn(user, scope string) string {
	_, registered := v.post("/register", http.Header{"Content-Type": {"application/json"}}, `{"client_name": "Newcomer",
		"redirect_uris": ["`+callback+`"], "token_endpoint_auth_method": "none", "grant_types": ["authorization_code"], "response_types": ["code"]}`)
	const verifier = "a-verifier-of-the-length-that-rfc-7636-asks-for"
	challenge := sha256.Sum256([]byte(verifier))
	client := v.member(registered, "client_id")
	arrived := v.answerPages(user, v.origin+"/authorize?"+url.Values{
		"response_type": {"code"}, "client_id": {client}, "redirect_uri": {callback}, "scope": {scope}, "state": {"newcomer"},
		"resource": {v.origin + "/mcp"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
	}.Encode())
	_, issued := v.post("/token", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, url.Values{
		"grant_type": {"authorization_code"}, "code": {arrived.Query().Get("code")}, "redirect_uri": {callback},
		"client_id": {client}, "code_verifier": {verifier}, "resource": {v.origin + "/mcp"},
	}.Encode())
	return v.member(issued, "access_token")
}

// answerPages fills in login and consent until the browser is sent back to the client.
func (v *visitor) answerPages(user, address string) *url.URL {
	response, err := v.http.Get(address)
	for range 4 {
		if err != nil {
			break
		}
		page := v.read(response)
		form := url.Values{"user": {user}}
		if strings.Contains(page, `name="decision"`) {
			form = url.Values{"decision": {"allow"}}
		}
		for _, field := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`).FindAllStringSubmatch(page, -1) {
			form.Set(field[1], html.UnescapeString(field[2]))
		}
		action := regexp.MustCompile(`<form[^>]*action="([^"]*)"`).FindStringSubmatch(page)
		if action == nil {
			v.ts.Fatalf("no form:\n%s", page)
		}
		target, parseErr := response.Request.URL.Parse(html.UnescapeString(action[1]))
		v.ts.Check(parseErr)
		response, err = v.http.PostForm(target.String(), form)
	}
	var stopped *url.Error
	if !errors.Is(err, errArrived) || !errors.As(err, &stopped) {
		v.ts.Fatalf("the pages did not lead back to the client: %v", err)
	}
	back, err := url.Parse(stopped.URL)
	v.ts.Check(err)
	return back
}

func (v *visitor) post(path string, header http.Header, body string) (*http.Response, string) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, v.origin+path, strings.NewReader(body))
	v.ts.Check(err)
	request.Header = header
	response, err := v.http.Do(request)
	v.ts.Check(err)
	return response, v.read(response)
}

func (v *visitor) read(response *http.Response) string {
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	v.ts.Check(err)
	return string(body)
}

func (v *visitor) member(body, name string) string {
	var object map[string]any
	v.ts.Check(json.Unmarshal([]byte(body), &object))
	value, ok := object[name].(string)
	if !ok {
		v.ts.Fatalf("no %s in %s", name, body)
	}
	return value
}
