package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// failing is a handler that fails as f says.
func failing(f func() error) Handler {
	return Typed(func(context.Context, struct{}) (string, error) { return "fine", f() })
}

// secret stands for what must stay inside: a path, SQL, a host.
const secret = "dial tcp 10.0.0.7:5432: SELECT * FROM /var/lib/notes"

func TestM30_InternalErrors(t *testing.T) {
	for name, f := range map[string]func() error{
		"M-30 error":                     func() error { return errors.New(secret) },
		"M-30 panic text":                func() error { panic(secret) },
		"M-30 panic error":               func() error { panic(errors.New(secret)) },
		"M-30 runtime panic":             func() error { var v any = secret; return v.(error) },
		"M-30 panic nil":                 func() error { panic(nil) },
		"M-30 cancelled, but not by us":  func() error { return fmt.Errorf("%s: %w", secret, context.Canceled) },
		"M-30 timed out, but not by us":  func() error { return fmt.Errorf("%s: %w", secret, context.DeadlineExceeded) },
		"M-30 wrapped around a non-text": func() error { return fmt.Errorf("outer: %w", errors.New(secret)) },
	} {
		t.Run(name, func(t *testing.T) {
			c, log := compileTool(t, failing(f))
			r := call(c, "")
			if got := text(t, r); !r.IsError || got != "internal error (ref REF1)" {
				t.Errorf("client sees %q", got)
			}
			if n := strings.Count(log.String(), "\n"); n != 1 {
				t.Errorf("%d log lines: %s", n, log)
			}
			mustContain(t, log.String(), `"level":"ERROR"`, `"ref":"REF1"`, `"declared":"tool \"t\""`)
			if strings.Contains(name, "panic") != strings.Contains(log.String(), "boundary_test.go") {
				t.Errorf("stack in the log: %s", log)
			}
			if strings.Contains(name, "panic") == (strings.Contains(log.String(), `"stack"`) == false) {
				t.Errorf("stack: %s", log)
			}
			twin, log := compileTool(t, failing(func() error { return nil }))
			if r := call(twin, ""); r.IsError || text(t, r) != "fine" || log.Len() > 0 {
				t.Errorf("twin: %s, %s", text(t, r), log)
			}
		})
	}
}

func TestM30_TextForTheClient(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"M-30 Errorf":             {Errorf("no note %d", 7), "no note 7"},
		"M-30 NotFoundf":          {NotFoundf("no note %d", 7), "no note 7"},
		"M-30 Errorf formats %w":  {Errorf("cannot: %w", errors.New("cause")), "cannot: cause"},
		"M-30 wrapped":            {fmt.Errorf("%s: %w", secret, Errorf("no note")), "no note"},
		"M-30 joined":             {errors.Join(errors.New(secret), Errorf("no note")), "no note"},
		"M-30 Errorf over Errorf": {Errorf("outer: %w", Errorf("inner")), "outer: inner"},
	} {
		t.Run(name, func(t *testing.T) {
			compiled, log := compileTool(t, failing(func() error { return c.err }))
			r := call(compiled, "")
			if got := text(t, r); !r.IsError || got != c.want {
				t.Errorf("client sees %q, want %q", got, c.want)
			}
			if hidden := strings.Contains(c.err.Error(), secret); hidden != strings.Contains(log.String(), secret) {
				t.Errorf("log %s", log)
			}
			mustLack(t, log.String(), "ERROR")
			if wire(t, r) != wire(t, mcp.NewToolResultError(c.want)) {
				t.Errorf("wire %s", wire(t, r))
			}
		})
	}
	if cause := errors.New("cause"); !errors.Is(Errorf("x: %w", cause), cause) {
		t.Error("Errorf hides its cause from errors.Is")
	}
}

func TestCall_CancelledIsNotAnError(t *testing.T) {
	wait := Typed(func(ctx context.Context, _ struct{}) (string, error) {
		<-ctx.Done()
		return "", fmt.Errorf("waiting: %w", ctx.Err())
	})
	cause := Typed(func(ctx context.Context, _ struct{}) (string, error) {
		<-ctx.Done()
		return "", context.Cause(ctx)
	})
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	because, cancelBecause := context.WithCancelCause(context.Background())
	cancelBecause(errors.New("token expired"))
	late, cancelLate := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancelLate()
	for name, c := range map[string]struct {
		ctx     context.Context //nolint:containedctx // a table of contexts
		handler Handler
	}{"cancelled": {cancelled, wait}, "deadline": {late, wait}, "cause": {because, cause}} {
		t.Run(name, func(t *testing.T) {
			compiled, log := compileTool(t, c.handler)
			r := compiled.Call(c.ctx, mcp.CallToolRequest{}, nil)
			if got := text(t, r); !r.IsError || got != "the call ended before it was done" {
				t.Errorf("got %q", got)
			}
			mustContain(t, log.String(), `"level":"DEBUG"`)
			mustLack(t, log.String(), "ERROR", `"ref"`)
		})
	}
}

func TestOptions_ZeroValue(t *testing.T) {
	c, err := Compile(Options{}, []Tool{tool(failing(func() error { return nil }))}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	compiled, _ := c.Tool("t")
	if r := call(compiled, ""); r.IsError {
		t.Error(text(t, r))
	}
	if a, b := newReference(), newReference(); a == b || len(a) != 10 {
		t.Errorf("references %q, %q", a, b)
	}
}

// TestCall_IgnoresTheArgumentsOfTheRequest proves that a typed and a raw handler see
// only what was validated.
func TestCall_IgnoresTheArgumentsOfTheRequest(t *testing.T) {
	var request mcp.CallToolRequest
	request.Params.Arguments = map[string]any{"path": "from the request"}
	request.Params.RawArguments = json.RawMessage(`{"path":"from the request"}`)
	for name, h := range map[string]Handler{"typed": echo(new(int)), "raw": rawEcho()} {
		c, _ := compileTool(t, h)
		if got := text(t, c.Call(context.Background(), request, json.RawMessage(`{"path":"validated"}`))); got != `{"path":"validated"}` {
			t.Errorf("%s: %s", name, got)
		}
	}
}
