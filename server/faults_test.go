package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport"
)

// faulty is a server whose tools, resources and prompts fail in every way that a
// process can survive.
type faulty struct {
	*fixture
	t       *testing.T
	token   string
	waiting chan struct{} // one element for each call of "waits" that runs
	ended   chan error    // why its context ended
	release chan struct{}
}

func breaking[T any](do func()) func(context.Context, T) (string, error) {
	return func(context.Context, T) (string, error) { do(); return "unharmed", nil }
}

func nilMap() {
	var all [2]map[string]int
	all[len(os.Args)%2]["k"]++
}

func nilPointer() {
	var in *echoIn
	in.Text += "x"
}

func outOfRange() {
	list := make([]int, 1)
	list[len(os.Args)+1]++
}

func startFaulty(t *testing.T) *faulty {
	f := &faulty{t: t, waiting: make(chan struct{}, 100), ended: make(chan error, 100), release: make(chan struct{})}
	f.fixture = start(t, func(c *server.Config) {
		c.Logger = slog.New(slog.DiscardHandler)
		c.Quotas = transport.Quotas{CallTime: 300 * time.Millisecond}
		c.MaxBody = 4096
		for name, do := range map[string]func(){
			"nil_map": nilMap, "nil_pointer": nilPointer, "out_of_range": outOfRange, "goexit": runtime.Goexit,
			"panic_nil": func() { panic(nil) }, "panic_error": func() { panic(io.EOF) }, "panic_abort": func() { panic(http.ErrAbortHandler) },
		} {
			c.Tools = append(c.Tools, tools.Tool{Name: name, Description: "Fails.", Scopes: []string{"echo:use"}, Handler: tools.Typed(breaking[struct{}](do))})
		}
		c.Tools = append(c.Tools, tools.Tool{
			Name: "raw_panics", Description: "Fails.", Scopes: []string{"echo:use"}, Handler: tools.Raw(
				tools.SchemaJSON(`{"type":"object"}`), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { panic("raw") }),
		}, tools.Tool{
			Name: "waits", Description: "Waits.", Scopes: []string{"echo:use"},
			Handler: tools.Typed(func(ctx context.Context, _ struct{}) (string, error) {
				f.waiting <- struct{}{}
				<-ctx.Done()
				f.ended <- context.Cause(ctx)
				return "", ctx.Err()
			}),
		}, tools.Tool{
			Name: "deaf", Description: "Does not listen.", Scopes: []string{"echo:use"},
			Handler: tools.Typed(func(context.Context, struct{}) (string, error) { <-f.release; return "late", nil }),
		})
		c.Resources = append(c.Resources, tools.Resource{
			URI: "app://broken", Name: "broken", Description: "Fails.", Scopes: []string{"config:read"},
			Read: func(context.Context, tools.ResourceRequest) (tools.Contents, error) { panic("read") },
		})
		c.Prompts = append(c.Prompts, tools.Prompt{
			Name: "broken", Description: "Fails.", Scopes: []string{"greeting:use"}, Arguments: []tools.Argument{{Name: "a"}},
			Get: func(context.Context, map[string]string) ([]tools.Message, error) { panic("get") },
			Complete: map[string]tools.CompleteFunc{
				"a": func(context.Context, string) ([]string, error) { panic("complete") },
			},
		})
	})
	f.token = f.Token(t, servertest.User("alice"), "echo:use", "config:read", "greeting:use", "secret:use")
	return f
}

// open counts the descriptors of this process.
func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// failing calls every operation that fails by itself.
func (f *faulty) failing() map[string]func(*servertest.Client) *servertest.Answer {
	all := map[string]func(*servertest.Client) *servertest.Answer{
		"resource":   func(c *servertest.Client) *servertest.Answer { return c.Read("app://broken") },
		"prompt":     func(c *servertest.Client) *servertest.Answer { return c.Prompt("broken", nil) },
		"completion": func(c *servertest.Client) *servertest.Answer { return c.CompletePrompt("broken", "a", "") },
	}
	for _, tool := range []string{
		"panics", "nil_map", "nil_pointer", "out_of_range", "goexit", "panic_nil", "panic_error", "panic_abort", "raw_panics",
	} {
		all[tool] = func(c *servertest.Client) *servertest.Answer { return c.Call(tool, map[string]any{}) }
	}
	return all
}

// TestF08_WhatFailsIsContained lets operations fail in every way. The process
// lives, the client is told nothing but that, and there is a record.
func TestF08_WhatFailsIsContained(t *testing.T) {
	f := startFaulty(t)
	alice := f.Client(t, f.token)
	stats := f.Server.Server().AuditStats
	for name, do := range f.failing() {
		t.Run(name, func(t *testing.T) {
			before := stats().Decisions
			a := do(alice)
			internal := a.Code == -32603 || strings.Contains(a.Text(), "internal error")
			if a.OK() || !internal || strings.Contains(a.String(), "goroutine") {
				t.Errorf("%v", a)
			}
			if n := stats().Decisions - before; n != 1 {
				t.Errorf("%d records, want one", n)
			}
			f.accepted(t, "afterwards", func() *servertest.Answer { return alice.Call("echo", map[string]any{"text": "x"}) })
		})
	}
	if got := f.Server.Server().Calls(); got != (transport.CallStats{}) {
		t.Errorf("%+v are left", got)
	}
}

// raw sends text on a connection of its own and lets use do the rest.
func (f *faulty) raw(t *testing.T, text string, use func(*net.TCPConn)) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.Origin(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	use(conn.(*net.TCPConn))
}

// post is a request as it goes over the wire; more are further header lines.
func (f *faulty) post(method, name, params string, claimed int, more string) string {
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",`+
		`"io.modelcontextprotocol/clientCapabilities":{}}}}`, method, params)
	if name != "" {
		more += "Mcp-Name: " + name + "\r\n"
	}
	return fmt.Sprintf("POST /mcp HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"+
		"Accept: application/json, text/event-stream\r\nMcp-Protocol-Version: 2026-07-28\r\nMcp-Method: %s\r\n%sContent-Length: %d\r\n\r\n%s",
		strings.TrimPrefix(f.Origin(), "http://"), f.token, method, more, len(body)+claimed, body)
}

func finish(c *net.TCPConn) { _ = c.CloseWrite() }
func reset(c *net.TCPConn)  { _ = c.SetLinger(0); _ = c.Close() }

// leave has a client leave in the middle of a call, and waits until the handler
// has heard of it.
func (f *faulty) leave(t *testing.T, how func(*net.TCPConn)) {
	t.Helper()
	f.raw(t, f.post("tools/call", "waits", `"name":"waits","arguments":{},`, 0, ""), func(c *net.TCPConn) {
		<-f.waiting
		how(c)
		if err := <-f.ended; err == nil || !strings.Contains(err.Error(), "canceled") {
			t.Errorf("the call ended with %v", err)
		}
	})
}

// hang opens a stream and drops it.
func (f *faulty) hang(t *testing.T, how func(*net.TCPConn)) {
	t.Helper()
	f.raw(t, f.post("subscriptions/listen", "", `"notifications":{"toolsListChanged":true},`, 0, ""), func(c *net.TCPConn) {
		if text, err := bufio.NewReader(c).ReadString('}'); err != nil {
			t.Errorf("%v after %s", err, text)
		}
		how(c)
	})
}

// clients are the faults of those who call.
func (f *faulty) clients() map[string]func(*testing.T) {
	read := func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) }
	return map[string]func(*testing.T){
		"leaves a call with FIN":       func(t *testing.T) { f.leave(t, func(c *net.TCPConn) { _ = c.Close() }) },
		"leaves a call with RST":       func(t *testing.T) { f.leave(t, reset) },
		"half closes during a call":    func(t *testing.T) { f.leave(t, finish) },
		"leaves a stream with FIN":     func(t *testing.T) { f.hang(t, func(c *net.TCPConn) { _ = c.Close() }) },
		"leaves a stream with RST":     func(t *testing.T) { f.hang(t, reset) },
		"half closes a stream":         func(t *testing.T) { f.hang(t, finish) },
		"sends half a body":            func(t *testing.T) { f.raw(t, f.post("tools/list", "", "", 100, ""), finish) },
		"sends half a body and resets": func(t *testing.T) { f.raw(t, f.post("tools/list", "", "", 100, ""), reset) },
		"sends half a header":          func(t *testing.T) { f.raw(t, "POST /mcp HTTP/1.1\r\nHost: x\r\nAuth", finish) },
		"sends no HTTP":                func(t *testing.T) { f.raw(t, "\x16\x03\x01\x02\x00\x01\r\n\r\n", read) },
		"has no token":                 func(t *testing.T) { f.raw(t, "POST /mcp HTTP/1.0\r\nHost: x\r\n\r\n", read) },
		"sends too much": func(t *testing.T) {
			f.raw(t, f.post("tools/list", "", strings.Repeat(" ", 5000), 0, "Connection: close\r\n"), read)
		},
		"sends no JSON": func(t *testing.T) {
			f.raw(t, strings.Replace(f.post("tools/list", "", "", 0, "Connection: close\r\n"), `{"jsonrpc"`, `["jsonrpc"`, 1), read)
		},
		"waits for a call out of time": func(t *testing.T) {
			f.raw(t, f.post("tools/call", "waits", `"name":"waits","arguments":{},`, 0, "Connection: close\r\n"), read)
			<-f.waiting
			<-f.ended
		},
		"waits for a call that is deaf": func(t *testing.T) {
			f.raw(t, f.post("tools/call", "deaf", `"name":"deaf","arguments":{},`, 0, "Connection: close\r\n"), func(c *net.TCPConn) {
				read(c)
				f.release <- struct{}{}
			})
		},
	}
}

// TestF10_F22_EverythingIsBackAfterAFault repeats every fault and then counts
// goroutines and descriptors.
func TestF10_F22_EverythingIsBackAfterAFault(t *testing.T) {
	f := startFaulty(t)
	alice := f.Client(t, f.token)
	faults := f.clients()
	for name, do := range f.failing() {
		faults["operation "+name] = func(*testing.T) { do(alice) }
	}
	well := func() *servertest.Answer { return alice.Call("echo", map[string]any{"text": "x"}) }
	f.accepted(t, "before", well)
	for name, do := range faults {
		t.Run(name, func(t *testing.T) {
			settled := func() (int, int) { return runtime.NumGoroutine(), descriptors(t) }
			goroutines, files := settled()
			for range 3 {
				do(t)
			}
			f.accepted(t, "afterwards", well)
			deadline, tick := time.After(10*time.Second), time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for {
				g, d := settled()
				calls := f.Server.Server().Calls()
				if g <= goroutines && d <= files && calls == (transport.CallStats{}) {
					break
				}
				select {
				case <-tick.C:
				case <-deadline:
					t.Fatalf("%d goroutines and %d descriptors became %d and %d, with %+v left", goroutines, files, g, d, calls)
				}
			}
		})
	}
}
