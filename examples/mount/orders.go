package main

import (
	"context"
	"sync"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/tools"
)

// orders is what the application is about. It is safe for concurrent use.
type orders struct {
	mu     sync.Mutex
	states map[string]string
}

func newOrders(states map[string]string) *orders { return &orders{states: states} }

// status returns the state of an order, and whether there is one.
func (o *orders) status(id string) (string, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	state, ok := o.states[id]
	return state, ok
}

// cancel ends an order that is still open.
func (o *orders) cancel(id string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.states[id] != "open" {
		return false
	}
	o.states[id] = "cancelled"
	return true
}

type orderID struct {
	ID string `json:"id" jsonschema:"the number of the order"`
}

// config is the MCP server that is mounted: what it offers, and where it is reached.
func config(shop *orders, addr string) server.Config {
	return server.Config{
		Name: "orders",
		Addr: addr, // behind a proxy: PublicURL, and Issuers for tokens of your own provider
		Tools: []tools.Tool{
			{
				Name: "order_status", Description: "Tell the state of an order.",
				Scopes: []string{"orders:read"}, ReadOnly: true,
				Handler: tools.Typed(func(_ context.Context, in orderID) (string, error) {
					state, ok := shop.status(in.ID)
					if !ok {
						return "", tools.NotFoundf("there is no order %q", in.ID)
					}
					return state, nil
				}),
			},
			{
				Name: "order_cancel", Description: "Cancel an open order.",
				Scopes: []string{"orders:write"}, Permissions: []string{"orders:cancel"}, Destructive: true,
				Handler: tools.Typed(func(_ context.Context, in orderID) (string, error) {
					if !shop.cancel(in.ID) {
						return "", tools.Errorf("order %q is not open", in.ID)
					}
					return "cancelled order " + in.ID, nil
				}),
			},
		},
	}
}
