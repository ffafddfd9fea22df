package token

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
)

// listen serves an issuer on the loopback interface.
func listen(t *testing.T) *issuertest.Issuer {
	t.Helper()
	issuer := issuertest.New("")
	server := httptest.NewServer(issuer.Handler())
	t.Cleanup(server.Close)
	issuer.SetURL(server.URL)
	return issuer
}

func fetches(t *testing.T, issuer *issuertest.Issuer, client *http.Client) error {
	t.Helper()
	body, err := newRemote(issuer.URL(), client).fetch(context.Background())
	if err != nil {
		return err
	}
	_, err = parseKeySet(body, []string{"ES256"})
	return err
}

func TestJ55_AnswersThatAreNotTaken(t *testing.T) {
	var elsewhere atomic.Int64
	sink := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(sink.Close)
	issuer := listen(t)
	for _, tt := range []struct {
		fault          issuertest.Fault
		target, reason string
	}{
		{issuertest.FaultHuge, "", "too large"},
		{issuertest.FaultGzipBomb, "", "too large"},
		{issuertest.FaultRedirect, sink.URL + "/jwks.json", "another origin"},
		{issuertest.FaultRedirect, "http://169.254.169.254/latest/meta-data", "another origin"},
		{issuertest.FaultRedirect, "file:///etc/passwd", "another origin"},
		{issuertest.FaultRedirect, strings.Replace(issuer.URL(), "http:", "https:", 1), "another origin"},
		{issuertest.FaultRedirect, "/jwks.json", "too many redirects"},
		{issuertest.FaultForeignKeys, "file:///etc/passwd", "not an https URL"},
		{issuertest.FaultForeignKeys, "http://169.254.169.254/keys", "not an https URL"},
		{issuertest.FaultForeignKeys, "/jwks.json", "not an https URL"},
		{issuertest.FaultForeignKeys, "", "not an https URL"},
		{issuertest.FaultForeignKeys, "http://[", "not an https URL"},
		{issuertest.FaultForeignKeys, "http://127.0.0.1:1\x7f/", "not an https URL"},
		{issuertest.FaultForeignKeys, "http://127.0.0.1:1/jwks.json", "connection refused"},
		{issuertest.FaultHTML, "", "syntax"},
		{issuertest.FaultDown, "", "status 503"},
		{issuertest.FaultOtherIssuer, "", "another issuer"},
	} {
		issuer.Break(tt.fault, tt.target)
		if err := fetches(t, issuer, nil); err == nil || !strings.Contains(err.Error(), tt.reason) {
			t.Errorf("%s to %q: %v, want an error with %q", tt.fault, tt.target, err, tt.reason)
		}
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("%d requests went elsewhere", n)
	}
	issuer.Break(issuertest.FaultRedirect, "/jwks.json?moved")
	if err := fetches(t, issuer, nil); err != nil {
		t.Errorf("a redirect within the origin: %v", err)
	}
	issuer.Break(issuertest.FaultNone, "")
	if err := fetches(t, issuer, nil); err != nil {
		t.Errorf("repaired: %v", err)
	}
	if err := fetches(t, issuer, &http.Client{}); err != nil {
		t.Errorf("with a client of the caller: %v", err)
	}
}

func TestPlainHTTPKeysOfAnEncryptedIssuer(t *testing.T) {
	issuer := issuertest.New("https://issuer.example")
	issuer.Break(issuertest.FaultForeignKeys, "http://127.0.0.1:8080/jwks.json")
	if err := fetches(t, issuer, issuer.Client()); err == nil || !strings.Contains(err.Error(), "not an https URL") {
		t.Errorf("keys over http: %v", err)
	}
	issuer.Break(issuertest.FaultForeignKeys, "https://keys.example/jwks.json")
	if err := fetches(t, issuer, issuer.Client()); err != nil {
		t.Errorf("repaired: %v", err)
	}
}

func TestOAuthMetadata(t *testing.T) {
	for _, tt := range []struct{ issuer, want string }{
		{"https://a.example", "https://a.example/.well-known/oauth-authorization-server"},
		{"https://a.example/", "https://a.example/.well-known/oauth-authorization-server"},
		{"https://a.example:1/x/y", "https://a.example:1/.well-known/oauth-authorization-server/x/y"},
		{"https://a.example/x/", "https://a.example/.well-known/oauth-authorization-server/x"},
	} {
		if got := oauthMetadata(tt.issuer); got != tt.want {
			t.Errorf("oauthMetadata(%q) = %q, want %q", tt.issuer, got, tt.want)
		}
		issuer := issuertest.New(tt.issuer)
		issuer.Break(issuertest.FaultOAuthMetadata, "")
		if err := fetches(t, issuer, issuer.Client()); err != nil {
			t.Errorf("%s: %v", tt.issuer, err)
		}
	}
	for _, body := range []string{
		`{"issuer":"https://a.example/","jwks_uri":"https://a.example/jwks.json"}`, `{"jwks_uri":"https://a.example/jwks.json"}`,
		`{"issuer":"https://a.example","Issuer":"x"}`, `{"issuer":1}`,
	} {
		server := roundTripper(func(r *http.Request) *http.Response {
			recorder := httptest.NewRecorder()
			if strings.HasSuffix(r.URL.Path, "/openid-configuration") {
				recorder.WriteHeader(http.StatusNotFound)
			}
			_, _ = recorder.WriteString(body)
			return recorder.Result()
		})
		if _, err := newRemote("https://a.example", &http.Client{Transport: server}).discover(context.Background()); err == nil {
			t.Errorf("metadata %s accepted", body)
		}
	}
}

