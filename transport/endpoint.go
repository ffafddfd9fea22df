package transport

import (
	"net/http"
	"sync/atomic"
)

// Endpoint is the handler of one protected MCP server; [New] makes one. Besides
// answering requests it takes word of what happens while they run: of changes,
// of withdrawn rights, and of the end. It is safe for concurrent use and starts
// nothing of its own.
type Endpoint struct {
	handler http.Handler
	inner   *endpoint
}

// ServeHTTP implements [http.Handler].
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) { e.handler.ServeHTTP(w, r) }

// Recheck has every request that still runs, streams included, asked again
// whether it may ([Pass].Recheck). It is called when a token was revoked or the
// policy was replaced, returns at once, and costs a little for each that runs.
func (e *Endpoint) Recheck() { e.inner.pulse.beat() }

// Drain ends the streams that would otherwise go on for ever, each with what its
// revision says at the end of one, and those that come later at once. Calls go
// on. It is called when the server is about to stop.
func (e *Endpoint) Drain() { e.inner.drain.set() }

// pulse is heard by everybody who waits for the next beat. The zero value has no
// beat to wait for; newPulse makes one.
type pulse struct{ next atomic.Pointer[chan struct{}] }

func newPulse() *pulse {
	p := new(pulse)
	first := make(chan struct{})
	p.next.Store(&first)
	return p
}

// wait returns a channel that is closed at the next beat.
func (p *pulse) wait() <-chan struct{} { return *p.next.Load() }

// beat wakes all who wait.
func (p *pulse) beat() {
	next := make(chan struct{})
	close(*p.next.Swap(&next))
}

// flag is set once, and heard by everybody who waits for it.
type flag struct {
	isSet atomic.Bool
	heard chan struct{}
}

func newFlag() *flag { return &flag{heard: make(chan struct{})} }

func (f *flag) set() {
	if f.isSet.CompareAndSwap(false, true) {
		close(f.heard)
	}
}
