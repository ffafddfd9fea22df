// Mount puts a protected MCP endpoint into a web application that is there already: a chi router with pages about orders.
// The tools use what the pages use, and the application keeps its own routes, middleware and listener.
//
//	cd examples/mount && go run .
//	curl -s http://127.0.0.1:8080/orders/1001
//	# shipped
//	curl -si -X POST http://127.0.0.1:8080/mcp | grep -i www-authenticate
//	# Www-Authenticate: Bearer resource_metadata="http://127.0.0.1:8080/...", scope="orders:read"
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/transport"
)

// pages is the application as it was: it knows nothing of MCP.
func pages(shop *orders) chi.Router {
	router := chi.NewRouter()
	router.Use(middleware.Logger)
	router.Group(func(app chi.Router) {
		// Middleware that bounds or buffers answers belongs to the pages: an MCP answer may be a long stream.
		app.Use(middleware.Timeout(5*time.Second), middleware.Compress(5))
		app.Get("/orders/{id}", func(w http.ResponseWriter, r *http.Request) {
			status, ok := shop.status(chi.URLParam(r, "id"))
			if !ok {
				http.NotFound(w, r)
				return
			}
			_, _ = fmt.Fprintln(w, status)
		})
	})
	return router
}

// mount adds the endpoint to a router. What it serves, besides /mcp the metadata and, for development, the authorization
// server, are paths of its own, and it answers 404 to all others.
func mount(router chi.Router, cfg server.Config) (*server.Server, error) {
	mcp, err := server.New(cfg)
	if err != nil {
		return nil, err // every mistake in cfg, each with its fix
	}
	handler, err := mcp.Handler("/mcp")
	if err != nil {
		mcp.Close()
		return nil, err
	}
	router.Handle("/*", handler)
	return mcp, nil
}

func main() {
	shop := newOrders(map[string]string{"1001": "shipped", "1002": "open"})
	if err := serve(shop, "127.0.0.1:8080"); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve serves until it is told to stop. The policy is policy.csv in the working directory; an edit is in force within a second.
func serve(shop *orders, addr string) error {
	router := pages(shop)
	mcp, err := mount(router, config(shop, addr))
	if err != nil {
		return err
	}
	listener := transport.NewHTTPServer(router) // an http.Server with limits for slow clients, and none that cuts streams
	listener.Addr = addr
	listener.RegisterOnShutdown(mcp.Close) // ends streams, which a shutdown would wait for
	stopped, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- listener.ListenAndServe() }()
	select {
	case err = <-failed:
	case <-stopped.Done():
		limit, done := context.WithTimeout(context.Background(), 10*time.Second)
		defer done()
		err = errors.Join(listener.Shutdown(limit))
	}
	mcp.Close()
	return err
}