// TestMetadataIsReadStrictly serves the same document as OpenID metadata and as OAuth metadata.
func TestMetadataIsReadStrictly(t *testing.T) {
	const keys = `"jwks_uri":"https://a.example/jwks.json"`
	for _, tt := range []struct{ name, bad, repaired string }{
		{"twin of jwks_uri beside", keys + `,"JWKS_URI":"https://b.example/keys"`, keys + `,"other_uri":"https://b.example/keys"`},
		{"jwks_uri twice", `"jwks_uri":"https://b.example/keys",` + keys, keys},
		{"twin of issuer beside", keys + `,"Issuer":"https://a.example"`, keys + `,"Operator":"https://a.example"`},
		{"issuer twice", keys + `,"issuer":"https://a.example"`, keys},
		{"twin anywhere", keys + `,"x":{"a":1,"A":1}`, keys + `,"x":{"a":1,"b":1}`},
		{"not UTF-8", keys + ",\"x\":\"\xff\"", keys + `,"x":"y"`},
		{"trailing data", keys + `}{`, keys},
		{"jwks_uri of another type", `"jwks_uri":["https://a.example/jwks.json"]`, keys},
	} {
		for _, path := range []string{"/openid-configuration", "/oauth-authorization-server"} {
			r := newRemote("https://a.example", &http.Client{Transport: serving(path, `{"issuer":"https://a.example",`+tt.bad+`}`)})
			if uri, err := r.discover(context.Background()); err == nil {
				t.Errorf("%s, %s: leads to %s", path, tt.name, uri)
			}
			r = newRemote("https://a.example", &http.Client{Transport: serving(path, `{"issuer":"https://a.example",`+tt.repaired+`}`)})
			if uri, err := r.discover(context.Background()); err != nil || uri != "https://a.example/jwks.json" {
				t.Errorf("%s, %s, repaired: %q, %v", path, tt.name, uri, err)
			}
		}
	}
	// A twin is no substitute either.
	for _, path := range []string{"/openid-configuration", "/oauth-authorization-server"} {
		r := newRemote("https://a.example", &http.Client{Transport: serving(path, `{"issuer":"https://a.example","Jwks_uri":"https://a.example/jwks.json"}`)})
		if _, err := r.fetch(context.Background()); err == nil || !strings.Contains(err.Error(), "not an https URL") {
			t.Errorf("%s: %v, want an error about jwks_uri", path, err)
		}
	}
}

// serving answers requests for paths with that end, and no others.
func serving(end, body string) roundTripper {
	return func(r *http.Request) *http.Response {
		recorder := httptest.NewRecorder()
		if !strings.HasSuffix(r.URL.Path, end) {
			recorder.WriteHeader(http.StatusNotFound)
		}
		_, _ = recorder.WriteString(body)
		return recorder.Result()
	}
}

// What OpenID metadata says about the issuer is not asked again elsewhere.
func TestMismatchIsFinal(t *testing.T) {
	for _, tt := range []struct {
		openID string
		good   bool
	}{{"https://b.example", false}, {"https://a.example", true}} {
		server := roundTripper(func(r *http.Request) *http.Response {
			issuer := "https://a.example"
			if strings.HasSuffix(r.URL.Path, "/openid-configuration") {
				issuer = tt.openID
			}
			recorder := httptest.NewRecorder()
			_, _ = recorder.WriteString(`{"issuer":"` + issuer + `","jwks_uri":"https://a.example/jwks.json"}`)
			return recorder.Result()
		})
		_, err := newRemote("https://a.example", &http.Client{Transport: server}).discover(context.Background())
		if (err == nil) != tt.good {
			t.Errorf("OpenID metadata of %s: %v", tt.openID, err)
		}
	}
}

func TestIssuerThatIsNoURL(t *testing.T) {
	if _, err := newRemote("http://[", nil).fetch(context.Background()); err == nil {
		t.Error("fetched from nowhere")
	}
}

type roundTripper func(*http.Request) *http.Response

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }
