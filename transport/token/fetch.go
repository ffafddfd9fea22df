package token

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

const (
	// maxBody is how much of an issuer's answer is read, decompressed, in bytes.
	maxBody = 1 << 20
	// maxRedirects is how many redirects within one origin are followed.
	maxRedirects = 3
)

// remote gets an issuer's keys over HTTP.
type remote struct {
	issuer string
	client *http.Client
}

// newRemote takes over base, or a client of its own if that is nil, within the
// bounds of this package.
func newRemote(issuer string, base *http.Client) *remote {
	client := &http.Client{}
	if base != nil {
		*client = *base
	}
	if client.Transport == nil {
		// Two requests every few minutes: a connection is not worth keeping.
		client.Transport = &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	}
	client.Transport = boundedTransport{client.Transport}
	client.CheckRedirect = sameOriginOnly
	return &remote{issuer: issuer, client: client}
}

// boundedTransport ends every answer at maxBody with an error. It sits above the
// transport's decompression, so the bound is for what would fill the memory.
type boundedTransport struct{ base http.RoundTripper }

func (t boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = http.MaxBytesReader(nil, response.Body, maxBody)
	return response, nil
}

func sameOriginOnly(r *http.Request, via []*http.Request) error {
	first := via[0].URL
	if r.URL.Scheme != first.Scheme || r.URL.Host != first.Host {
		return errors.New("redirect to another origin refused")
	}
	if len(via) > maxRedirects {
		return errors.New("too many redirects")
	}
	return nil
}

// fetch returns the issuer's JWK set, found through its metadata.
func (r *remote) fetch(ctx context.Context) ([]byte, error) {
	uri, err := r.discover(ctx)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" || !secure(u) || u.Scheme == "http" && !strings.HasPrefix(r.issuer, "http:") {
		return nil, errors.New("metadata: jwks_uri is not an https URL")
	}
	return r.get(ctx, uri)
}

// metadata is what is read of OpenID Connect Discovery section 3 and RFC 8414
// section 2.
type metadata struct {
	Issuer string `json:"issuer"`
	Keys   string `json:"jwks_uri"`
}

// discover returns the jwks_uri from the OpenID metadata or, if there is none,
// from that of OAuth (RFC 8414 section 3). Both must name exactly this issuer.
func (r *remote) discover(ctx context.Context) (string, error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, r.client), r.issuer)
	if err == nil {
		var body json.RawMessage
		_ = provider.Claims(&body) // the text of what was just read; without it the next step fails
		return r.readMetadata(body)
	}
	var mismatch *oidc.IssuerMismatchError
	if errors.As(err, &mismatch) {
		return "", errors.New("metadata: names another issuer")
	}
	body, err := r.get(ctx, oauthMetadata(r.issuer))
	if err != nil {
		return "", fmt.Errorf("metadata: %w", err)
	}
	return r.readMetadata(body)
}

// readMetadata returns the jwks_uri of metadata that name exactly this issuer. The
// library would take a name in other case, or the last of two, for one it knows.
func (r *remote) readMetadata(body []byte) (string, error) {
	var found metadata
	if err := strictjson.Unmarshal(body, &found); err != nil {
		return "", fmt.Errorf("metadata: %w", err)
	}
	if found.Issuer != r.issuer {
		return "", errors.New("metadata: names another issuer")
	}
	return found.Keys, nil
}

// oauthMetadata inserts the well-known path before the issuer's own.
func oauthMetadata(issuer string) string {
	rest := strings.Index(issuer, "://") + len("://")
	host, path, _ := strings.Cut(issuer[rest:], "/")
	location := issuer[:rest] + host + "/.well-known/oauth-authorization-server"
	if path != "" {
		location += "/" + strings.TrimSuffix(path, "/")
	}
	return location
}

func (r *remote) get(ctx context.Context, uri string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	response, err := r.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the issuer answered with status %d", response.StatusCode)
	}
	body, err := io.ReadAll(response.Body)
	return body, err
}
