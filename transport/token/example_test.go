package token_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

func Example() {
	issuer := issuertest.New("https://issuer.example")
	verifier, err := token.New(token.Config{
		Audience: "https://mcp.example/mcp",
		Issuers:  []token.Issuer{{URL: issuer.URL(), Keys: issuer.JWKS}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier.Start(context.Background())
	defer verifier.Close()

	claims := issuer.Claims("https://mcp.example/mcp", "alice", "editor", "notes:read", time.Now())
	who, err := verifier.Verify(context.Background(), issuer.Sign(claims, nil))
	fmt.Println(who.Subject, who.Client, who.Scopes, err)

	claims["aud"] = "https://other.example/mcp"
	_, err = verifier.Verify(context.Background(), issuer.Sign(claims, nil))
	var refused *token.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Reason(), refused.Unavailable())
	}
	// Output:
	// alice editor [notes:read] <nil>
	// audience false
}

func ExampleNew() {
	_, err := token.New(token.Config{
		Audience: "https://mcp.example/mcp",
		Issuers: []token.Issuer{{
			URL:     "http://issuer.example",
			Profile: token.Profile{Algorithms: []string{"HS256"}},
		}},
	})
	fmt.Println(err)
	// Output:
	// token: Config.Issuers[0].URL: "http://issuer.example" is neither https nor http on a loopback host; use https
	// token: Config.Issuers[0].Profile.Algorithms: "HS256" is not an asymmetric signature algorithm; use some of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA
}
