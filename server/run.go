package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/sallyport-mcp/sallyport/transport"
)

// drainTime is how long requests in flight may take once the server is told
// to stop.
const drainTime = 10 * time.Second

// Run checks cfg and serves until ctx ends, as [New] and [Server.Run] do.
func Run(ctx context.Context, cfg Config) error {
	s, err := New(cfg)
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

// Run listens, writes the start-up banner to Config.Stderr and serves until ctx
// ends. Then it stops: new connections are refused, requests in flight have
// ten seconds, and the audit is written to its end. It returns nil after such
// a stop, and an error if a listener cannot be had or fails. The server is
// closed when it returns and cannot be run again.
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
}

// listen opens every listener, or none.
func (s *Server) listen(ctx context.Context, handler http.Handler) ([]listening, error) {
	mcp, err := listenOn(ctx, "addr", s.cfg.Addr, handler)
	if err != nil {
		return nil, err
	}
	if s.cfg.AdminAddr == "" {
		return []listening{mcp}, nil
	}
	admin, err := listenOn(ctx, "admin_addr", s.cfg.AdminAddr, s.adminHandler())
	if err != nil {
		return nil, errors.Join(err, mcp.listener.Close())
	}
	return []listening{mcp, admin}, nil
}

func listenOn(ctx context.Context, key, addr string, handler http.Handler) (listening, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return listening{}, fmt.Errorf("%s = %q: %w; stop what listens there or choose another address", key, addr, err)
	}
	return listening{listener, transport.NewHTTPServer(handler)}, nil
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
	s.at.endpoint.Drain()
	s.drain(all)
	for range pending {
		if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
			cause = errors.Join(cause, err)
		}
	}
	return cause
}

// drain stops the servers together and gives requests in flight their time.
// What is not done by then is cut off.
func (s *Server) drain(all []listening) {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	for _, one := range all {
		if err := one.server.Shutdown(ctx); err != nil {
			s.cfg.Logger.Warn("requests were cut off at the stop", "address", one.listener.Addr().String())
			_ = one.server.Close() // the connections are lost either way
		}
	}
}
