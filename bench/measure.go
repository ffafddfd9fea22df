package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/transport"
)

// What a bar needs at least to be judged.
const (
	minRounds   = 5
	minRequests = 10_000
)

// bar is the most a protected call may cost, in calls of bare mcp-go.
type bar struct {
	revision string
	most     float64
}

func bars() []bar { return []bar{{stateless, 0.75}, {sessions, 1.3}} }

// tokenSize is about the length of the tokens that issuers make.
const tokenSize = 900

// bench are the two servers and what is sent to them.
type bench struct {
	options
	bare, gate *child
	token      string
	calls      int // to the gate, warm-up included
}

// pair are the connections to both servers in one revision, and what was measured over them.
type pair struct {
	revision   string
	bare, gate load
	rounds     []round
}

// cost is what one call takes.
type cost struct {
	cpu    time.Duration
	allocs float64
}

// round is one measurement of both servers, one right after the other.
type round struct{ bare, gate cost }

func (r round) ratio() float64 { return float64(r.gate.cpu) / float64(r.bare.cpu) }

// run measures and writes the report to w. The error tells that something failed, or that a bar was missed.
func run(ctx context.Context, o options, w io.Writer) error {
	folder, err := os.MkdirTemp("", "sallyport-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if err := os.WriteFile(filepath.Join(folder, "policy.csv"), []byte(policyRows), 0o600); err != nil {
		return err
	}
	issuer, closeIssuer, err := startIssuer(ctx)
	if err != nil {
		return err
	}
	defer closeIssuer()
	b := &bench{options: o}
	b.bare, err = startChild(ctx, kindBare, folder, issuer.URL(), o.profiles)
	if err != nil {
		return err
	}
	b.gate, err = startChild(ctx, kindGate, folder, issuer.URL(), o.profiles)
	if err != nil {
		return errors.Join(err, b.bare.stop())
	}
	b.token = newToken(issuer, "http://"+b.gate.address+endpoint)
	results, err := b.measureWhenReady(ctx)
	err = errors.Join(err, b.bare.stop(), b.gate.stop())
	if err != nil {
		return err
	}
	if err := checkAudit(filepath.Join(folder, auditFile), b.calls); err != nil {
		return err
	}
	return report(w, o, results)
}

// startIssuer serves the metadata and keys of an issuer on loopback.
func startIssuer(ctx context.Context) (*issuertest.Issuer, func(), error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	issuer := issuertest.New("http://" + listener.Addr().String())
	serving := &http.Server{Handler: issuer.Handler(), ReadHeaderTimeout: transport.ReadHeaderTimeout}
	go func() { _ = serving.Serve(listener) }()
	return issuer, func() { _ = serving.Close() }, nil
}

// newToken returns an ES256 access token of about tokenSize bytes.
func newToken(issuer *issuertest.Issuer, audience string) string {
	now := time.Now()
	claims := issuer.Claims(audience, "alice", "bench-client", toolScope+" notes:read", now)
	claims["exp"] = now.Add(time.Hour).Unix()
	claims["name"] = "Alice Example"
	short := len(issuer.Sign(claims, nil))
	claims["note"] = strings.Repeat("x", max((tokenSize-short)*3/4-len(`,"note":""`), 0))
	return issuer.Sign(claims, nil)
}

// readyTime is how long the gate may take to fetch the keys of its issuer.
const readyTime = 10 * time.Second

func (b *bench) measureWhenReady(ctx context.Context) ([]result, error) {
	if err := b.awaitKeys(ctx); err != nil {
		return nil, fmt.Errorf("the gate is not ready: %w", err)
	}
	return b.measure(ctx)
}

// awaitKeys calls the tool until the gate can verify the token.
func (b *bench) awaitKeys(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	c, err := dial(ctx, b.gate.address, b.token, stateless)
	if err != nil {
		return err
	}
	defer load{c}.close()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		_, err := c.call()
		if !errors.Is(err, errUnavailable) {
			b.calls++
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-again.C:
		}
	}
}

