package tools

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// boundary is where the handlers' errors and panics end: it tells the client what
// is meant for it and the log the rest.
type boundary struct {
	logger *slog.Logger
	ref    func() string
}

// newReference returns 50 random bits, enough to find a log line again.
func newReference() string { return rand.Text()[:10] }

// failure is what a client may know of an error.
type failure struct {
	text     string
	notFound bool // the target does not exist
	bad      bool // the arguments are wrong
}

// panicked is a recovered panic. Its text is for the log only.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// guard calls f and turns a panic into an error.
func guard(f func() error) error {
	var err error
	func() {
		defer func() {
			if value := recover(); value != nil {
				err = &panicked{value: value, stack: debug.Stack()}
			}
		}()
		err = f()
	}()
	return err
}

// run calls f for the named declaration. It returns nil if f did not fail.
func (b *boundary) run(ctx context.Context, declared string, f func() error) *failure {
	err := guard(f)
	if err == nil {
		return nil
	}
	var bad *badArguments
	if errors.As(err, &bad) {
		return &failure{text: bad.Error(), bad: true}
	}
	if public, ok := asPublic(err); ok {
		if public.Error() != err.Error() {
			// The client sees only a part of it; the rest must not be lost.
			b.logger.InfoContext(ctx, "handler error", "declared", declared, "error", err)
		}
		return &failure{text: public.Error(), notFound: public.notFound}
	}
	if ended := ctx.Err(); ended != nil && (errors.Is(err, ended) || errors.Is(err, context.Cause(ctx))) {
		// Nobody is waiting for the answer any more, so it is no fault of this server.
		b.logger.DebugContext(ctx, "call ended early", "declared", declared, "error", err)
		return &failure{text: "the call ended before it was done"}
	}
	return b.internal(ctx, declared, err)
}

// internal logs the cause under a new reference and returns the text that names it.
func (b *boundary) internal(ctx context.Context, declared string, err error) *failure {
	ref := b.ref()
	attrs := []slog.Attr{slog.String("ref", ref), slog.String("declared", declared), slog.Any("error", err)}
	var p *panicked
	if errors.As(err, &p) {
		attrs = append(attrs, slog.String("stack", string(p.stack)))
	}
	b.logger.LogAttrs(ctx, slog.LevelError, "internal error", attrs...)
	return &failure{text: "internal error (ref " + ref + ")"}
}

// clientError is f as the error of a resource or a prompt.
func (f *failure) clientError() *ClientError {
	if f.notFound || f.bad {
		return &ClientError{Code: codeInvalidParams, Message: f.text}
	}
	return &ClientError{Code: codeInternalError, Message: f.text}
}
