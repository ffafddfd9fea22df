package transport

import (
	"net/http"
	"sync/atomic"
	"time"
)

// running counts the handlers that have not returned. Unlike the gauge of Limits
// it counts without limits too, and only what was admitted. The zero value is
// ready to use.
type running struct{ handlers, abandoned, cut atomic.Int64 }

func (r *running) stats() CallStats {
	return CallStats{Running: int(r.handlers.Load()), Abandoned: int(r.abandoned.Load())}
}

// The states of a call, from the point of view of who has left it first.
const (
	callShared   int32 = iota // by the goroutine that answers and the handler
	callLeft                  // the handler has it alone
	callReturned              // the handler has returned
)

// started says that the handler of the call is about to run.
func (c *call) started() { c.running.handlers.Add(1) }

// depart says that nobody waits for the handler any more, if that is so: later
// calls, and one after the handler has returned, do nothing. It comes before the
// last byte of the answer.
func (c *call) depart() {
	c.place.leave()
	c.running.abandoned.Add(1)
	if !c.state.CompareAndSwap(callShared, callLeft) {
		c.running.abandoned.Add(-1)
	}
}

// returned says that the handler of the call has returned.
func (c *call) returned() {
	c.place.returned()
	if c.state.Swap(callReturned) == callLeft {
		c.running.abandoned.Add(-1)
	}
	c.running.handlers.Add(-1)
}

// cutOff ends the call because the server is about to end.
func (c *call) cutOff() {
	c.running.cut.Add(1)
	c.stop(stopping())
}

// stopping answers what a server that is about to end does not begin any more, or
// cannot finish. Where there is another replica, it has the answer in a second.
func stopping() *Refusal {
	return &Refusal{
		Status: http.StatusServiceUnavailable, Code: http.StatusServiceUnavailable,
		Message: "the server is stopping", RetryAfter: time.Second, Reason: "server_stopping",
	}
}

// parting has the connection closed after an answer that is given while the server
// drains: it would be closed anyway, and the client's next request with it.
func (e *endpoint) parting(h http.Header) {
	if e.drain.isSet.Load() {
		h.Set("Connection", "close")
	}
}