// measure runs all rounds. Which server comes first changes with every round.
func (b *bench) measure(ctx context.Context) ([]result, error) {
	var results []result
	var pairs []*pair
	for _, revision := range b.revisions {
		p, missing, err := b.pair(ctx, revision)
		if err != nil {
			return nil, fmt.Errorf("revision %s: %w", revision, err)
		}
		if p == nil {
			results = append(results, result{revision: revision, missing: missing})
			continue
		}
		defer p.bare.close()
		defer p.gate.close()
		pairs = append(pairs, p)
	}
	for i := range b.rounds {
		for _, p := range pairs {
			if err := b.round(ctx, p, i%2 == 0); err != nil {
				return nil, fmt.Errorf("revision %s: %w", p.revision, err)
			}
		}
	}
	for _, p := range pairs {
		results = append(results, result{revision: p.revision, rounds: p.rounds})
	}
	return results, nil
}

// pair connects to both servers, checks that they give the same answer, and warms them up. Without a pair the text says who does not
// speak the revision.
func (b *bench) pair(ctx context.Context, revision string) (*pair, string, error) {
	p := &pair{revision: revision}
	for _, side := range []struct {
		to   *child
		load *load
	}{{b.bare, &p.bare}, {b.gate, &p.gate}} {
		var err error
		*side.load, err = connect(ctx, b.connections, side.to.address, b.token, revision)
		if errors.Is(err, errNotSpoken) {
			p.bare.close()
			return nil, fmt.Sprintf("the %s server %v", side.to.kind, err), nil
		}
		if err != nil {
			return nil, "", err
		}
	}
	if err := p.sameAnswer(); err != nil {
		return nil, "", err
	}
	b.calls++
	if _, err := b.spend(ctx, b.bare, p.bare); err != nil {
		return nil, "", err
	}
	_, err := b.spend(ctx, b.gate, p.gate)
	return p, "", err
}

// sameAnswer checks that both servers answer the call with the same result.
func (p *pair) sameAnswer() error {
	var decoded [2]any
	for i, l := range []load{p.bare, p.gate} {
		raw, err := l[0].call()
		if err != nil {
			return err
		}
		if err := json.Unmarshal(raw, &decoded[i]); err != nil {
			return err
		}
	}
	if !reflect.DeepEqual(decoded[0], decoded[1]) {
		return fmt.Errorf("the answers differ, so their cost cannot be compared:\n%v\n%v", decoded[0], decoded[1])
	}
	return nil
}

// round measures both servers once.
func (b *bench) round(ctx context.Context, p *pair, bareFirst bool) error {
	var r round
	var err error
	if bareFirst {
		if r.bare, err = b.spend(ctx, b.bare, p.bare); err != nil {
			return err
		}
	}
	if r.gate, err = b.spend(ctx, b.gate, p.gate); err != nil {
		return err
	}
	if !bareFirst {
		if r.bare, err = b.spend(ctx, b.bare, p.bare); err != nil {
			return err
		}
	}
	p.rounds = append(p.rounds, r)
	return nil
}

// spend makes the calls of one round to one server and returns what one of them cost it.
func (b *bench) spend(ctx context.Context, to *child, l load) (cost, error) {
	before, err := to.usage()
	if err != nil {
		return cost{}, err
	}
	n, err := l.run(ctx, b.requests)
	if err != nil {
		return cost{}, fmt.Errorf("the %s server: %w", to.kind, err)
	}
	after, err := to.usage()
	if err != nil {
		return cost{}, err
	}
	if to == b.gate {
		b.calls += n
	}
	return cost{
		cpu:    (after.CPU - before.CPU) / time.Duration(n),
		allocs: float64(after.Allocs-before.Allocs) / float64(n),
	}, nil
}

// checkAudit makes sure that the gate did its work: every call has its record.
func checkAudit(path string, calls int) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	got := 0
	for line := range bytes.Lines(data) {
		if bytes.Contains(line, []byte(`"method":"tools/call"`)) && bytes.Contains(line, []byte(`"decision":"allow"`)) {
			got++
		}
	}
	if got != calls {
		return fmt.Errorf("the audit has %d allowed calls, but %d were made", got, calls)
	}
	return nil
}
