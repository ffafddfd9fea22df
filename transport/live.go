package transport

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/transport/message"
)

// live is what is in memory of one session of an older revision.
type live struct {
	peer *peer
	held int   // by how many requests; guarded by the lock of sessions
	over *flag // set when the client has ended the session

	mu      sync.Mutex
	level   mcp.LoggingLevel
	uris    map[string]bool
	running map[string]context.CancelCauseFunc // by the id of the request, as it was sent
	asked   map[string]chan *message.Response  // by the id of a request of the server
}

// defaultLevel is what a client gets that has not said what it wants (MCP
// 2025-11-25, "Logging", leaves it to the server).
const defaultLevel = mcp.LoggingLevelInfo

func newLive(p *peer) *live {
	return &live{
		peer: p, over: newFlag(), level: defaultLevel, uris: map[string]bool{},
		running: map[string]context.CancelCauseFunc{}, asked: map[string]chan *message.Response{},
	}
}

// blank reports whether there is nothing to remember.
func (l *live) blank() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.level == defaultLevel && len(l.uris) == 0 && !l.over.isSet.Load()
}

// start notes a request that runs, so that it can be cancelled by its id. It is
// refused if a request of this id runs already, for only one of them could be,
// and if the session has ended since its id was read.
func (l *live) start(id string, cancel context.CancelCauseFunc) *Refusal {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.over.isSet.Load():
		return noSession()
	case l.running[id] != nil:
		return plain(http.StatusBadRequest, CodeInvalidRequest, "a request with this id is still running", "id_in_use")
	}
	l.running[id] = cancel
	return nil
}

// stop forgets a request that has run.
func (l *live) stop(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.running, id)
}

// cancel cancels the request of an id, if it runs in this session.
func (l *live) cancel(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if cancel := l.running[id]; cancel != nil {
		cancel(cancelled())
	}
}

// end ends the session: what runs in it is cancelled, its streams end.
func (l *live) end() {
	l.over.set()
	l.cancelAll(cancelled())
}

// cancelAll cancels what runs in the session.
func (l *live) cancelAll(why *Refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, cancel := range l.running {
		cancel(why)
	}
}

// expect makes room for the answer to a request of the server.
func (l *live) expect(id string) <-chan *message.Response {
	answer := make(chan *message.Response, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked[id] = answer
	return answer
}

// giveUp stops waiting for an answer.
func (l *live) giveUp(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.asked, id)
}

// answered hands an answer to who waits for it, and is false if nobody does.
func (l *live) answered(id string, r *message.Response) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	waiting := l.asked[id]
	if waiting == nil {
		return false
	}
	delete(l.asked, id)
	waiting <- r // has room for the one answer
	return true
}

// setLevel and logLevel are about the log messages that the client wants.
func (l *live) setLevel(level mcp.LoggingLevel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.level = level
}

func (l *live) logLevel() mcp.LoggingLevel {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.level
}

// subscribe notes that the client wants to be told of a resource. It is false if
// that would be too many.
func (l *live) subscribe(uri string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.uris[uri] {
		return true
	}
	size := len(uri)
	for other := range l.uris {
		size += len(other)
	}
	if len(l.uris) >= message.MaxSubscriptions || size > message.MaxSubscribed {
		return false
	}
	l.uris[uri] = true
	return true
}

func (l *live) unsubscribe(uri string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.uris, uri)
}

func (l *live) subscribed(uri string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.uris[uri]
}

func (l *live) subscriptions() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(maps.Keys(l.uris))
}

// cancelled answers a request whose client has cancelled it. Nobody waits for
// the answer any more, but HTTP needs one.
func cancelled() *Refusal {
	return plain(200, CodeInternal, "the client cancelled the request", "cancelled_by_client")
}
