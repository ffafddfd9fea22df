package server

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/sallyport-mcp/sallyport/transport"
)

// The stop, from the moment at which the server is told. Whoever asked for it may
// end the process ten seconds later (docker stop does), so that everything has its
// end before that.
const (
	// lingerTime is how long idle connections are kept, so that requests on their
	// way on them are answered, if only with Connection: close.
	lingerTime = time.Second
	// callTime is how long calls may go on. Then they are answered with 503.
	callTime = 9 * time.Second
	// drainTime is when what is left is cut off.
	drainTime = 9750 * time.Millisecond
	// lookInterval is how often it is looked whether there is anything left.
	lookInterval = 10 * time.Millisecond
)

// Run checks cfg and serves until ctx ends, as [New] and [Server.Run] do.
func Run(ctx context.Context, cfg Config) error {
	s, err := New(cfg)
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

// Run listens, writes the start-up banner to Config.Stderr and serves until ctx
// ends. Then it stops: streams end properly, new connections are refused after a
// second at most, and calls in flight have nine seconds, after which their clients
// get 503 and their contexts end. Within ten seconds the audit is written to its
// end and Run returns nil, whatever the handlers do; what was cut off is logged.
// It returns an error if a listener fails, and a [*ConfigError] if one cannot be had. The server is closed
// when it returns and cannot be run again.
func (s *Server) Run(ctx context.Context) error {
	defer s.Close()
	handler, err := s.Handler(DefaultPath)
	if err != nil {
		return err
	}
	listeners, err := s.listen(ctx, handler)
	if err != nil {
		return err
	}
	if _, err := s.cfg.Stderr.Write([]byte(s.banner())); err != nil {
		s.cfg.Logger.Warn("the banner could not be written", "error", err)
	}
	logWarnings(s.cfg.Logger, s.store.policy())
	return s.serve(ctx, listeners)
}

// listening is a listener with the server that uses it.
type listening struct {
	listener net.Listener
	server   *http.Server
	open     *connections
}

// listen opens every listener, or none. The public one is the first.
func (s *Server) listen(ctx context.Context, handler http.Handler) ([]listening, error) {
	mcp, err := s.listenOn(ctx, "addr", s.cfg.Addr, s.parting(handler))
	if err != nil {
		return nil, err
	}
	if s.cfg.AdminAddr == "" {
		return []listening{mcp}, nil
	}
	admin, err := s.listenOn(ctx, "admin_addr", s.cfg.AdminAddr, s.adminHandler())
	if err != nil {
		return nil, errors.Join(err, mcp.listener.Close())
	}
	return []listening{mcp, admin}, nil
}

func (s *Server) listenOn(ctx context.Context, key, addr string, handler http.Handler) (listening, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		reason, fix := listenMistake(err)
		return listening{}, &ConfigError{Mistakes: []Mistake{{Key: key, Value: addr, Reason: reason, Fix: fix}}}
	}
	return newListening(listener, handler, s.connections()), nil
}

// listenMistake says in words why an address cannot be listened at, and what to do about it.
func listenMistake(err error) (string, string) {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "something listens there already", "stop it, or choose another port"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "this machine has no such address", "write one that it has, or 127.0.0.1"
	case errors.Is(err, fs.ErrPermission):
		return "this process may not listen there", "choose a port from 1024 on"
	}
	if at, ok := errors.AsType[*net.OpError](err); ok {
		err = at.Err // the rest repeats the address
	}
	return err.Error(), "choose another address"
}

func newListening(listener net.Listener, handler http.Handler, open *connections) listening {
	one := listening{listener, transport.NewHTTPServer(handler), open}
	one.server.ConnState = open.changed
	return one
}

// connections returns what counts the connections of one listener.
func (s *Server) connections() *connections {
	return newConnections(s.limits.Connections(), s.cfg.Now, s.cfg.Logger)
}

// parting has the connection closed after every answer to a request that comes
// while the server stops.
func (s *Server) parting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// serve serves on every listener until ctx ends or one of them fails.
func (s *Server) serve(ctx context.Context, all []listening) error {
	failed := make(chan error, len(all))
	for _, one := range all {
		go func() { failed <- one.server.Serve(one.listener) }()
	}
	var cause error
	pending := len(all)
	select {
	case <-ctx.Done():
	case cause = <-failed:
		pending--
	}
	s.stopping.Store(true)
	s.drain(all)
	for range pending {
		if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
			cause = errors.Join(cause, err)
		}
	}
	return cause
}

// drain ends streams and gives requests in flight their time. What is not done by
// then is cut off, and said.
func (s *Server) drain(all []listening) {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	endpoint := s.endpoint()
	endpoint.Drain()
	cut := time.AfterFunc(callTime, endpoint.Stop)
	defer cut.Stop()
	linger, enough := context.WithTimeout(ctx, lingerTime)
	defer enough()
	await(linger, func() bool { return all[0].open.count() == 0 })
	lost := 0
	for _, one := range all { // the admin listener is the last to go
		if one.server.Shutdown(ctx) != nil {
			lost += one.open.count()
			_ = one.server.Close() // the connections are lost either way
		}
	}
	// Handlers may have work left for which no connection waits.
	await(ctx, func() bool { return endpoint.Calls().Running == 0 })
	abandoned := endpoint.Calls().Running
	if endpoint.Cut() > 0 || abandoned > 0 || lost > 0 {
		s.cfg.Logger.Warn("stopped before everything was done",
			"calls_refused", endpoint.Cut(), "handlers_abandoned", abandoned, "connections_closed", lost)
	}
}

// await returns when done is true or ctx has ended.
func await(ctx context.Context, done func() bool) {
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
