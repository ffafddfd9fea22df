package transport

import (
	"sync"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
)

// CallStats is what runs now.
type CallStats struct {
	// Running is the number of requests that run, Abandoned ones included.
	Running int
	// Abandoned is the number of those whose client has its answer, or is gone,
	// while the handler goes on.
	Abandoned int
}

// caller is whose calls are counted together.
type caller struct{ issuer, subject string }

// gauge counts what runs. Its map has an entry only for callers with something
// running, and so at most as many as may run.
type gauge struct {
	mu        sync.Mutex
	running   map[caller]int
	total     int
	streams   map[caller]int
	allOpen   int
	abandoned int
}

// Calls returns what runs now. Of a nil *Limits it is nothing.
func (l *Limits) Calls() CallStats {
	if l == nil {
		return CallStats{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return CallStats{Running: l.total, Abandoned: l.abandoned}
}

// place is the place of one request among those that run. It is taken until both
// the goroutine that answers and that of the handler have left it.
type place struct {
	limits *Limits
	who    caller

	// Guarded by the lock of limits.
	handled   bool // the handler has it
	left      bool // the goroutine that answers has it no more
	abandoned bool // the handler has it alone
}

// enter takes a place for a request of who.
func (l *Limits) enter(who authz.Principal) (*place, *Refusal) {
	if l == nil {
		return nil, nil
	}
	p := &place{limits: l, who: caller{who.Issuer, who.Subject}}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.running[p.who] >= l.quotas.CallsPerPrincipal:
		return nil, TooManyRequests(time.Second, "calls_principal")
	case l.total >= l.quotas.Calls:
		return nil, TooManyRequests(time.Second, "calls_total")
	}
	l.running[p.who]++
	l.total++
	return p, nil
}

// share gives the place to the handler too.
func (p *place) share() {
	if p == nil {
		return
	}
	p.limits.mu.Lock()
	defer p.limits.mu.Unlock()
	p.handled = true
}

// returned says that the handler has returned.
func (p *place) returned() {
	if p == nil {
		return
	}
	p.limits.mu.Lock()
	defer p.limits.mu.Unlock()
	p.handled = false
	if p.abandoned {
		p.limits.abandoned--
		p.freeLocked()
	}
}

// leave says that nobody waits for the handler any more. It comes before the
// last byte of the answer, so that a client that sends its next request on it
// finds the place free; later calls do nothing.
func (p *place) leave() {
	if p == nil {
		return
	}
	p.limits.mu.Lock()
	defer p.limits.mu.Unlock()
	if p.left {
		return
	}
	p.left = true
	if p.handled {
		p.abandoned = true
		p.limits.abandoned++
		return
	}
	p.freeLocked()
}

func (p *place) freeLocked() {
	l := p.limits
	l.total--
	if l.running[p.who]--; l.running[p.who] == 0 {
		delete(l.running, p.who)
	}
}

// enterStream takes a place for a stream of changes, and returns how to leave it.
func (l *Limits) enterStream(who authz.Principal) (func(), *Refusal) {
	if l == nil {
		return func() {}, nil
	}
	of := caller{who.Issuer, who.Subject}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.streams[of] >= l.quotas.StreamsPerPrincipal:
		return nil, TooManyRequests(time.Second, "streams_principal")
	case l.allOpen >= l.quotas.Streams:
		return nil, TooManyRequests(time.Second, "streams_total")
	}
	l.streams[of]++
	l.allOpen++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.allOpen--
		if l.streams[of]--; l.streams[of] == 0 {
			delete(l.streams, of)
		}
	}, nil
}
