package tools

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"time"
)

// Notifier sends a notification that belongs to the request being handled. The
// server implements it; it adds the progress token and drops what the client did not
// ask for. It is called from the handler's goroutines, so it must be safe for
// concurrent use.
type Notifier interface {
	// Notify sends one notification, params being JSON. It must not keep params.
	Notify(method string, params map[string]any) error
}

type notifierKey struct{}

// notifying is the notifier of one request, and how far its progress has come.
type notifying struct {
	to       Notifier
	mu       sync.Mutex
	started  bool
	progress float64
}

// WithNotifier returns a context through which handlers reach n. It belongs to one
// request.
func WithNotifier(ctx context.Context, n Notifier) context.Context {
	return context.WithValue(ctx, notifierKey{}, &notifying{to: n})
}

func notifierFrom(ctx context.Context) (*notifying, bool) {
	n, ok := ctx.Value(notifierKey{}).(*notifying)
	return n, ok && n.to != nil
}

// Progress tells the client how far the request has come (MCP 2026-07-28,
// basic/patterns/progress). A total of 0 means unknown, an empty message none. A
// value that is not greater than the one before is dropped, since the specification
// forbids it. Without a client that asked, nothing happens; a notification that
// cannot be sent is lost, the context then ends.
func Progress(ctx context.Context, done, total float64, message string) {
	n, ok := notifierFrom(ctx)
	if !ok || !finite(done) || !finite(total) {
		return
	}
	params := map[string]any{"progress": done}
	if total > 0 {
		params["total"] = total
	}
	if message != "" {
		params["message"] = message
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.started && done <= n.progress {
		return
	}
	n.started, n.progress = true, done
	_ = n.to.Notify("notifications/progress", params) // held lock: order on the wire is the order of values
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// Level is the severity of a log message to the client (RFC 5424, section 6.2.1).
type Level string

// The levels of MCP, least severe first.
const (
	LevelDebug     Level = "debug"
	LevelInfo      Level = "info"
	LevelNotice    Level = "notice"
	LevelWarning   Level = "warning"
	LevelError     Level = "error"
	LevelCritical  Level = "critical"
	LevelAlert     Level = "alert"
	LevelEmergency Level = "emergency"
)

// Log sends a log message to the client (MCP 2026-07-28, server/utilities/logging),
// if it asked for this level. Without attributes its data is the message itself, with
// them an object that holds the message as "message" beside them. A value that is a
// slog.LogValuer is resolved first, so that secrets stay redacted. It is not the
// server's own log: use log/slog for that.
func Log(ctx context.Context, level Level, message string, attrs ...slog.Attr) {
	n, ok := notifierFrom(ctx)
	if !ok {
		return
	}
	params := map[string]any{"level": string(level), "data": message}
	if len(attrs) > 0 {
		data := attributes(attrs)
		data["message"] = message
		params["data"] = data
	}
	_ = n.to.Notify("notifications/message", params)
}

// attributes is a group as JSON.
func attributes(attrs []slog.Attr) map[string]any {
	data := make(map[string]any, len(attrs)+1)
	for _, attr := range attrs {
		data[attr.Key] = attribute(attr.Value.Resolve())
	}
	return data
}

// attribute is a resolved value as JSON.
func attribute(v slog.Value) any {
	switch v.Kind() {
	case slog.KindGroup:
		return attributes(v.Group())
	case slog.KindDuration:
		return v.Duration().String()
	case slog.KindTime:
		return v.Time().Format(time.RFC3339Nano)
	}
	if err, ok := v.Any().(error); ok {
		return err.Error()
	}
	return v.Any()
}
