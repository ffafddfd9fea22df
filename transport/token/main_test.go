package token_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	resource  = "https://mcp.example/mcp"
	issuerURL = "https://issuer.example"
)

// now is the clock of tests that do not wait.
func now() time.Time { return time.Unix(1_800_000_000, 0) }

// rsaKey is made once, since that takes long.
var rsaKey = sync.OnceValue(func() issuertest.Key { return issuertest.NewKey("rsa", "RS256") })

func edKey() issuertest.Key { return issuertest.NewKey("ed", "EdDSA") }

// site is a verifier with one issuer in this process.
type site struct {
	t        *testing.T
	issuer   *issuertest.Issuer
	verifier *token.Verifier
	logs     *logBuffer
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type change func(*token.Config)

func withProfile(p token.Profile) change {
	return func(c *token.Config) { c.Issuers[0].Profile = p }
}

func newSite(t *testing.T, keys []issuertest.Key, changes ...change) *site {
	t.Helper()
	s := &site{t: t, issuer: issuertest.New(issuerURL), logs: &logBuffer{}}
	if keys != nil {
		s.issuer.SetKeys(keys...)
	}
	config := token.Config{
		Audience: resource,
		Issuers:  []token.Issuer{{URL: issuerURL, Keys: s.issuer.JWKS}},
		Now:      now,
		Logger:   slog.New(slog.NewJSONHandler(s.logs, nil)),
	}
	for _, c := range changes {
		c(&config)
	}
	verifier, err := token.New(config)
	if err != nil {
		t.Fatal(err)
	}
	s.verifier = verifier
	verifier.Start(context.Background())
	t.Cleanup(verifier.Close)
	return s
}

// claims returns good claims with changes; nil values remove.
func (s *site) claims(changes map[string]any) map[string]any {
	claims := s.issuer.Claims(resource, "alice", "client-1", "notes:read notes:write", now())
	claims["jti"] = "id-1"
	for name, value := range changes {
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
	}
	return claims
}

func (s *site) sign(changes map[string]any) string { return s.issuer.Sign(s.claims(changes), nil) }

func (s *site) signHeader(header map[string]any) string { return s.issuer.Sign(s.claims(nil), header) }

func reasonOf(err error) string {
	var e *token.Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Reason()
}

func (s *site) refuses(name, raw, reason string) {
	s.t.Helper()
	who, err := s.verifier.Verify(context.Background(), raw)
	if got := reasonOf(err); got != reason {
		s.t.Errorf("%s: got %v, want reason %q", name, err, reason)
	}
	if diff := cmp.Diff(authz.Principal{}, who); diff != "" {
		s.t.Errorf("%s: a refusal names a principal: %s", name, diff)
	}
	if err != nil && len(raw) > 20 && strings.Contains(err.Error(), raw[:20]) {
		s.t.Errorf("%s: the error quotes the token", name)
	}
}

func (s *site) accepts(name, raw string) authz.Principal {
	s.t.Helper()
	who, err := s.verifier.Verify(context.Background(), raw)
	if err != nil {
		s.t.Errorf("%s: refused: %v", name, err)
	}
	return who
}
