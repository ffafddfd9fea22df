package server_test

import (
	"context"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/tools"
)

// waiting is a tool that runs until it is released or cancelled.
type waiting struct{ started, release, cancelled chan struct{} }

func newWaiting() *waiting {
	return &waiting{started: make(chan struct{}), release: make(chan struct{}), cancelled: make(chan struct{}, 1)}
}

func (w *waiting) add(c *server.Config) {
	c.Tools = append(c.Tools, tools.Tool{
		Name: "waits", Description: "Waits.", Scopes: []string{"echo:use"},
		Handler: tools.Typed(func(ctx context.Context, _ struct{}) (string, error) {
			w.started <- struct{}{}
			select {
			case <-w.release:
				return "waited", nil
			case <-ctx.Done():
				w.cancelled <- struct{}{}
				return "", ctx.Err()
			}
		}),
	})
}
