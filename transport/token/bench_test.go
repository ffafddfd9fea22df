package token_test

import (
	"context"
	"testing"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

func BenchmarkVerify(b *testing.B) {
	issuer := issuertest.New(issuerURL)
	issuer.SetKeys(issuer.Key(), rsaKey(), edKey())
	v, err := token.New(token.Config{Audience: resource, Issuers: []token.Issuer{{URL: issuerURL, Keys: issuer.JWKS}}, Now: now})
	if err != nil {
		b.Fatal(err)
	}
	v.Start(context.Background())
	b.Cleanup(v.Close)
	claims := issuer.Claims(resource, "alice", "client-1", "notes:read", now())
	claims["groups"] = []string{"staff", "interns"}
	for _, k := range []issuertest.Key{issuer.Key(), rsaKey()} {
		b.Run(k.Algorithm, func(b *testing.B) {
			raw := k.Sign(claims, nil)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(context.Background(), raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
