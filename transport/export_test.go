package transport

// Open returns how many streams of changes are open.
func Open(e *Endpoint) int {
	e.inner.hub.mu.Lock()
	defer e.inner.hub.mu.Unlock()
	return len(e.inner.hub.open)
}

// OpenStreams returns how many streams the limits know of.
func OpenStreams(l *Limits) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.allOpen
}
