package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// pipes is a listener whose connections live in memory, and so in the time of a
// synctest bubble.
type pipes struct {
	come  chan net.Conn
	ended chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.come:
		return conn, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.ended:
	default:
		close(p.ended)
	}
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.come <- there:
		return here, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

// stopped is a server in a bubble that can be told to stop.
type stopped struct {
	*Server
	t        *testing.T
	pipes    *pipes
	http     *http.Client
	bearer   string
	log      *bytes.Buffer // read it when serve has ended
	began    time.Time     // of the stop
	stop     context.CancelFunc
	ended    chan error
	release  chan struct{}
	shutdown time.Time
}

func inBubble(t *testing.T, change ...func(*Config)) *stopped {
	s := &stopped{t: t, pipes: newPipes(), log: new(bytes.Buffer), ended: make(chan error, 1), release: make(chan struct{})}
	issuer := issuertest.New("https://issuer.example")
	cfg := goodConfig(t)
	cfg.Logger = slog.New(slog.NewTextHandler(s.log, nil))
	cfg.Issuers = []token.Issuer{{URL: issuer.URL(), Keys: issuer.JWKS}}
	cfg.PublicURL = "http://127.0.0.1:8080"
	cfg.Tools = append(cfg.Tools,
		echoTool(func(t *tools.Tool) {
			t.Name, t.Permissions = "holds", []string{"echo:use"}
			t.Handler = tools.Typed(func(ctx context.Context, _ struct{}) (string, error) {
				select {
				case <-s.release:
					return "finished", nil
				case <-ctx.Done():
					return "", ctx.Err()
				}
			})
		}),
		echoTool(func(t *tools.Tool) {
			t.Name, t.Permissions = "deaf", []string{"echo:use"}
			t.Handler = tools.Typed(func(context.Context, struct{}) (string, error) {
				<-s.release
				return "finished", nil
			})
		}))
	for _, c := range change {
		c(&cfg)
	}
	made, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.Server = made
	handler, err := s.Handler(DefaultPath)
	if err != nil {
		t.Fatal(err)
	}
	s.http = &http.Client{Transport: &http.Transport{DialContext: s.pipes.dial, MaxIdleConnsPerHost: 1000}}
	s.bearer = issuer.Sign(issuer.Claims("http://127.0.0.1:8080/mcp", "alice", "c", "echo:use", time.Now()), nil)
	ctx, cancel := context.WithCancel(t.Context())
	s.stop = func() { s.began = time.Now(); cancel() }
	all := []listening{newListening(s.pipes, s.parting(handler), s.connections())}
	go func() {
		err := s.serve(ctx, all)
		s.shutdown = time.Now()
		s.ended <- err
	}()
	synctest.Wait()
	return s
}

// told is what came of a request, and when, from the stop on.
type told struct {
	Status int
	Header http.Header
	Body   string
	Closed bool // the server closes the connection after the answer
	After  time.Duration
}

// send sends one message; a method of HTTP opens or ends a session's stream.
func (s *stopped) send(verb, session, body string, headers ...string) told {
	request, err := http.NewRequest(verb, "http://127.0.0.1:8080/mcp", strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.bearer)
	request.Header.Set("Accept", "application/json, text/event-stream")
	if verb == http.MethodPost {
		request.Header.Set("Content-Type", "application/json")
	}
	if session != "" {
		request.Header.Set("Mcp-Session-Id", session)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := s.http.Do(request)
	if err != nil {
		return told{Body: "error: " + err.Error(), After: time.Since(s.began)}
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		read = append(read, "error: "+err.Error()...)
	}
	return told{response.StatusCode, response.Header, string(read), response.Close, time.Since(s.began)}
}

const newest = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`

func (s *stopped) call(tool string) told {
	return s.send(http.MethodPost, "", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"`+tool+`","arguments":{},`+newest+`}}`,
		"Mcp-Method", "tools/call", "Mcp-Name", tool, "Mcp-Protocol-Version", "2026-07-28")
}

