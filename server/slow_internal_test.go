package server

import (
	"bufio"
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

// request is a call of echo as it goes over the wire, in its two parts.
func (s *stopped) request() (string, string) {
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"},` + newest + `}}`
	return "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAuthorization: Bearer " + s.bearer +
		"\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nMcp-Protocol-Version: 2026-07-28\r\n" +
		fmt.Sprintf("Mcp-Method: tools/call\r\nMcp-Name: echo\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", len(body)), body
}

// trickled sends head at once, slow evenly within a time, and then tail. It returns
// what came back and after how long the connection was closed.
func (s *stopped) trickled(head, slow, tail string, within time.Duration) (string, time.Duration) {
	conn, err := s.pipes.dial(s.t.Context(), "", "")
	if err != nil {
		return err.Error(), 0
	}
	began, sent := time.Now(), make(chan struct{})
	go func() {
		defer close(sent)
		if _, err := io.WriteString(conn, head); err != nil {
			return
		}
		for i := range len(slow) {
			<-time.After(within / time.Duration(len(slow)))
			if _, err := io.WriteString(conn, slow[i:i+1]); err != nil {
				return
			}
		}
		_, _ = io.WriteString(conn, tail) // or the answer is there already
	}()
	got, _ := io.ReadAll(conn) // an end is an end
	took := time.Since(began)
	_ = conn.Close()
	<-sent
	return string(got), took
}

// TestF04_SlowClientsAreLeft has many clients that send slowly, while a good one
// is served as ever. The twin of each is only just fast enough.
func TestF04_SlowClientsAreLeft(t *testing.T) {
	for _, row := range []struct {
		name          string
		header        bool // it is the header that comes slowly, else the body
		within        time.Duration
		answer        string
		least, latest time.Duration
	}{
		{"header", true, 11 * time.Second, "HTTP/1.1 400 ", transport.ReadHeaderTimeout, transport.ReadHeaderTimeout + time.Second},
		{"header, twin", true, 9 * time.Second, "HTTP/1.1 200 ", 0, 9*time.Second + time.Second},
		{"body", false, 10 * time.Minute, "HTTP/1.1 408 ", transport.BodyTimeout, transport.BodyTimeout + time.Second},
		{"body, twin", false, 29 * time.Second, "HTTP/1.1 200 ", 0, 30 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const n = 200
				s := inBubble(t)
				header, body := s.request()
				head, slow, tail := header, body, ""
				if row.header {
					head, slow, tail = "", header, body
				}
				type outcome struct {
					text string
					took time.Duration
				}
				all := make(chan outcome, n)
				for range n {
					go func() {
						text, took := s.trickled(head, slow, tail, row.within)
						all <- outcome{text, took}
					}()
				}
				for range 3 {
					<-time.After(time.Second)
					if a := s.call("echo"); a.Status != http.StatusOK {
						t.Errorf("a good client beside them: %+v", a)
					}
				}
				wrong := 0
				for range n {
					o := <-all
					if !strings.HasPrefix(o.text, row.answer) || o.took < row.least || o.took > row.latest {
						if wrong++; wrong == 1 {
							t.Errorf("%q after %v", o.text, o.took)
						}
					}
				}
				if wrong > 0 {
					t.Errorf("%d of %d", wrong, n)
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

// TestF04_ClientsThatDoNotReadAreLeft: an answer waits for its reader for so long
// and no longer. Its twin reads just in time.
func TestF04_ClientsThatDoNotReadAreLeft(t *testing.T) {
	for _, patience := range []time.Duration{transport.WriteTimeout + time.Second, transport.WriteTimeout - time.Second} {
		t.Run(patience.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := inBubble(t)
				header, body := s.request()
				conn, err := s.pipes.dial(t.Context(), "", "")
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				if _, err := io.WriteString(conn, header+body); err != nil {
					t.Fatal(err)
				}
				<-time.After(patience)
				synctest.Wait()
				answered := read(conn)
				if want := patience < transport.WriteTimeout; answered != want {
					t.Errorf("answered %v, want %v", answered, want)
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

// read reports whether a whole answer can be read.
func read(conn net.Conn) bool {

	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, err = io.ReadAll(response.Body)
	return err == nil && response.StatusCode == http.StatusOK
}
