package main

import (
	"context"
	"path/filepath"
	"time"
)

// oidcProvider is oidc-provider as oidcprovider/server.mjs configures it. It keeps its keys through a restart, and nothing else.
type oidcProvider struct {
	*process
	node, files     string // Node 22; the folder of server.mjs
	dir, base       string
	resource, other string
	secret          string
}

// start starts it with one key.
func (o *oidcProvider) start(ctx context.Context) error { return o.startWith(ctx, "first:RS256") }

// rotate starts it again with a second key, of another algorithm, that signs from now on. The first one stays among those that are published.
func (o *oidcProvider) rotate(ctx context.Context) error {
	o.stop()
	return o.startWith(ctx, "first:RS256,second:ES256")
}

func (o *oidcProvider) startWith(ctx context.Context, keys string) error {
	p, err := start(ctx, "oidc-provider", o.dir,
		[]string{"ISSUER=" + o.base, "RESOURCE=" + o.resource, "OTHER=" + o.other, "SECRET=" + o.secret,
			"KEYS=" + filepath.Join(o.dir, "keys.json"), "SIGN=" + keys},
		o.node, filepath.Join(o.files, "server.mjs"))
	if err != nil {
		return err
	}
	o.process = p
	return p.until(ctx, 30*time.Second, func(ctx context.Context) error {
		_, err := metadata(ctx, o.base)
		return err
	})
}
