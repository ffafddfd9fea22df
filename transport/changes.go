package transport

import (
	"slices"
	"sync"
)

// Announce tells the streams that may hear of it that something has changed. It
// does not wait for anybody: a change is noted for each stream, at most one of
// each kind and one for each resource, and goes out as fast as its client reads.
func (e *Endpoint) Announce(c Change) { e.inner.hub.announce(c) }

// hub knows the streams that are open.
type hub struct {
	mu   sync.Mutex
	open map[*listener]struct{}
	last map[string]*listener // by session: the stream that was opened last
}

func newHub() *hub {
	return &hub{open: map[*listener]struct{}{}, last: map[string]*listener{}}
}

// join adds a stream. Of the streams of one session only the last one is told,
// for a message goes out on one stream only (MCP 2025-11-25, "Multiple
// Connections", 2), and one before it may be a broken connection that nobody has
// noticed yet.
func (h *hub) join(l *listener) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open[l] = struct{}{}
	if l.live != nil {
		h.last[l.live.peer.id] = l
	}
}

// leave takes a stream away. One of the same session that is still open is told
// from now on.
func (h *hub) leave(l *listener) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.open, l)
	if l.live == nil || h.last[l.live.peer.id] != l {
		return
	}
	delete(h.last, l.live.peer.id)
	for other := range h.open {
		if other.live == l.live {
			h.last[l.live.peer.id] = other
			return
		}
	}
}

// told returns the streams that are told of changes.
func (h *hub) told() []*listener {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]*listener, 0, len(h.open))
	for l := range h.open {
		if l.live == nil || h.last[l.live.peer.id] == l {
			list = append(list, l)
		}
	}
	return list
}

func (h *hub) announce(c Change) {
	for _, l := range h.told() {
		if l.wants(c) && l.sees(c) {
			l.note(c)
		}
	}
}

// listener is one open stream of changes.
type listener struct {
	subscription *Subscription
	live         *live // that of a GET; nil for subscriptions/listen
	wake         chan struct{}

	mu      sync.Mutex
	lists   map[ChangeKind]bool
	updated map[string]bool
}

func newListener(s *Subscription, l *live) *listener {
	if s == nil {
		s = &Subscription{}
	}
	return &listener{
		subscription: s, live: l, wake: make(chan struct{}, 1), lists: map[ChangeKind]bool{}, updated: map[string]bool{},
	}
}

// wants reports whether the client asked for such a change. In revisions before
// 2026-07-28 everybody is told of lists.
func (l *listener) wants(c Change) bool {
	filter := l.subscription.Filter
	switch c.Kind {
	case ToolsChanged:
		return l.live != nil || filter.Tools
	case PromptsChanged:
		return l.live != nil || filter.Prompts
	case ResourcesChanged:
		return l.live != nil || filter.Resources
	case ResourceUpdated:
		return len(c.Names) == 1 && l.subscribed(c.Names[0])
	}
	return false
}

func (l *listener) subscribed(uri string) bool {
	if l.live != nil {
		return l.live.subscribed(uri)
	}
	return slices.Contains(l.subscription.Filter.URIs, uri)
}

// sees reports whether the caller may hear of the change now.
func (l *listener) sees(c Change) bool {
	return l.subscription.Sees != nil && l.subscription.Sees(c)
}

// note keeps a change until the stream takes it.
func (l *listener) note(c Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.Kind == ResourceUpdated {
		l.updated[c.Names[0]] = true
	} else {
		l.lists[c.Kind] = true
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// take returns what was noted since it was last asked: lists in the order of
// their kinds, then resources.
func (l *listener) take() []Change {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []Change
	for _, kind := range []ChangeKind{ToolsChanged, PromptsChanged, ResourcesChanged} {
		if l.lists[kind] {
			all = append(all, Change{Kind: kind})
		}
	}
	for uri := range l.updated {
		all = append(all, Change{Kind: ResourceUpdated, Names: []string{uri}})
	}
	clear(l.lists)
	clear(l.updated)
	return all
}
