package client

import (
	"context"
	"net/http"
	"time"
)

// Times are bounded everywhere: one exchange with an authorization server, one request to a server, a person at a browser.
const (
	exchangeTime = 20 * time.Second
	requestTime  = time.Minute
	loginTime    = 5 * time.Minute
)

// Config is what a [Client] works with.
type Config struct {
	// Home is the directory of the file with the tokens; see [Home].
	Home string
	// Open shows an address to a person in a browser. Nil shows none; the address is told in any case.
	Open func(ctx context.Context, address string) error
	// Tell takes lines for the person at the terminal. Nil drops them.
	Tell func(line string)
	// LoginTime is how long a login waits for the person. Zero means five minutes.
	LoginTime time.Duration
	// Version is the program's own, for the server's log.
	Version string
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Client logs in to servers and calls their tools. It keeps nothing but the file in its home.
type Client struct {
	cfg   Config
	store store
	http  *http.Client
}

// New returns a client. Close it.
func New(cfg Config) *Client {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Tell == nil {
		cfg.Tell = func(string) {}
	}
	if cfg.LoginTime == 0 {
		cfg.LoginTime = loginTime
	}
	return &Client{cfg: cfg, store: store{dir: cfg.Home}, http: newHTTP()}
}

// Close ends connections that are kept.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Mistake is an error that the caller has to correct in what they asked for.
type Mistake struct{ Err error }

// Error returns the text of the error itself.
func (m Mistake) Error() string { return m.Err.Error() }

// Unwrap returns the error itself.
func (m Mistake) Unwrap() error { return m.Err }
