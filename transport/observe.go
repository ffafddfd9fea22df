package transport

import (
	"context"
	"time"

	"github.com/sallyport-mcp/sallyport/transport/message"
)

// Stage is a part of the work on one request, for [Observer].
type Stage int

const (
	// StageToken is the verification of a bearer token, with the wait for a
	// key that is not known yet. Requests without a token do not reach it.
	StageToken Stage = iota
	// StageMessage is the strict reading of a body that has arrived.
	StageMessage
	// StageDecision is the answer of the [Gate], its record included.
	StageDecision
	// StageHandler is everything behind the gate, from dispatch until the
	// handler has returned, whether or not somebody still waits for it.
	StageHandler
)

// Stages returns every stage, in the order in which requests pass them.
func Stages() []Stage { return []Stage{StageToken, StageMessage, StageDecision, StageHandler} }

// String returns the stage as one lower-case word.
func (s Stage) String() string {
	switch s {
	case StageToken:
		return "token"
	case StageMessage:
		return "message"
	case StageDecision:
		return "decision"
	case StageHandler:
		return "handler"
	}
	return "unknown"
}

// Observer is told how the work goes, for metrics and traces. Implementations are safe for concurrent use, return at once
// and do not panic: they are called on the way of every request.
type Observer interface {
	// Took is told how long one stage of one request took, whatever came of it. The
	// context is that of the request, which carries what the server around this
	// package has put there; that of StageHandler is the handler's, derived from
	// Pass.Context, and the request may be over by then.
	Took(ctx context.Context, stage Stage, d time.Duration)
	// Streams is told that an answer became an event stream, with 1, and that
	// such a stream ended, with -1.
	Streams(delta int)
}

// began returns when a stage begins. Without an Observer nobody wants to know.
func (e *endpoint) began() time.Time {
	if e.Observer == nil {
		return time.Time{}
	}
	return e.Now()
}

// took tells the Observer, if there is one, how long a stage has taken.
func (e *endpoint) took(ctx context.Context, stage Stage, began time.Time) {
	if e.Observer != nil {
		e.Observer.Took(ctx, stage, e.Now().Sub(began))
	}
}

// streams tells the Observer, if there is one, that a stream began or ended.
func (e *endpoint) streams(delta int) {
	if e.Observer != nil {
		e.Observer.Streams(delta)
	}
}

// read is the strict reading, with its time taken.
func (e *endpoint) read(ctx context.Context, body []byte) (*message.Message, error) {
	defer e.took(ctx, StageMessage, e.began())
	return message.Read(body)
}
