package doctor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	// perRequest is how long one request may take, its answer included.
	perRequest = 10 * time.Second
	// bodyLimit is how much of an answer is read.
	bodyLimit = 256 << 10
	// headerLimit is how much of an answer's headers is read.
	headerLimit = 64 << 10
)

// ask is one request.
type ask struct {
	// name says in a finding what was asked.
	name string
	// method and url are those of HTTP; host stands in for that of the URL.
	method, url, host string
	// path is sent as it is, if there is one, in place of that of the URL.
	path   string
	header map[string]string
	body   []byte
	// token is a request that carries the real token.
	token bool
}

// with returns the request with one more header.
func (a ask) with(name, value string) ask {
	a.header = maps.Clone(a.header)
	if a.header == nil {
		a.header = map[string]string{}
	}
	a.header[name] = value
	return a
}

// called returns the request under another name.
func (a ask) called(name string) ask {
	a.name = name
	return a
}

// id is the same for requests that are the same.
func (a ask) id() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s %s %t", a.method, a.url, a.host, a.path, a.token)
	for _, name := range slices.Sorted(maps.Keys(a.header)) {
		fmt.Fprintf(&b, "\n%s: %s", name, a.header[name])
	}
	return fmt.Sprintf("%s\n\n%x", b.String(), sha256.Sum256(a.body))
}

// exchange is a request and what came back.
type exchange struct {
	ask    ask
	status int
	header http.Header
	body   []byte
	tls    *tls.ConnectionState
	took   time.Duration
	err    error  // if there was no answer
	closed bool   // the server ended the connection
	secret string // what must not be shown of it
}

// send sends a request, or returns what came back when it was sent before.
func (v *visit) send(a ask) *exchange {
	id := a.id()
	if x, ok := v.answers[id]; ok {
		again := *x
		again.ask.name = a.name
		return &again
	}
	x := v.exchange(a)
	v.answers[id] = x
	return x
}

func (v *visit) exchange(a ask) *exchange {
	x := &exchange{ask: a, header: http.Header{}, secret: v.opts.Token}
	ctx, cancel := context.WithTimeout(v.ctx, perRequest)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, a.method, a.url, bytes.NewReader(a.body))
	if err != nil {
		x.err = err
		return x
	}
	v.dress(request, a)
	client := v.lenient
	if a.token {
		client = v.strict
	}
	v.requests++
	began := v.opts.Now()
	response, err := client.Do(request)
	x.took = v.opts.Now().Sub(began)
	if err != nil {
		x.err, x.closed = reason(err), wasClosed(err)
		return x
	}
	defer func() { _ = response.Body.Close() }()
	x.status, x.header, x.tls = response.StatusCode, response.Header, response.TLS
	if a.method == http.MethodPost || !x.isStream() { // the stream of a GET may last for hours and say nothing
		x.body, _ = io.ReadAll(io.LimitReader(response.Body, bodyLimit)) // what came is what there is
	}
	return x
}

func (v *visit) dress(request *http.Request, a ask) {
	request.Header.Set("User-Agent", "sallyport-doctor")
	for name, value := range a.header {
		request.Header.Set(name, value)
	}
	if a.token {
		request.Header.Set("Authorization", "Bearer "+v.opts.Token)
	}
	if a.host != "" {
		request.Host = a.host
	}
	if a.path != "" {
		request.URL.RawPath = a.path
		request.URL.Path, _ = url.PathUnescape(a.path) // the paths that are tried are good ones
	}
}

// reason is an error without the URL, which the reader knows.
func reason(err error) error {
	var inner interface{ Unwrap() error }
	if errors.As(err, &inner) && inner.Unwrap() != nil && strings.Contains(err.Error(), "://") {
		return inner.Unwrap()
	}
	return err
}

// wasClosed tells whether the server hung up, which is a way to refuse.
func wasClosed(err error) bool {
	var timeout net.Error
	return (!errors.As(err, &timeout) || !timeout.Timeout()) && !errors.Is(err, context.Canceled)
}

func (x *exchange) isStream() bool {
	return strings.HasPrefix(x.header.Get("Content-Type"), "text/event-stream")
}

// rpc is what matters of a JSON-RPC answer.
type rpc struct {
	Version string          `json:"jsonrpc"`
	Result  json.RawMessage `json:"result"`
	Error   *struct {
		Code int             `json:"code"`
		Data json.RawMessage `json:"data"`
	} `json:"error"`
}

// rpc reads the answer as JSON-RPC: the body, or the last event of a stream that is an answer. It is zero if there is none.
func (x *exchange) rpc() rpc {
	if !x.isStream() {
		return readRPC(x.body)
	}
	var last rpc
	for line := range bytes.Lines(x.body) {
		data, ok := bytes.CutPrefix(line, []byte("data:"))
		if answer := readRPC(data); ok && (answer.Result != nil || answer.Error != nil) {
			last = answer
		}
	}
	return last
}

func readRPC(body []byte) rpc {
	var answer rpc
	if json.Unmarshal(body, &answer) != nil || answer.Version != "2.0" {
		return rpc{}
	}
	return answer
}

// silent tells whether there was no answer in time, which says nothing. A server that hangs up has refused.
func (x *exchange) silent() bool { return x.err != nil && !x.closed }

// answered tells whether a request came through to what serves MCP: a result, or an error that only a dispatcher knows.
func (x *exchange) answered() bool {
	answer := x.rpc()
	if answer.Result != nil {
		return true
	}
	return answer.Error != nil && (answer.Error.Code == codeMethodNotFound || answer.Error.Code == codeInvalidParams || x.status/100 == 2)
}

// read tells whether a request without a token was read as a message: it is answered in JSON-RPC, and neither by a gate nor by a
// router.
func (x *exchange) read() bool {
	switch x.status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed:
		return false
	}
	return x.rpc().Error != nil
}

// text is the body, or of a stream what its events say.
func (x *exchange) text() string {
	if !x.isStream() {
		return string(x.body)
	}
	var b strings.Builder
	for line := range bytes.Lines(x.body) {
		if data, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			b.Write(data)
		}
	}
	return b.String()
}

// String is what is shown of an exchange: what was asked, the status, and the beginning of what came.
func (x *exchange) String() string {
	if x.err != nil {
		return x.ask.name + ": no answer (" + printable(x.err.Error(), 100) + ")"
	}
	text := fmt.Sprintf("%s: %d", x.ask.name, x.status)
	if body := printable(withoutToken(x.text(), x.secret), 120); body != "" {
		text += " " + body
	}
	return text
}
