package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// trial is one issuer with a server in front of which its tokens are shown.
type trial struct {
	issuer
	authority
	*report
	fixtures
	flags  gateFlags
	dir    string
	addrs  []string       // of the server, and of its health
	gate   *gate          // the server that runs
	known  tokens         // bob's, once he has logged in
	wanted map[string]int // how many refusals its audit must have, by reason
}

// try goes through everything with one issuer. What it checks is in the report; the error is why it could not go on.
func try(ctx context.Context, o options, rep *report, dir string, addrs []string, a authority, is issuer) error {
	t := &trial{
		issuer: is, authority: a, report: rep, dir: dir, addrs: addrs,
		fixtures: fixtures{dir: o.fixtures(), update: o.update},
		flags:    gateFlags{program: o.gate, policy: o.files("policy.csv"), issuer: is.url, profile: is.name},
	}
	defer t.issuer.stop()
	defer func() {
		if t.gate != nil {
			t.gate.stop()
		}
	}()
	for _, step := range []func(context.Context) error{
		t.issuerDown, t.issuerUp, t.discovery, t.people, t.service, t.refused, t.loggedOut, t.audited,
		t.expired,
		t.rotated, t.outage,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// resource is what tokens have to be addressed to.
func (t *trial) resource() string { return resourceOf(t.gate.origin) }

// restart starts a server, which no other one of this trial may still be, with its clock this far ahead.
func (t *trial) restart(ctx context.Context, name string, ahead time.Duration) error {
	flags := t.flags
	flags.ahead = ahead
	g, err := startGate(ctx, name, t.dir, t.addrs[0], t.addrs[1], flags)
	if err != nil {
		return err
	}
	t.gate, t.wanted = g, map[string]int{}
	return nil
}

// issuerDown starts the server before there is an issuer.
func (t *trial) issuerDown(ctx context.Context) error {
	if err := t.restart(ctx, "gate", 0); err != nil {
		return err
	}
	status, err := t.gate.readiness(ctx)
	if err == nil && status != http.StatusServiceUnavailable {
		err = fmt.Errorf("%d", status)
	}
	t.check("issuer down at the start: /readyz is 503", err)
	t.check("issuer down at the start: a token that cannot be judged is 503 with Retry-After", t.gate.expect(ctx, t.forged(), "notes_search", http.StatusServiceUnavailable))
	t.wanted["keys_unavailable"]++
	return nil
}

// forged is a token that says all the right things and that nobody has signed.
func (t *trial) forged() string {
	now := time.Now().Unix()
	return encode(map[string]any{"alg": "RS256", "typ": t.typ, "kid": "a key that was never published"}, map[string]any{
		"iss": t.issuer.url, "aud": t.resource(), "sub": t.subjects["alice"], "client_id": "notes-cli", "iat": now, "exp": now + 300,
		"jti": "forged", "scope": "notes:read notes:write",
	})
}

// issuerUp starts the issuer, of which nobody tells the server.
func (t *trial) issuerUp(ctx context.Context) error {
	if err := t.issuer.start(ctx); err != nil {
		return err
	}
	t.check("issuer comes up: /readyz is 200 within 10 s, by itself", t.gate.untilReady(ctx, 10*time.Second))
	t.check("a forged token is 401", t.gate.expect(ctx, t.forged(), "notes_search", http.StatusUnauthorized))
	t.wanted["key_unknown"]++
	return nil
}

// discovery finds the issuer as a client does: from a 401 by the metadata of the resource to that of the issuer.
func (t *trial) discovery(ctx context.Context) error {
	got, err := t.gate.call(ctx, "", "notes_search")
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(got.challenge, `resource_metadata="`)
	address, _, _ := strings.Cut(rest, `"`)
	var about struct {
		Resource string   `json:"resource"`
		Servers  []string `json:"authorization_servers"`
	}
	if err := getJSON(ctx, address, &about); err != nil {
		return fmt.Errorf("the challenge %q leads to no metadata: %w", got.challenge, err)
	}
	if about.Resource != t.resource() || !slices.Equal(about.Servers, []string{t.issuer.url}) {
		err = fmt.Errorf("%+v", about)
	}
	t.check("a client without a token is led to the issuer", err)
	t.wanted["token_missing"]++
	t.endpoints, err = metadata(ctx, t.issuer.url)
	return err
}

// audited stops the server and counts the refusals in its audit.
func (t *trial) audited(context.Context) error {
	t.gate.stop()
	counts, err := refusals(t.gate.audit)
	if err != nil {
		return err
	}
	var wrong []error
	for reason, want := range t.wanted {
		if counts[reason] != want {
			wrong = append(wrong, fmt.Errorf("%s: %d", reason, counts[reason]))
		}
	}
	if len(counts) != len(t.wanted) || len(wrong) > 0 {
		wrong = append(wrong, fmt.Errorf("the audit has %v, want %v", counts, t.wanted))
	}
	t.check("the audit says why each token was refused", errors.Join(wrong...))
	return nil
}
