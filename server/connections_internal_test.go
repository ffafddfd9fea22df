package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-mcp/sallyport/transport"
)

// dialled opens a connection and sends the text on it.
func (s *stopped) dialled(text string) net.Conn {
	conn, err := s.pipes.dial(s.t.Context(), "", "")
	if err != nil {
		s.t.Fatal(err)
	}
	// A pipe has no room of its own, and who is turned away reads nothing.
	go func() { _, _ = io.WriteString(conn, text) }()
	synctest.Wait()
	return conn
}

// isClosed tells whether the server has closed a connection on which nothing is left to
// read.
func isClosed(conn net.Conn) bool {
	_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := conn.Read(make([]byte, 1))
	return errors.Is(err, io.EOF)
}

// TestF04_ConnectionLimit: a connection beyond the limit takes the place of the one that
// has waited longest, and is closed if all others have a request. The twin has room.
func TestF04_ConnectionLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inBubble(t, func(c *Config) { c.Quotas = transport.Quotas{Connections: 3} })
		header, body := s.request()
		kept := strings.Replace(header, "Connection: close\r\n", "", 1) + body
		long := strings.NewReplacer(`"name":"echo"`, `"name":"holds"`, `{"text":"x"}`, `{}`).Replace(body)
		holding := strings.NewReplacer("Mcp-Name: echo", "Mcp-Name: holds", fmt.Sprint("Content-Length: ", len(body)), fmt.Sprint("Content-Length: ", len(long))).
			Replace(header) + long
		answered := func(conn net.Conn) int {
			_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				return 0
			}
			defer response.Body.Close()
			_, _ = io.Copy(io.Discard, response.Body)
			return response.StatusCode
		}
		idle := s.dialled(kept)
		if got := answered(idle); got != 200 {
			t.Fatalf("the first: %d", got)
		}
		synctest.Wait()
		silent := s.dialled("")
		slow := s.dialled(header[:20])
		if isClosed(idle) || isClosed(silent) || isClosed(slow) {
			t.Error("closed although there is room")
		}
		busy := []net.Conn{s.dialled(holding)}
		if !isClosed(idle) || isClosed(silent) || isClosed(slow) {
			t.Error("the one that waited longest was not the one to go")
		}
		busy = append(busy, s.dialled(holding))
		if !isClosed(silent) || isClosed(slow) {
			t.Error("one that never said anything did not go")
		}
		busy = append(busy, s.dialled(holding))
		if !isClosed(slow) {
			t.Error("one that has not said its request did not go")
		}
		if extra := s.dialled(kept); !isClosed(extra) || s.Calls().Running != len(busy) {
			t.Error("one too many was not turned away")
		}
		close(s.release)
		for _, conn := range busy {
			if got := answered(conn); got != 200 {
				t.Errorf("a call on its way: %d", got)
			}
		}
		synctest.Wait()
		twin := s.dialled(kept)
		if got := answered(twin); got != 200 {
			t.Errorf("twin: %d", got)
		}
		_ = twin.Close()
		s.stop()
		if err := <-s.ended; err != nil {
			t.Errorf("serve: %v", err)
		}
		s.finish()
		if n := strings.Count(s.log.String(), "as many connections as it may"); n != 1 {
			t.Errorf("said %d times: %s", n, s.log)
		}
	})
}

// TestF04_AClosedConnectionIsNotCountedAgain: the request of a connection may have come in the moment
// in which it was closed for another.
func TestF04_AClosedConnectionIsNotCountedAgain(t *testing.T) {
	c := newConnections(1, time.Now, quiet())
	victim, other := net.Pipe()
	defer other.Close()
	c.changed(victim, http.StateNew)
	c.changed(other, http.StateNew)
	for _, state := range []http.ConnState{http.StateActive, http.StateIdle, http.StateClosed} {
		c.changed(victim, state)
		if c.count() != 1 {
			t.Errorf("%v: %d are open", state, c.count())
		}
	}
	c.changed(other, http.StateClosed)
	if c.count() != 0 {
		t.Error("one that was closed is counted")
	}
}

// TestF04_AFloodOfConnections: many times more connections than there may be, each with
// part of a request or nothing, leave room for whoever has something to ask.
func TestF04_AFloodOfConnections(t *testing.T) {
	for _, text := range []string{"", "P", "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"} {
		t.Run(fmt.Sprintf("%d bytes", len(text)), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const most = 100
				s := inBubble(t, func(c *Config) { c.Quotas = transport.Quotas{Connections: most} })
				var all []net.Conn
				for range 20 * most {
					all = append(all, s.dialled(text))
				}
				if a := s.call("echo"); a.Status != 200 {
					t.Errorf("a good client: %+v", a)
				}
				left := 0
				for _, conn := range all {
					if !isClosed(conn) {
						left++
					}
					_ = conn.Close()
				}
				if left > most {
					t.Errorf("%d connections are open, want at most %d", left, most)
				}
				s.stop()
				if err := <-s.ended; err != nil {
					t.Errorf("serve: %v", err)
				}
				s.finish()
			})
		})
	}
}

// TestConnectionsWithoutALimit: with the limits off there is none.
func TestConnectionsWithoutALimit(t *testing.T) {
	cfg := goodConfig(t)
	cfg.Limits = Off
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := s.connections().most; got != 0 {
		t.Errorf("%d", got)
	}
	q := transport.DefaultQuotas()
	if q.Connections < q.Calls+q.Streams+1000 {
		t.Errorf("%d connections leave no room beside %d calls and %d streams", q.Connections, q.Calls, q.Streams)
	}
}
