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
// revision says at the end of one. Those that come later get 503 (Service
// Unavailable) with Retry-After. Calls go on and are still accepted, but every
// answer from now on closes its connection, so that the next request goes
// elsewhere. It is called when the server is about to stop, and returns at once.
func (e *Endpoint) Drain() { e.inner.drain.set() }

// Stop ends every call that still runs: its client gets 503 with Retry-After, and
// the context of its handler ends. Calls that come later get the same. What goes
// on in the name of a client that has left (in revisions before 2026-07-28) is
// cancelled too. It is called after Drain, when there is no more time, and returns
// at once; Calls tells whether everything has ended.
func (e *Endpoint) Stop() { e.inner.halt.set() }

// Calls returns what runs now, whether or not there are [Limits].
func (e *Endpoint) Calls() CallStats { return e.inner.running.stats() }

// Cut returns how many calls with a client that waited for them were ended by Stop.
func (e *Endpoint) Cut() int { return int(e.inner.running.cut.Load()) }

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
