package token

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// FuzzIntrospection checks that an answer of an issuer is a principal only if it says in so many words that the token is
// active, a bearer's, and meant for this resource, and that nothing of it is read in two ways.
func FuzzIntrospection(f *testing.F) {
	const url, audience = "https://issuer.example", "https://mcp.example/mcp"
	now := time.Unix(1_800_000_000, 0)
	good := `{"active":true,"token_type":"Bearer","iss":"` + url + `","aud":"` + audience + `","sub":"alice","client_id":"c","iat":1799999990,"exp":1800000290,"scope":"a b"}`
	for _, s := range []string{
		good, `{"active":false}`, `{"active":true}`, `{"active":"true"}`, `{}`, `[]`, ``, `{"active":true,"active":false}`, good + good,
		`{"active":true,"Active":false}`, `{"active":true,"token_type":"bearer","aud":["` + audience + `"],"sub":"c","client_id":"c","iat":1799999990,"exp":1800000290}`,
		`{"active":true,"token_type":"DPoP","cnf":{"jkt":"x"}}`, `{"active":1}`, `{"active":null}`, "\xef\xbb\xbf" + good,
	} {
		f.Add([]byte(s))
	}
	is := newIssuer(
		Config{Audience: audience, Issuers: make([]Issuer, 1)}.withDefaults(),
		Issuer{URL: url, Introspection: &Introspection{URL: "https://issuer.example/i", ClientID: "rs", ClientSecret: "s"}})
	f.Fuzz(func(t *testing.T, body []byte) {
		claims, err := strictjson.Object(body)
		if err != nil || is.introspector.active(claims) != nil {
			return
		}
		a := &accepted{issuer: is}
		if a.checkClaims(claims, now) != nil {
			return
		}
		var plain struct {
			Active    bool   `json:"active"`
			TokenType string `json:"token_type"`
			Subject   string `json:"sub"`
		}
		if err := json.Unmarshal(body, &plain); err != nil || !plain.Active || plain.TokenType == "" || plain.Subject != a.who.Subject {
			t.Errorf("accepted as %+v: %s", a.who, body)
		}
		if !now.Before(a.who.Expires.Add(is.skew)) || a.who.Client == "" || a.who.Issuer != url {
			t.Errorf("accepted as %+v: %s", a.who, body)
		}
	})
}
