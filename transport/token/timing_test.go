package token_test

import (
	"context"
	"testing"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// BenchmarkL06_Refusals is what it takes to refuse tokens that are bad in different ways, and to accept one that was not seen before:
// what an attacker could learn from the time of an answer. docs/design.md says what that is.
func BenchmarkL06_Refusals(b *testing.B) {
	issuer := issuertest.New(issuerURL)
	verifier, err := token.New(token.Config{
		Audience: resource, Issuers: []token.Issuer{{URL: issuerURL, Keys: issuer.JWKS}}, Now: now, CacheSize: token.NoCache,
	})
	if err != nil {
		b.Fatal(err)
	}
	verifier.Start(context.Background())
	b.Cleanup(verifier.Close)
	claims := func(audience string) map[string]any {
		return issuer.Claims(audience, "alice", "client-1", "notes:read", now())
	}
	good := issuer.Sign(claims(resource), nil)
	for _, tt := range []struct{ name, raw, reason string }{
		{"accepted", good, ""},
		{"wrong signature", good[:len(good)-4] + "AAAA", token.ReasonSignature},
		{"wrong audience", issuer.Sign(claims("https://other.example"), nil), token.ReasonAudience},
		{"unknown key", issuer.Sign(claims(resource), map[string]any{"kid": "unknown"}), token.ReasonKeyUnknown},
		{"not a token", "a.b.c", token.ReasonMalformed},
	} {
		b.Run(tt.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := verifier.Verify(b.Context(), tt.raw); reasonOf(err) != tt.reason {
					b.Fatal(err)
				}
			}
		})
	}
}
