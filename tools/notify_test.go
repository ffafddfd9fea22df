package tools

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// recorder is a Notifier that keeps what it is given.
type recorder struct {
	mu   sync.Mutex
	sent []map[string]any
	err  error
}

func (r *recorder) Notify(method string, params map[string]any) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	sent := map[string]any{"method": method}
	for k, v := range params {
		sent[k] = v
	}
	r.sent = append(r.sent, sent)
	return r.err
}

func TestProgress(t *testing.T) {
	r := &recorder{err: errors.New("gone")} // an error is the transport's matter
	ctx := WithNotifier(context.Background(), r)
	Progress(ctx, 0, 0, "")
	Progress(ctx, 1, 3, "one")
	Progress(ctx, 1, 3, "not more than before")
	Progress(ctx, 0.5, 3, "less than before")
	Progress(ctx, math.NaN(), 3, "")
	Progress(ctx, 2, math.Inf(1), "")
	Progress(ctx, 3, -1, "")
	want := []map[string]any{
		{"method": "notifications/progress", "progress": 0.0},
		{"method": "notifications/progress", "progress": 1.0, "total": 3.0, "message": "one"},
		{"method": "notifications/progress", "progress": 3.0},
	}
	if diff := cmp.Diff(want, r.sent); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

func TestProgress_OrderUnderConcurrency(t *testing.T) {
	r := new(recorder)
	ctx := WithNotifier(context.Background(), r)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() { Progress(ctx, float64(i), 50, "") })
	}
	wg.Wait()
	for i := 1; i < len(r.sent); i++ {
		if r.sent[i]["progress"].(float64) <= r.sent[i-1]["progress"].(float64) {
			t.Fatalf("progress went from %v to %v", r.sent[i-1], r.sent[i])
		}
	}
}

func TestNotify_NobodyListens(t *testing.T) {
	for _, ctx := range []context.Context{context.Background(), WithNotifier(context.Background(), nil)} {
		Progress(ctx, 1, 2, "")
		Log(ctx, LevelInfo, "x")
	}
}

type password string

func (password) LogValue() slog.Value { return slog.StringValue("REDACTED") }

func TestLog(t *testing.T) {
	r := new(recorder)
	ctx := WithNotifier(context.Background(), r)
	Log(ctx, LevelWarning, "plain")
	Log(ctx, LevelError, "rich",
		slog.Int("n", 1), slog.Any("p", password("hunter2")), slog.Any("err", errors.New("e")),
		slog.Duration("d", time.Second), slog.Time("t", time.Unix(0, 0).UTC()), slog.Group("g", slog.Bool("b", true)))
	want := []map[string]any{
		{"method": "notifications/message", "level": "warning", "data": "plain"},
		{"method": "notifications/message", "level": "error", "data": map[string]any{
			"message": "rich", "n": int64(1), "p": "REDACTED", "err": "e", "d": "1s",
			"t": "1970-01-01T00:00:00Z", "g": map[string]any{"b": true},
		}},
	}
	if diff := cmp.Diff(want, r.sent); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}
