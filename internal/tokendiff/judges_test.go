package tokendiff

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	golangjwt "github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	jwxjwt "github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

const (
	resource    = "https://mcp.example/mcp"
	issuerURL   = "https://issuer.example"
	otherURL    = "https://other.example"
	skew        = 30 * time.Second
	maxLifetime = 24 * time.Hour
)

func now() time.Time { return time.Unix(1_800_000_000, 0) }

func algorithms() []string { return []string{"RS256", "PS256", "ES256", "ES384", "EdDSA"} }

// site is one issuer, another one, and the three who judge tokens of the first.
type site struct {
	keys     []issuertest.Key // published by the issuer
	stranger []issuertest.Key // with the same ids and algorithms, published by nobody or by the other issuer
	verifier *token.Verifier
	golang   func(raw string) error
	jwx      func(raw string) error
}

func newSite(t *testing.T) *site {
	t.Helper()
	issuer, other := issuertest.New(issuerURL), issuertest.New(otherURL)
	s := &site{}
	for _, alg := range append(algorithms(), "ES256") {
		id := "k-" + alg
		if len(s.keys) == len(algorithms()) {
			id = "second" // so that ES256 without a key id is ambiguous
		}
		s.keys = append(s.keys, issuertest.NewKey(id, alg))
		s.stranger = append(s.stranger, issuertest.NewKey(id, alg))
	}
	issuer.SetKeys(s.keys...)
	other.SetKeys(s.stranger...)
	verifier, err := token.New(token.Config{
		Audience: resource, Now: now, Skew: skew, MaxLifetime: maxLifetime, Logger: slog.New(slog.DiscardHandler),
		Issuers: []token.Issuer{
			{URL: issuerURL, Alias: "one", Keys: issuer.JWKS, Profile: token.Profile{Algorithms: algorithms(), RolesClaim: "roles"}},
			{URL: otherURL, Alias: "two", Keys: other.JWKS, Profile: token.Profile{Algorithms: algorithms(), RolesClaim: "roles"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	verifier.Start(context.Background())
	t.Cleanup(verifier.Close)
	s.verifier, s.golang, s.jwx = verifier, golangJudge(s.keys), jwxJudge(t, issuer)
	return s
}

// golangJudge is golang-jwt with all that it can be told to check. The key is looked for as the verifier does, since the
// library leaves that to its user.
func golangJudge(keys []issuertest.Key) func(string) error {
	parser := golangjwt.NewParser(
		golangjwt.WithValidMethods(algorithms()), golangjwt.WithStrictDecoding(), golangjwt.WithIssuer(issuerURL), golangjwt.WithAudience(resource),
		golangjwt.WithExpirationRequired(), golangjwt.WithIssuedAt(), golangjwt.WithLeeway(skew), golangjwt.WithTimeFunc(now),
	)
	find := func(t *golangjwt.Token) (any, error) {
		var found []issuertest.Key
		for _, k := range keys {
			if kid, ok := t.Header["kid"]; k.Algorithm == t.Method.Alg() && (!ok || kid == k.ID) {
				found = append(found, k)
			}
		}
		if len(found) != 1 {
			return nil, errors.New("not exactly one key")
		}
		return found[0].Signer.Public(), nil
	}
	return func(raw string) error {
		_, err := parser.Parse(raw, find)
		return err
	}
}

// jwxJudge is jwx with all that it can be told to check, but its check that typ is JWT, which an access token's is not.
func jwxJudge(t *testing.T, issuer *issuertest.Issuer) func(string) error {
	t.Helper()
	jwxjwt.Settings(jwxjwt.WithNumericDateParsePedantic(true))
	jwks, err := issuer.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	set, err := jwk.Parse(jwks)
	if err != nil {
		t.Fatal(err)
	}
	signature := []jws.VerifyOption{
		jws.WithKeySet(set, jws.WithRequireKid(true), jws.WithUseDefault(false), jws.WithInferAlgorithmFromKey(false)),
		jws.WithAlgorithmMatch(true), jws.WithCritValidation(true), jws.WithValidateKey(true), jws.WithCompact(),
	}
	claims := []jwxjwt.ParseOption{
		jwxjwt.WithVerify(false), jwxjwt.WithValidate(true), jwxjwt.WithStrictStringClaims(true),
		jwxjwt.WithIssuer(issuerURL), jwxjwt.WithAudience(resource), jwxjwt.WithAcceptableSkew(skew), jwxjwt.WithClock(jwxjwt.ClockFunc(now)),
		jwxjwt.WithMaxDelta(maxLifetime, jwxjwt.ExpirationKey, jwxjwt.IssuedAtKey),
	}
	for _, name := range []string{"exp", "iat", "sub"} {
		claims = append(claims, jwxjwt.WithRequiredClaim(name))
	}
	return func(raw string) error {
		if _, err := jws.Verify([]byte(raw), signature...); err != nil {
			return err
		}
		_, err := jwxjwt.ParseString(raw, claims...)
		return err
	}
}

// verify asks the verifier and returns the reason of a refusal.
func (s *site) verify(raw string) (authz.Principal, string) {
	who, err := s.verifier.Verify(context.Background(), raw)
	var refusal *token.Error
	switch {
	case err == nil:
		return who, ""
	case errors.As(err, &refusal):
		return who, refusal.Reason()
	}
	return who, "an error of another type: " + err.Error()
}
