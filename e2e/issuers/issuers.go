package main

import (
	"context"
	"crypto/rand"
	"strings"
)

// issuer is an authorization server, and what is expected of its tokens.
type issuer struct {
	name   string // its own, of its profile, and of its fixtures
	url    string
	start  func(context.Context) error
	rotate func(context.Context) error
	stop   func()

	// subjects are what sub is for people, and for the service.
	subjects map[string]string
	// roles are what else the issuer puts among the roles of everybody, and scopes and ownScopes among those of users and of services.
	roles, scopes, ownScopes []string
	// second, if there is one, tries another service.
	second func(context.Context, *trial) error
	// refreshes is the name of the fixture for its refresh tokens, if they are JWTs.
	refreshes string
	// typ is what the header of its access tokens says.
	typ string
	// other is a login whose access token is not for this resource.
	other login
	// reasons are why the tokens of refused are refused, by their name there.
	reasons map[string]string
	// example is the address that the fixtures have for the issuer's.
	example string
}

// tryKeycloak tries Keycloak.
func tryKeycloak(ctx context.Context, o options, rep *report, dir string) error {
	addrs, err := freeAddrs(3)
	if err != nil {
		return err
	}
	password, secret := rand.Text(), rand.Text()
	k := &keycloak{
		home: o.keycloak, files: o.files("keycloak"), dir: dir, base: "http://" + addrs[0], admin: rand.Text(),
		placeholder: strings.NewReplacer("${SALLYPORT_PASSWORD}", password, "${SALLYPORT_SECRET}", secret,
			"${SALLYPORT_RESOURCE}", resourceOf("http://"+addrs[1])),
	}
	return try(ctx, o, rep, dir, addrs[1:], authority{password: password, secret: secret}, issuer{
		name: "keycloak", url: k.base + "/realms/" + realm,
		start: k.start, rotate: k.rotate, stop: func() { k.stop() },
		subjects: map[string]string{
			"alice":   "a11ce000-0000-4000-8000-000000000001",
			"bob":     "b0b00000-0000-4000-8000-000000000002",
			"carol":   "ca401000-0000-4000-8000-000000000003",
			"service": "5e411ce0-0000-4000-8000-000000000004",
		},
		roles:  []string{"default-roles-notes", "offline_access", "uma_authorization"},
		scopes: []string{"email", "openid", "profile"}, ownScopes: []string{"email", "profile"}, second: rfc9068, refreshes: "refresh",
		typ:     "JWT",
		other:   login{client: "other-cli", person: "bob", scope: "openid"},
		reasons: map[string]string{"other": "audience", "id": "kind", "refresh": "alg_not_allowed"},
		example: "http://127.0.0.1:8090",
	})
}

// tryOIDCProvider tries oidc-provider.
func tryOIDCProvider(ctx context.Context, o options, rep *report, dir string) error {
	addrs, err := freeAddrs(3)
	if err != nil {
		return err
	}
	password, secret := rand.Text(), rand.Text()
	gate := "http://" + addrs[1]
	p := &oidcProvider{
		node: o.node, files: o.files("oidcprovider"), dir: dir, base: "http://" + addrs[0],
		resource: resourceOf(gate), other: gate + "/other", secret: secret,
	}
	return try(ctx, o, rep, dir, addrs[1:], authority{password: password, secret: secret}, issuer{
		name: "oidc-provider", url: p.base,
		start: p.start, rotate: p.rotate, stop: func() { p.stop() },
		subjects: map[string]string{"alice": "alice", "bob": "bob", "carol": "carol", "service": "notes-service"},
		typ:      "at+jwt",
		other:    login{client: "notes-cli", person: "bob", scope: "openid notes:read", resource: p.other},
		reasons:  map[string]string{"other": "audience", "id": "typ", "refresh": "token_malformed"},
		example:  "http://127.0.0.1:8091",
	})
}