func (s *stopped) listenTo() told {
	return s.send(http.MethodPost, "", `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},`+newest+`}}`,
		"Mcp-Method", "subscriptions/listen", "Mcp-Protocol-Version", "2026-07-28")
}

func (s *stopped) session() string {
	s.t.Helper()
	a := s.send(http.MethodPost, "", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`)
	if a.Status != http.StatusOK {
		s.t.Fatalf("initialize: %+v", a)
	}
	return a.Header.Get("Mcp-Session-Id")
}

func (s *stopped) olderCall(session, tool string) told {
	return s.send(http.MethodPost, session, `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"`+tool+`","arguments":{}}}`)
}

// leaves makes a call of a session and leaves before the answer.
func (s *stopped) leaves(session, tool string) {
	impatient := *s
	impatient.http = &http.Client{Transport: s.http.Transport, Timeout: time.Second}
	if a := impatient.olderCall(session, tool); !strings.Contains(a.Body, "error: ") {
		s.t.Errorf("the client was answered: %+v", a)
	}
}

// many does the same n times at once.
func many(n int, do func() told) <-chan told {
	all := make(chan told, n)
	for range n {
		go func() { all <- do() }()
	}
	return all
}

// outcomes counts what came of n requests.
func outcomes(n int, all <-chan told, classify func(told) string) map[string]int {
	count := map[string]int{}
	for range n {
		count[classify(<-all)]++
	}
	return count
}

func plainly(a told) string {
	text := a.Body
	for _, known := range []string{"finished", "the server is stopping", "error: "} {
		if strings.Contains(a.Body, known) {
			text = known
		}
	}
	return fmt.Sprintf("%d %s, Retry-After %q, closed %v, after %v", a.Status, text, a.Header.Get("Retry-After"), a.Closed, a.After)
}

func streamed(a told) string {
	end := strings.Contains(a.Body, `"method":"notifications/cancelled"`) && strings.Contains(a.Body, `"resultType":"complete"`)
	return fmt.Sprintf("%d %s, end %v, broken %v, after %v", a.Status, a.Header.Get("Content-Type"), end, strings.Contains(a.Body, "error: "), a.After)
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// TestF11_StopEndsEverythingInTime stops while there are streams, calls that
// finish, calls that would not, and calls that do not listen.
func TestF11_StopEndsEverythingInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 50
		s := inBubble(t)
		session := s.session()
		holding, deaf := many(n, func() told { return s.call("holds") }), many(n, func() told { return s.call("deaf") })
		older := many(1, func() told { return s.olderCall(session, "holds") })
		s.leaves(s.session(), "holds") // which is no cancellation there
		listens := many(n, s.listenTo)
		gets := many(n, func() told { return s.send(http.MethodGet, session, "") })
		unfinished, err := s.pipes.dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer unfinished.Close()
		header, _ := s.request() // of which the body never comes
		if _, err := io.WriteString(unfinished, header); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := s.Calls(); got.Running != 2*n+2 || got.Abandoned != 1 {
			t.Fatalf("%+v run", got)
		}
		s.stop()
		same(t, "listen", map[string]int{"200 text/event-stream, end true, broken false, after 0s": n}, outcomes(n, listens, streamed))
		same(t, "GET", map[string]int{"200 text/event-stream, end false, broken false, after 0s": n}, outcomes(n, gets, streamed))
		refused := map[string]int{`503 the server is stopping, Retry-After "1", closed true, after 9s`: n}
		same(t, "calls that listen", refused, outcomes(n, holding, plainly))
		same(t, "calls that do not", refused, outcomes(n, deaf, plainly))
		same(t, "call of a session", map[string]int{`503 the server is stopping, Retry-After "1", closed true, after 9s`: 1}, outcomes(1, older, plainly))
		if err := <-s.ended; err != nil {
			t.Errorf("serve: %v", err)
		}
		if took := s.shutdown.Sub(s.began); took != drainTime {
			t.Errorf("it took %v", took)
		}
		if got := s.Calls(); got.Running != n || got.Abandoned != n {
			t.Errorf("%+v run at the end", got)
		}
		want := fmt.Sprintf("calls_refused=%d handlers_abandoned=%d connections_closed=1", 2*n+1, n)
		if !strings.Contains(s.log.String(), want) || strings.Count(s.log.String(), "stopped before") != 1 {
			t.Errorf("log lacks %q:\n%s", want, s.log)
		}
		s.finish()
	})
}

// finish lets everything end that is left, so that the bubble can.
func (s *stopped) finish() {
	select {
	case <-s.release:
	default:
		close(s.release)
	}
	s.http.CloseIdleConnections()
	s.Close()
	synctest.Wait()
	if got := s.Calls(); got.Running != 0 || got.Abandoned != 0 {
		s.t.Errorf("%+v are left", got)
	}
}

// TestF11_StopWithEverythingInTime is the twin: calls that finish are answered,
// and nothing is said to have been cut off.
func TestF11_StopWithEverythingInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 50
		s := inBubble(t)
		holding, deaf := many(n, func() told { return s.call("holds") }), many(n, func() told { return s.call("deaf") })
		synctest.Wait()
		s.stop()
		time.AfterFunc(callTime-time.Millisecond, func() { close(s.release) })
		answered := map[string]int{fmt.Sprintf(`200 finished, Retry-After "", closed true, after %v`, callTime-time.Millisecond): n}
		finished := func(a told) string {
			if strings.Contains(a.Body, `"text":"finished"`) {
				a.Body = "finished"
			}
			return plainly(a)
		}
		same(t, "calls that listen", answered, outcomes(n, holding, finished))
		same(t, "calls that do not", answered, outcomes(n, deaf, finished))
		if err := <-s.ended; err != nil {
			t.Errorf("serve: %v", err)
		}
		if s.log.Len() > 0 {
			t.Errorf("log: %s", s.log)
		}
		s.finish()
	})
}

// TestF11_RequestsWhileItStops sends more on connections that were kept.
func TestF11_RequestsWhileItStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inBubble(t)
		session := s.session()
		for _, a := range []told{<-many(1, func() told { return s.call("echo") }), s.olderCall(session, "echo")} {
			if a.Status != http.StatusOK || a.Closed {
				t.Errorf("before: %+v", a)
			}
		}
		holding := many(3, func() told { return s.call("holds") })
		kept := many(6, func() told { return s.call("echo") })
		for range 6 {
			<-kept
		}
		synctest.Wait()
		s.stop()
		synctest.Wait()
		for what, a := range map[string]told{"call": s.call("echo"), "older": s.olderCall(session, "echo")} {
			if a.Status != http.StatusOK || !a.Closed {
				t.Errorf("%s: %+v", what, a)
			}
		}
		preflight := s.send(http.MethodOptions, "", "", "Origin", "http://127.0.0.1:8080", "Access-Control-Request-Method", "POST")
		if preflight.Status != http.StatusNoContent || !preflight.Closed {
			t.Errorf("preflight: %+v", preflight)
		}
		for what, a := range map[string]told{"listen": s.listenTo(), "GET": s.send(http.MethodGet, session, "")} {
			if a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") != "1" || !a.Closed ||
				!strings.Contains(a.Body, "the server is stopping") {
				t.Errorf("%s: %+v", what, a)
			}
		}
		s.at.endpoint.Stop()
		synctest.Wait()
		running := s.Calls().Running
		for what, a := range map[string]told{"call": s.call("deaf"), "older": s.olderCall(session, "deaf")} {
			if a.Status != http.StatusServiceUnavailable || !a.Closed {
				t.Errorf("%s after the end of calls: %+v", what, a)
			}
		}
		if got := s.Calls().Running; got > running {
			t.Errorf("%d calls run, %d did before", got, running)
		}
		same(t, "calls that ran", map[string]int{`503 the server is stopping, Retry-After "1", closed true, after 0s`: 3}, outcomes(3, holding, plainly))
		s.http.CloseIdleConnections()
		if err := <-s.ended; err != nil {
			t.Errorf("serve: %v", err)
		}
		if a := s.call("echo"); !strings.Contains(a.Body, "closed") {
			t.Errorf("after the stop: %+v", a)
		}
		s.finish()
	})
}
