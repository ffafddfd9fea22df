package tokendiff

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
)

// explain says who a token's signed claims stand for. It shares no code with the verifier, and knows nothing of what is refused.
func explain(payload []byte) (authz.Principal, error) {
	var c map[string]any
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber()
	if err := decoder.Decode(&c); err != nil {
		return authz.Principal{}, err
	}
	var wrong []string
	text := func(from map[string]any, name string) string {
		s, ok := from[name].(string)
		if _, there := from[name]; there && !ok {
			wrong = append(wrong, name)
		}
		return s
	}
	list := func(name string) []string {
		items, ok := c[name].([]any)
		if _, there := c[name]; there && !ok {
			wrong = append(wrong, name)
		}
		var names []string
		for _, item := range items {
			names = append(names, fmt.Sprint(item))
		}
		return names
	}
	who := authz.Principal{
		Issuer: text(c, "iss"), Subject: text(c, "sub"), Client: text(c, "client_id"), Groups: list("groups"), Roles: list("roles"),
		TokenID: text(c, "jti"), GrantID: text(c, "grant_id"), SessionID: text(c, "sid"),
		Alias: map[string]string{issuerURL: "one", otherURL: "two"}[text(c, "iss")],
	}
	if who.Client == "" {
		who.Client = text(c, "azp")
	}
	for _, scope := range strings.Fields(text(c, "scope")) {
		if !slices.Contains(who.Scopes, scope) {
			who.Scopes = append(who.Scopes, scope)
		}
	}
	if act, ok := c["act"].(map[string]any); ok {
		who.Actor = text(act, "sub")
	}
	who.Machine = who.Subject == who.Client
	for name, to := range map[string]*time.Time{"iat": &who.Issued, "exp": &who.Expires} {
		seconds, ok := new(big.Rat).SetString(fmt.Sprint(c[name]))
		if !ok || len(wrong) > 0 {
			return who, fmt.Errorf("claims of the wrong type: %q, %s %v", wrong, name, c[name])
		}
		*to = time.Unix(new(big.Int).Div(seconds.Num(), seconds.Denom()).Int64(), 0) // the denominator is positive: downwards
	}
	return who, nil
}
