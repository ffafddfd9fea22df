package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/bench/internal/measure"
	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// serveCommand is the first argument of this program as one of the two servers.
const serveCommand = "serve"

// What both servers offer, and what the gate asks for it.
const (
	toolName  = "greet"
	toolScope = "greet:use"
	endpoint  = "/mcp"

	auditFile = "audit.jsonl"

	profileSuffix = ".pprof"
)

// policyRows are the ten rules of the gate. They are those of a small server; the one that decides is behind two roles.
const policyRows = `p, role:reader, notes, read, allow
p, role:reader, greet, use, allow
p, role:editor, notes, write, allow
p, role:admin, notes, *, allow
p, group:interns, notes, delete, deny
g, role:admin, role:editor
g, role:editor, role:reader
g, user:alice, role:admin
g, user:bob, role:editor
g, scope:notes:write, scope:notes:read
`

type greeting struct {
	Name string `json:"name"`
}

func hello(in greeting) string { return "Hello, " + in.Name }

// usage is what a server process has used since it started.
type usage struct {
	CPU    time.Duration `json:"cpu"` // user and system
	Allocs uint64        `json:"allocs"`
}

// serveMain is a server process. It writes its address on the first line of out, then one line of usage for every line it reads,
// and stops at the end of in.
func serveMain(arguments []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet(serveCommand, flag.ContinueOnError)
	kind := flags.String("kind", "", "bare or gate")
	folder := flags.String("folder", "", "where the policy is and the audit goes")
	issuer := flags.String("issuer", "", "URL of the issuer")
	profile := flags.String("profile", "", "file for a CPU profile")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	serving, closeServer, err := newServer(*kind, "http://"+listener.Addr().String(), *folder, *issuer)
	if err != nil {
		return err
	}
	defer closeServer()
	go func() { _ = serving.Serve(listener) }()
	defer func() { _ = serving.Close() }()
	stop, err := startProfile(*profile)
	if err != nil {
		return err
	}
	defer stop()
	return answerUsage(listener.Addr().String(), in, out)
}

func answerUsage(address string, in io.Reader, out io.Writer) error {
	if _, err := fmt.Fprintln(out, address); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		used, err := currentUsage()
		if err != nil {
			return err
		}
		if err := json.NewEncoder(out).Encode(used); err != nil {
			return err
		}
	}
	return lines.Err()
}

func currentUsage() (usage, error) {
	used, err := measure.CPU()
	if err != nil {
		return usage{}, err
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return usage{CPU: used, Allocs: memory.Mallocs}, nil
}

func startProfile(path string) (func(), error) {
	if path == "" {
		return func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
		_ = writeAllocations(strings.TrimSuffix(path, profileSuffix) + "-allocs" + profileSuffix)
	}, nil
}

// writeAllocations writes what was allocated since the start.
func writeAllocations(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}

func newServer(kind, origin, folder, issuer string) (*http.Server, func(), error) {
	switch kind {
	case kindBare:
		return &http.Server{Handler: newBare(), ReadHeaderTimeout: transport.ReadHeaderTimeout}, func() {}, nil
	case kindGate:
		return newGate(origin, folder, issuer)
	}
	return nil, nil, fmt.Errorf("-kind: %q is neither %s nor %s", kind, kindBare, kindGate)
}

// newBare is mcp-go as its own documentation shows it.
func newBare() http.Handler {
	s := mcpserver.NewMCPServer("bench", "1.0.0", mcpserver.WithToolCapabilities(false))
	tool := mcp.NewTool(toolName, mcp.WithDescription("Greet somebody by name."), mcp.WithString("name", mcp.Required()))
	s.AddTool(tool, mcp.NewTypedToolHandler(func(_ context.Context, _ mcp.CallToolRequest, in greeting) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(hello(in)), nil
	}))
	mux := http.NewServeMux()
	mux.Handle(endpoint, mcpserver.NewStreamableHTTPServer(s))
	return mux
}

// newGate is the same tool behind the gate, by the public packages alone. Rate limits are off: one caller sends everything.
func newGate(origin, folder, issuer string) (*http.Server, func(), error) {
	s, err := server.New(server.Config{
		Name:      "bench",
		Version:   "1.0.0",
		PublicURL: origin,
		Issuers:   []token.Issuer{{URL: issuer}},
		Policy:    filepath.Join(folder, "policy.csv"),
		Audit:     "file:" + filepath.Join(folder, auditFile),
		Limits:    server.Off,
		Tools: []tools.Tool{{
			Name:        toolName,
			Description: "Greet somebody by name.",
			Scopes:      []string{toolScope},
			ReadOnly:    true,
			Handler:     tools.Typed(func(_ context.Context, in greeting) (string, error) { return hello(in), nil }),
		}},
	})
	if err != nil {
		return nil, nil, err
	}
	handler, err := s.Handler(endpoint)
	if err != nil {
		s.Close()
		return nil, nil, err
	}
	return transport.NewHTTPServer(handler), s.Close, nil
}
