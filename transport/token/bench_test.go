package token_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// BenchmarkVerify measures tokens of about 900 bytes: new ones, known ones, and
// known ones asked for by all processors at once.
func BenchmarkVerify(b *testing.B) {
	issuer := issuertest.New(issuerURL)
	keys := []issuertest.Key{issuer.Key(), rsaKey(), edKey()}
	issuer.SetKeys(keys...)
	verifier := func(b *testing.B, size int) *token.Verifier {
		v, err := token.New(token.Config{
			Audience: resource, Issuers: []token.Issuer{{URL: issuerURL, Keys: issuer.JWKS}}, CacheSize: size,
			Now: time.Now,
		})
		if err != nil {
			b.Fatal(err)
		}
		v.Start(context.Background())
		b.Cleanup(v.Close)
		return v
	}
	verify := func(b *testing.B, v *token.Verifier, raw string) bool {
		_, err := v.Verify(context.Background(), raw)
		if err != nil {
			b.Error(err)
		}
		return err == nil
	}
	claims := issuer.Claims(resource, "alice", "client-1", "notes:read", time.Now())
	claims["groups"] = []string{"staff", "interns"}
	claims["exp"] = time.Now().Add(time.Hour).Unix()
	for _, k := range keys {
		claims["filler"] = ""
		claims["filler"] = strings.Repeat("x", (900-len(k.Sign(claims, nil)))*3/4)
		raw := k.Sign(claims, nil)
		for name, size := range map[string]int{"new": token.NoCache, "known": 0} {
			b.Run(name+"/"+k.Algorithm, func(b *testing.B) {
				v := verifier(b, size)
				b.ReportAllocs()
				for b.Loop() {
					if !verify(b, v, raw) {
						return
					}
				}
			})
		}
	}
	b.Run("parallel", func(b *testing.B) {
		v, raw := verifier(b, 0), issuer.Sign(claims, nil)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() && verify(b, v, raw) {
			}
		})
	})
}
