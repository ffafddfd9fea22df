package issuertest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"go.uber.org/goleak"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSign(t *testing.T) {
	for _, alg := range []string{"RS256", "PS512", "ES256", "ES384", "ES512", "EdDSA"} {
		issuer := issuertest.New("https://issuer.example")
		issuer.SetKeys(issuertest.NewKey("k", alg), issuertest.NewKey("", "ES256"))
		claims := issuer.Claims("aud", "alice", "client", "a b", time.Unix(1000, 0))
		raw := issuer.Sign(claims, map[string]any{"x": 1, "typ": nil})

		body, err := issuer.JWKS(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var set jose.JSONWebKeySet
		if err := json.Unmarshal(body, &set); err != nil || len(set.Key("k")) != 1 || len(set.Keys) != 2 {
			t.Fatalf("%s: key set %s: %v", alg, body, err)
		}
		jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
		if err != nil {
			t.Fatal(err)
		}
		payload, err := jws.Verify(set.Key("k")[0])
		if err != nil || !strings.Contains(string(payload), `"exp":1300`) {
			t.Errorf("%s: %s, %v", alg, payload, err)
		}
		if _, ok := jws.Signatures[0].Header.ExtraHeaders["typ"]; ok {
			t.Errorf("%s: typ was not removed", alg)
		}
	}
}

func TestMembers(t *testing.T) {
	k := issuertest.NewKey("k", "ES256")
	k.Members = map[string]any{"use": nil, "alg": "X", "y": 1}
	if jwk := k.JWK(); jwk["use"] != nil || jwk["alg"] != "X" || jwk["y"] != 1 || jwk["kid"] != "k" {
		t.Errorf("JWK %v", jwk)
	}
}

func TestUnknownAlgorithmPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	issuertest.NewKey("k", "HS256")
}

func TestFaults(t *testing.T) {
	issuer := issuertest.New("")
	server := httptest.NewServer(issuer.Handler())
	t.Cleanup(server.Close)
	issuer.SetURL(server.URL)
	const openID, oauth, keys = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks.json"
	for _, tt := range []struct {
		fault  issuertest.Fault
		path   string
		status int
		body   string
	}{
		{issuertest.FaultNone, openID, 200, `"jwks_uri":"` + server.URL + keys + `"`},
		{issuertest.FaultNone, oauth, 200, `"issuer":"` + server.URL + `"`},
		{issuertest.FaultNone, keys, 200, `"kid":"es256"`},
		{issuertest.FaultNone, "/other", 404, ``},
		{issuertest.FaultEmpty, keys, 200, `{"keys":[]}`},
		{issuertest.FaultEmptyObject, keys, 200, `{}`},
		{issuertest.FaultHTML, keys, 200, `<title>`},
		{issuertest.FaultTruncated, keys, 200, `{"keys":[{`},
		{issuertest.FaultDuplicate, keys, 200, `{"keys":[],"keys":[`},
		{issuertest.FaultHuge, keys, 200, strings.Repeat(" ", 1<<20)},
		{issuertest.FaultGzipBomb, keys, 200, strings.Repeat(" ", 1<<20)},
		{issuertest.FaultRedirect, keys, 302, ``},
		{issuertest.FaultRedirect, keys + "?moved", 200, `"kid"`},
		{issuertest.FaultDown, openID, 503, ``},
		{issuertest.FaultOtherIssuer, openID, 200, `"issuer":"` + server.URL + `/"`},
		{issuertest.FaultForeignKeys, openID, 200, `"jwks_uri":"https://x.example"`},
		{issuertest.FaultOAuthMetadata, openID, 404, ``},
		{issuertest.FaultOAuthMetadata, oauth, 200, `"jwks_uri"`},
	} {
		issuer.Break(tt.fault, "https://x.example")
		status, body := get(t, server.Client(), server.URL+tt.path)
		if status != tt.status || !strings.Contains(body, tt.body) {
			t.Errorf("%s %s: status %d, %d bytes, want %d", tt.fault, tt.path, status, len(body), tt.status)
		}
	}
	if metadata, n := issuer.Requests(); metadata != 8 || n != 10 {
		t.Errorf("%d metadata and %d key requests", metadata, n)
	}
}

func get(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestClientHangsUntilItsContextEnds(t *testing.T) {
	issuer := issuertest.New("https://issuer.example")
	if status, _ := get(t, issuer.Client(), "https://issuer.example/jwks.json"); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	issuer.Break(issuertest.FaultHang, "")
	client := issuer.Client()
	client.Timeout = time.Millisecond
	response, err := client.Get("https://issuer.example/jwks.json")
	if err == nil {
		response.Body.Close()
		t.Error("an answer")
	}
}

func Example() {
	issuer := issuertest.New("https://issuer.example")
	claims := issuer.Claims("https://mcp.example/mcp", "alice", "editor", "notes:read", time.Now())
	token := issuer.Sign(claims, nil)
	fmt.Println(strings.Count(token, "."))
	// Output: 2
}
