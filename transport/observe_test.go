package transport_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/transport"
)

// watcher is an Observer that remembers what it was told.
type watcher struct {
	mu      sync.Mutex
	stages  []transport.Stage
	open    int
	opened  int
	strange []time.Duration
	moved   chan struct{} // has room for one notice that something came
}

func newWatcher() *watcher { return &watcher{moved: make(chan struct{}, 1)} }

func (w *watcher) Took(_ context.Context, stage transport.Stage, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stages = append(w.stages, stage)
	if d < 0 || d > time.Minute {
		w.strange = append(w.strange, d)
	}
	w.notify()
}

func (w *watcher) Streams(delta int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open += delta
	w.opened += max(delta, 0)
	w.notify()
}

func (w *watcher) notify() {
	select {
	case w.moved <- struct{}{}:
	default:
	}
}

// until waits for a state that comes after an answer was read.
func (w *watcher) until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	timer := time.NewTimer(5 * time.Second)
	defer timer.Stop()
	for {
		w.mu.Lock()
		ok := holds()
		w.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-w.moved:
		case <-timer.C:
			t.Fatalf("%s: %v, %d streams open", what, w.stages, w.open)
		}
	}
}

// reset forgets the stages and returns them.
func (w *watcher) reset() []transport.Stage {
	w.mu.Lock()
	defer w.mu.Unlock()
	stages := w.stages
	w.stages = nil
	return stages
}

func observed(w *watcher) func(*harness) {
	return func(h *harness) { h.config.Observer = w }
}

// TestStagesAreThoseThatWereReached sends requests that end at each stage.
func TestStagesAreThoseThatWereReached(t *testing.T) {
	w := newWatcher()
	h := start(t, observed(w), func(h *harness) {
		h.tool("boom", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { panic("boom") })
	})
	bearer := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	}
	token, message, decision, handler := transport.StageToken, transport.StageMessage, transport.StageDecision, transport.StageHandler
	cases := []struct {
		name, body string
		change     func(*http.Request)
		want       []transport.Stage
	}{
		{"no token", callBody("allowed"), func(r *http.Request) { r.Header.Del("Authorization") }, nil},
		{"a bad token", callBody("allowed"), bearer("bad"), []transport.Stage{token}},
		{"a bad message", "[]", bearer("good"), []transport.Stage{token, message}},
		{"a bad header", callBody("allowed"), func(r *http.Request) { r.Header.Set("Mcp-Name", "other") }, []transport.Stage{token, message}},
		{"a denial", callBody("forbidden"), bearer("good"), []transport.Stage{token, message, decision}},
		{"a call", callBody("allowed"), bearer("good"), []transport.Stage{token, message, decision, handler}},
		{"a panic", callBody("boom"), bearer("good"), []transport.Stage{token, message, decision, handler}},
	}
	for _, c := range cases {
		r := h.request(c.body)
		c.change(r)
		send(t, r)
		if diff := cmp.Diff(c.want, w.reset()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	if len(w.strange) > 0 || w.open != 0 || w.opened != 0 {
		t.Errorf("durations %v, streams %d, open %d; nothing of that happened", w.strange, w.opened, w.open)
	}
}

// TestStreamsAreCountedWhileTheyAreOpen looks at the count from within a stream,
// and after it ended by itself and by its client.
func TestStreamsAreCountedWhileTheyAreOpen(t *testing.T) {
	w := newWatcher()
	release := make(chan struct{}, 1)
	h := start(t, observed(w), func(h *harness) {
		h.tool("streams", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			err := mcpserver.ServerFromContext(ctx).SendNotificationToClient(ctx, "notifications/progress", map[string]any{"progress": 1})
			select {
			case <-release:
			case <-ctx.Done():
			}
			return mcp.NewToolResultText("done"), err
		})
	})
	body := rpc("tools/call", `"name":"streams",`)
	body = body[:len(body)-3] + `,"progressToken":7}}}`
	for name, end := range map[string]func(leave func()){
		"by itself":     func(func()) { release <- struct{}{} },
		"by its client": func(leave func()) { leave() },
	} {
		ctx, leave := context.WithCancel(t.Context())
		response, err := http.DefaultTransport.RoundTrip(h.request(body).WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		if kind := response.Header.Get("Content-Type"); kind != "text/event-stream" {
			t.Errorf("%s: content type %q, want a stream", name, kind)
		}
		w.until(t, "while it is open", func() bool { return w.open == 1 })
		end(leave)
		_, _ = io.Copy(io.Discard, response.Body) // an error if the client left
		response.Body.Close()
		leave()
		w.until(t, "after it ended "+name, func() bool { return w.open == 0 && slices.Contains(w.stages, transport.StageHandler) })
		w.reset()
	}
}

func TestStagesHaveNames(t *testing.T) {
	var got []string
	for _, stage := range append(transport.Stages(), -1) {
		got = append(got, stage.String())
	}
	if diff := cmp.Diff([]string{"token", "message", "decision", "handler", "unknown"}, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}
