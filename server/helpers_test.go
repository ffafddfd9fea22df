package server_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

// reissue returns the token with another issuer in it. The signature is then
// wrong, which only an issuer with keys can tell.
func reissue(t *testing.T, token, issuer string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	claims := map[string]any{}
	decoded, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(decoded, &claims); err != nil {
		t.Fatal(err)
	}
	claims["iss"] = issuer
	encoded, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return parts[0] + "." + base64.RawURLEncoding.EncodeToString(encoded) + "." + parts[2]
}

// decode reads JSON into a value of the type.
func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}
