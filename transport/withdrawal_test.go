package transport_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sallyport-mcp/sallyport/transport"
)

// withdrawn makes a gate that admits and, once asked again, does so no more.
func withdrawn(is *atomic.Bool) func(*harness) {
	return func(h *harness) {
		h.gate.recheck = func() *transport.Refusal {
			if is.Load() {
				return transport.InvalidToken("revoked")
			}
			return nil
		}
	}
}

// TestM19_AWithdrawalBeforeTheFirstBeat withdraws the right between the decision
// and the moment from which withdrawals are heard of.
func TestM19_AWithdrawalBeforeTheFirstBeat(t *testing.T) {
	var is atomic.Bool
	var e *transport.Endpoint
	h := start(t, withOlder(newKeys(t)), withdrawn(&is), endpointOf(&e), (*harness).holds)
	session := first(h.shake(t, "2025-11-25"))
	listen := func() <-chan string { _, s := open(t, h.request(listening(`"toolsListChanged":true`))); return s }
	get := func() <-chan string { _, s := open(t, h.plainly("GET", "", in(session))); return s }

	twins := []<-chan string{listen(), get()}
	heard(t, twins[0])
	e.Announce(transport.Change{Kind: transport.ToolsChanged})
	for _, stream := range twins {
		if s := heard(t, stream); s.Method != "notifications/tools/list_changed" {
			t.Errorf("a stream that may stay says %+v", s)
		}
	}
	is.Store(true)
	records := h.gate.count()
	stream := listen()
	heard(t, stream)
	ends(t, heard(t, stream), stream)
	if more := next(t, get()); more != "" {
		t.Errorf("GET: %s", more)
	}
	answers := make(chan answer, 1)
	go func() { answers <- send(t, h.request(callBody("holds"))) }()
	<-h.waiting
	<-h.waiting
	if a := <-answers; a.status != 401 {
		t.Errorf("the call: %d %s", a.status, a.body)
	}
	if n := h.gate.count() - records; n != 6 {
		t.Errorf("%d records of three decisions and three withdrawals", n)
	}
}

// TestM19_NothingIsToldAfterAWithdrawal announces what changed before anybody
// was told that a right is gone.
func TestM19_NothingIsToldAfterAWithdrawal(t *testing.T) {
	var is atomic.Bool
	var e *transport.Endpoint
	h := start(t, withdrawn(&is), endpointOf(&e))
	_, stream := open(t, h.request(listening(`"toolsListChanged":true`)))
	heard(t, stream)
	e.Announce(transport.Change{Kind: transport.ToolsChanged})
	if s := heard(t, stream); s.Method != "notifications/tools/list_changed" {
		t.Fatalf("%+v", s)
	}
	is.Store(true)
	e.Announce(transport.Change{Kind: transport.ToolsChanged})
	ends(t, heard(t, stream), stream)
}

// TestM19_ACallWithoutAClientIsWithdrawn leaves a call of an older revision alone,
// which goes on until its right is gone.
func TestM19_ACallWithoutAClientIsWithdrawn(t *testing.T) {
	var is atomic.Bool
	var e *transport.Endpoint
	h := start(t, withOlder(newKeys(t)), withdrawn(&is), endpointOf(&e), (*harness).holds)
	session := first(h.shake(t, "2025-11-25"))
	for name, ends := range map[string]string{"the right is gone": "cancelled", "it is not": ""} {
		t.Run(name, func(t *testing.T) {
			is.Store(false)
			ctx, leave := context.WithCancel(t.Context())
			gone := make(chan struct{})
			go func() {
				defer close(gone)
				_, _ = http.DefaultTransport.RoundTrip(h.plainly("POST", older("7", "tools/call", `"name":"holds"`), in(session)).WithContext(ctx))
			}()
			<-h.waiting
			leave()
			<-gone
			until(t, func() bool { return h.config.Limits.Calls().Abandoned > 0 })
			records := h.gate.count()
			is.Store(ends != "")
			e.Recheck()
			if ends == "" {
				h.release <- struct{}{} // only what still runs can take it
			} else if said := <-h.waiting; said != ends {
				t.Error(said)
			}
			until(t, func() bool { return h.config.Limits.Calls().Running == 0 })
			if n := h.gate.count() - records; n != strings.Count(ends, "cancelled") {
				t.Errorf("%d records", n)
			}
		})
	}
}
