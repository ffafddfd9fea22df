package transport

import (
	"net/http"
	"time"
)

// Limits of [NewHTTPServer] and of the handler of [New].
const (
	// ReadHeaderTimeout bounds how long a client may take to send its headers.
	ReadHeaderTimeout = 10 * time.Second
	// BodyTimeout bounds how long a client may take to send its body, however
	// slowly the bytes come.
	BodyTimeout = 30 * time.Second
	// DrainTimeout bounds how long the answer to a request that is refused before
	// its body was read, or whose body nobody reads, may wait for that body.
	// net/http reads what is left of a body before it sends an answer.
	DrainTimeout = 2 * time.Second
	// WriteTimeout bounds how long one event or answer may wait for a client
	// that does not read. It starts anew with each of them, so that a stream
	// may be as long as it needs.
	WriteTimeout = 30 * time.Second
	// IdleTimeout bounds how long a connection is kept without a request.
	IdleTimeout = 2 * time.Minute
	// MaxHeaderBytes bounds the header section. It leaves room for a token of
	// 16 kB and the mirrored parameters of a tool.
	MaxHeaderBytes = 64 << 10
)

// NewHTTPServer returns a server for handler with every limit set that
// net/http leaves open. Address, listener and logger are the caller's. It has
// no WriteTimeout, which would cut streams: the handler of [New] sets a
// deadline for each write, and clears the read deadline once it has the body.
// A connection is closed after a request whose end another reader might see
// elsewhere, as the handler of [New] has it in any server, and the body of a request
// whose method has no use for one has to be there within [DrainTimeout]. Every request is
// the handler's to answer: net/http would answer OPTIONS * itself. Served over TLS
// it speaks HTTP/2 too, and without TLS it does not.
func NewHTTPServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           closeIfDoubtful(hurryIfUseless(handler)),
		ReadHeaderTimeout: ReadHeaderTimeout,
		ReadTimeout:       ReadHeaderTimeout + BodyTimeout,
		IdleTimeout:       IdleTimeout,
		MaxHeaderBytes:    MaxHeaderBytes,

		DisableGeneralOptionsHandler: true,
	}
}

// closeIfDoubtful closes the connection after a request of which something in front
// may have seen another end, so that what comes next may be a request that nobody
// sent (RFC 9112, section 6.1):
//
//   - One with a chunked body, which may have a Content-Length too. net/http keeps
//     such a connection and drops the Content-Length, so that the two kinds cannot be
//     told apart. Clients know the length of a message and have no reason to send
//     chunks.
//   - One of HTTP/1.0, which may have a Transfer-Encoding. There net/http ignores it
//     and drops it, so that these cannot be told apart either. Nobody needs to keep
//     such a connection.
func closeIfDoubtful(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TransferEncoding) > 0 || !r.ProtoAtLeast(1, 1) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// hurryIfUseless gives the body of a request DrainTimeout if its method has no use for
// one. Nobody reads it then but net/http, in front of the answer and for as long as
// ReadTimeout, and a connection that waits so has its request and is not one that may
// be closed for another.
func hurryIfUseless(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost, http.MethodPut, http.MethodPatch:
		default:
			allowBody(w, r, DrainTimeout)
		}
		next.ServeHTTP(w, r)
	})
}

// allowBody gives what is left of the body of a request so much time, if it has one.
func allowBody(w http.ResponseWriter, r *http.Request, limit time.Duration) {
	if r.ContentLength != 0 {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(limit)) // or another server's limit counts
	}
}
