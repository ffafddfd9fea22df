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
func NewHTTPServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: ReadHeaderTimeout,
		ReadTimeout:       ReadHeaderTimeout + BodyTimeout,
		IdleTimeout:       IdleTimeout,
		MaxHeaderBytes:    MaxHeaderBytes,
	}
}
