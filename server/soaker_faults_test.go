package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// disconnect leaves while a call runs. In older revisions that does not end it; the notification does.
func (w *soaker) disconnect(k int) {
	m := w.next(k)
	header, body := w.body(m, w.older(), "tools/call", calling("waits")(canary(m.worker, m.seq)))
	id := 1000 + m.seq // its own, for it may be in use for a moment after the handler has ended
	body = bytes.Replace(body, []byte(`"id":7,`), fmt.Appendf(nil, `"id":%d,`, id), 1)
	ctx, leave := context.WithCancel(w.t.Context())
	defer leave()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.soak.URL(), bytes.NewReader(body))
	if err != nil {
		w.t.Error(err)
		return
	}
	for name, value := range map[string]string{
		"Authorization": "Bearer " + w.token, "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
		"Mcp-Protocol-Version": w.revision, "Mcp-Session-Id": w.client.Session(),
	} {
		header.Set(name, value)
	}
	request.Header = header
	w.counted(m)
	transport, left := &http.Transport{}, make(chan struct{})
	defer transport.CloseIdleConnections()
	go func() {
		defer close(left)
		if response, err := transport.RoundTrip(request); err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		}
	}()
	w.wait(w.soak.handlers.began[w.number])
	leave()
	<-left
	if w.older() {
		w.client.Notify("notifications/cancelled", params{"requestId": id})
	}
	w.wait(w.soak.handlers.ended[w.number])
}

// outOfTime waits for a call that takes longer than one may.
func (w *soaker) outOfTime(k int) {
	m := w.next(k)
	a := w.post(m, w.client, "tools/call", calling("waits")(canary(m.worker, m.seq)))
	w.judge(m, a, a.Code == -32603 && strings.Contains(a.Message, "longer"), 2)
	w.wait(w.soak.handlers.began[w.number])
	w.wait(w.soak.handlers.ended[w.number])
}

// malformed says two things at once.
func (w *soaker) malformed(k int) {
	m := w.next(k)
	header, _ := w.body(m, w.older(), "tools/call", calling("work")(canary(m.worker, m.seq)))
	a := w.raw(m, w.client, header, []byte(`{"jsonrpc":"2.0","id":7,"method":"tools/call","method":"tools/list"}`))
	w.judge(m, a, a.Status == http.StatusBadRequest && a.Code == -32600, 0)
}

// lies says in the headers that it calls something else.
func (w *soaker) lies(k int) {
	m := w.next(k)
	header, body := w.body(m, w.older(), "tools/call", calling("work")(canary(m.worker, m.seq)))
	header.Set("Mcp-Method", "tools/call")
	header.Set("Mcp-Name", "secret")
	a := w.raw(m, w.client, header, body)
	w.judge(m, a, a.Code == -32020, 0)
}

// responds answers what nobody asked.
func (w *soaker) responds(k int) {
	m := w.next(k)
	header, _ := w.body(m, w.older(), "", nil)
	a := w.raw(m, w.client, header, fmt.Appendf(nil, `{"jsonrpc":"2.0","id":7,"result":{"word":%q}}`, canary(m.worker, m.seq)))
	w.judge(m, a, a.Status == http.StatusBadRequest, 0)
}

// notifies tells something that means nothing: no decision, and no record.
func (w *soaker) notifies(k int) {
	m := w.next(k)
	w.counted(m)
	a := w.client.Notify("notifications/progress", params{"progressToken": "p", "progress": 1, "message": canary(m.worker, m.seq)})
	w.judge(m, a, a.Status == http.StatusAccepted, 0)
}

// half leaves in the middle of a body.
func (w *soaker) half(k int) {
	m := w.next(k)
	header, _ := w.body(m, w.older(), "tools/list", nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.soak.Origin(), "http://"))
	if err != nil {
		w.t.Error(err)
		return
	}
	defer func() { _ = conn.Close() }()
	w.counted(m)
	_, err = fmt.Fprintf(conn, "POST /mcp HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nTraceparent: %s\r\nContent-Type: application/json\r\n"+
		"Content-Length: 1000\r\n\r\n{\"half\":", strings.TrimPrefix(w.soak.Origin(), "http://"), w.token, header.Get("Traceparent"))
	if err == nil {
		err = conn.(*net.TCPConn).CloseWrite()
	}
	answer, _ := io.ReadAll(conn) // the server may have reset the connection
	if err != nil || len(answer) > 0 && !bytes.HasPrefix(answer, []byte("HTTP/1.1 408 ")) {
		w.t.Errorf("half a body: %v %s", err, answer)
	}
}

// refusedBefore counts a refusal that came before a verified token, which is one of two.
func (w *soaker) refusedBefore(k int, c *servertest.Client, reason string) {
	m := w.next(k)
	w.counted(m)
	header, body := w.body(m, false, "tools/call", calling("work")(canary(m.worker, m.seq)))
	a := c.SendRaw(header, body)
	if a.Status == http.StatusTooManyRequests {
		reason = "rate_token_failures"
	}
	w.decisions["deny "+reason]++
	w.judge(m, a, a.Status == http.StatusUnauthorized || a.Status == http.StatusTooManyRequests, 0)
}

func (w *soaker) anonymous(k int) { w.refusedBefore(k, w.nobody(""), "token_missing") }

func (w *soaker) forged(k int) { w.refusedBefore(k, w.nobody("x.y.z"), "token_malformed") }

func (w *soaker) revoked(k int) {
	if w.doomed != nil {
		w.refusedBefore(k, w.doomed, "revoked")
	}
}

// nobody returns a client with a token that is none.
func (w *soaker) nobody(bearer string) *servertest.Client {
	return w.stateless.With("Authorization", strings.TrimSpace("Bearer "+bearer))
}

// revoke makes a token and has it revoked.
func (w *soaker) revoke(t *testing.T) {
	t.Helper()
	id := fmt.Sprint("doomed-", w.number, "-", w.seq)
	caller := w.caller("user", "")
	caller.Claims = params{"jti": id}
	w.doomed = w.soak.Client(t, w.soak.token(t, caller))
	if _, err := w.soak.Server.Server().Revoke(token.Revocation{Issuer: servertest.DefaultIssuer, TokenID: id}); err != nil {
		t.Fatal(err)
	}
}
