package server

import (
	"container/list"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// sayAgain is how long a listener at its limit is silent about it in the log.
const sayAgain = 10 * time.Second

// connections are those of one listener, at most so many at a time. A connection that
// is one too many takes the place of the one that has been waiting longest for the
// header of a request, its first one or another; HTTP lets a server close those (RFC
// 9112, section 9.5). If none waits, it is closed itself. So whoever opens connections to
// keep them, or sends a header slowly, shuts out nobody who has something to ask. It is
// safe for concurrent use.
type connections struct {
	most   int // 0 is no limit
	now    func() time.Time
	logger *slog.Logger

	mu      sync.Mutex
	open    map[net.Conn]*list.Element // in waiting, nil if it has a request
	waiting *list.List                 // of net.Conn, the longest first
	said    time.Time
}

func newConnections(most int, now func() time.Time, logger *slog.Logger) *connections {
	return &connections{most: most, now: now, logger: logger, open: map[net.Conn]*list.Element{}, waiting: list.New()}
}

// count returns how many are open.
func (c *connections) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

// changed is the ConnState of the listener's server.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state == http.StateNew {
		c.makeRoomLocked(conn)
	} else if _, known := c.open[conn]; !known {
		return // closed for another, and on its way out
	}
	c.noLongerWaitingLocked(conn)
	switch state {
	case http.StateNew, http.StateIdle:
		c.open[conn] = c.waiting.PushBack(conn)
	case http.StateActive:
		c.open[conn] = nil
	default:
		delete(c.open, conn)
	}
}

func (c *connections) noLongerWaitingLocked(conn net.Conn) {
	if place := c.open[conn]; place != nil {
		c.waiting.Remove(place)
	}
}

// makeRoomLocked closes one connection if conn is one too many.
func (c *connections) makeRoomLocked(conn net.Conn) {
	if c.most == 0 || len(c.open) < c.most {
		return
	}
	victim := conn
	if longest := c.waiting.Front(); longest != nil {
		victim, _ = c.waiting.Remove(longest).(net.Conn)
		delete(c.open, victim)
	}
	_ = victim.Close() // it is of no use any more
	if now := c.now(); now.Sub(c.said) >= sayAgain {
		c.said = now
		c.logger.Warn("a listener has as many connections as it may; those that wait longest are closed",
			"limit", c.most, "waiting", c.waiting.Len())
	}
}
