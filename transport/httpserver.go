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
	// its body was read may wait for that body. net/http reads what is left of a
	// body before it sends an answer.
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
// A connection is closed after a request with a chunked body.
func NewHTTPServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           closeAfterChunked(handler),
		ReadHeaderTimeout: ReadHeaderTimeout,
		ReadTimeout:       ReadHeaderTimeout + BodyTimeout,
		IdleTimeout:       IdleTimeout,
		MaxHeaderBytes:    MaxHeaderBytes,
	}
}

// closeAfterChunked closes the connection after a request with a chunked body.
// If it has a Content-Length too, something in front may have seen another end
// of it, and what comes next may be a request that nobody sent. Such a
// connection must be closed (RFC 9112, section 6.1), but net/http keeps it and
// drops the Content-Length, so that the two kinds cannot be told apart. Clients
// know the length of a message and have no reason to send chunks.
func closeAfterChunked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TransferEncoding) > 0 {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
