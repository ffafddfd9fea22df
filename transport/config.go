package transport

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/internal/seal"
)

// DefaultMaxBody is the limit of a request body when Config sets none: 1 MiB.
const DefaultMaxBody = 1 << 20

// Config is what [New] needs. Resource, AuthorizationServers, Verifier, Gate
// and MCP are required; everything else has a safe zero value.
type Config struct {
	// Resource is the identifier of this server as clients and tokens name it:
	// an absolute http or https URL without query and fragment, for example
	// https://notes.example.com/mcp. Its path is the MCP endpoint.
	Resource string
	// AuthorizationServers are the issuers clients may get tokens from, for the
	// metadata (RFC 9728, section 2).
	AuthorizationServers []string
	// InitialScopes are asked for in the first challenge and are the
	// scopes_supported of the metadata. offline_access among them is left out;
	// when nothing is left, so are both.
	InitialScopes []string
	// ResourceName is a name for people in the metadata, left out when empty.
	ResourceName string
	// Verifier verifies the bearer token of every request.
	Verifier Verifier
	// Gate decides about every request of a verified caller.
	Gate Gate
	// MCP answers what was admitted. Nothing needs to be registered with it but
	// prompts and completion providers: tools, resources and templates come with
	// each Pass. It must declare the capabilities it serves, and must not page
	// its lists: a cursor of mcp-go is the name of an item.
	MCP *mcpserver.MCPServer
	// ParamHeaderNames are all headers that any tool binds, see [Mirror]. A page in
	// a browser can send those that are named here, and no others.
	ParamHeaderNames []string
	// Hosts are the accepted values of the Host header, compared exactly. Empty
	// means the host of Resource only, with and without a default port.
	Hosts []string
	// Origins are the accepted values of the Origin header, compared exactly.
	// Pages of these origins can also read the answers (CORS). Empty means the
	// origin of Resource only. A request without an Origin header does not come
	// from a web page and is not refused.
	Origins []string
	// MaxBody is the largest request body in bytes; 0 means DefaultMaxBody.
	MaxBody int64
	// Legacy serves the revisions before 2026-07-28 too: 2025-11-25 and 2025-06-18.
	Legacy bool
	// Seal makes and reads the session ids of these revisions. It is needed if
	// Legacy is set, with the same keys in every replica.
	Seal *seal.Keys
	// KeepAlive is how often an idle stream says that it is alive; 0 means
	// DefaultKeepAlive.
	KeepAlive time.Duration
	// Limits hold callers to their quotas; nil limits nothing.
	Limits *Limits
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger gets what clients are not told about failures; nil discards it.
	Logger *slog.Logger
	// Observer is told how long requests take and how many streams are open;
	// nil means that nobody is, and that no clock is read for it.
	Observer Observer
}

// settings is a validated Config with its defaults and what derives from it.
type settings struct {
	Config
	path         string // the MCP endpoint
	metadataRoot string // where the metadata is without a path
	metadataPath string // the path-suffixed location
	metadataURL  string // the absolute URL of the path-suffixed location

	params map[string]bool // ParamHeaderNames, canonical
}

const wellKnown = "/.well-known/oauth-protected-resource"

// check validates c and returns a copy with the defaults filled in. The error
// joins all mistakes.
func (c Config) check() (settings, error) {
	s := settings{Config: c}
	resource, err := parseResource(c.Resource)
	mistakes := []error{err}
	mistakes = append(mistakes, required("AuthorizationServers", len(c.AuthorizationServers) > 0, "name at least one issuer"))
	mistakes = append(mistakes, required("Verifier", c.Verifier != nil, "set what verifies tokens"))
	mistakes = append(mistakes, required("Gate", c.Gate != nil, "set what decides"))
	mistakes = append(mistakes, required("MCP", c.MCP != nil, "set the MCP server that answers"))
	mistakes = append(mistakes, required("Seal", c.Seal != nil || !c.Legacy, "set what seals session ids, or switch Legacy off"))
	mistakes = append(mistakes, checkParams(c.ParamHeaderNames))
	if c.MaxBody < 0 {
		mistakes = append(mistakes, fmt.Errorf("transport: Config.MaxBody: %d is negative; use 0 for the default", c.MaxBody))
	}
	if err := errors.Join(mistakes...); err != nil {
		return settings{}, err
	}
	s.locate(resource)
	s.defaults(resource)
	return s, nil
}

func required(field string, ok bool, fix string) error {
	if ok {
		return nil
	}
	return fmt.Errorf("transport: Config.%s: missing; %s", field, fix)
}

// checkParams refuses names that are no header of a parameter: what a page may
// send is named one by one.
func checkParams(names []string) error {
	var mistakes []error
	for _, name := range names {
		parameter, ok := strings.CutPrefix(http.CanonicalHeaderKey(name), paramPrefix)
		if !ok || parameter == "" || strings.ContainsFunc(parameter, func(r rune) bool { return r <= ' ' || r > '~' || r == ',' }) {
			mistakes = append(mistakes, fmt.Errorf(
				"transport: Config.ParamHeaderNames: %q is not the name of one header; use one like Mcp-Param-Region", name))
		}
	}
	return errors.Join(mistakes...)
}

// parseResource refuses what cannot be an identifier (RFC 8707, section 2) or
// a route.
func parseResource(resource string) (*url.URL, error) {
	fail := func(reason string) (*url.URL, error) {
		return nil, fmt.Errorf("transport: Config.Resource: %q %s; use a URL like https://example.com/mcp", resource, reason)
	}
	u, err := url.Parse(resource)
	switch {
	case err != nil:
		return fail("is not a URL")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return fail("is not an absolute http or https URL")
	case u.User != nil, u.RawQuery != "", u.ForceQuery, strings.Contains(resource, "#"):
		return fail("has user information, a query or a fragment")
	case strings.ContainsAny(u.EscapedPath(), "%*{}") || strings.Contains(u.Path, "//"):
		return fail("has a path that is not plain")
	case len(u.Path) > 1 && strings.HasSuffix(u.Path, "/"):
		return fail("ends with a slash")
	}
	return u, nil
}

// locate derives the routes from the resource.
func (s *settings) locate(resource *url.URL) {
	suffix := strings.TrimSuffix(resource.Path, "/")
	s.path = suffix
	if suffix == "" {
		s.path = "/"
	}
	s.metadataRoot = wellKnown
	s.metadataPath = wellKnown + suffix
	s.metadataURL = resource.Scheme + "://" + resource.Host + s.metadataPath
}

// defaults fills in what was left out.
func (s *settings) defaults(resource *url.URL) {
	s.InitialScopes = slices.DeleteFunc(slices.Clone(s.InitialScopes), func(scope string) bool {
		return scope == "offline_access"
	})
	if len(s.Hosts) == 0 {
		s.Hosts = hosts(resource)
	}
	if len(s.Origins) == 0 {
		s.Origins = []string{resource.Scheme + "://" + resource.Host}
	}
	if s.MaxBody == 0 {
		s.MaxBody = DefaultMaxBody
	}
	if s.KeepAlive <= 0 {
		s.KeepAlive = DefaultKeepAlive
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	s.params = map[string]bool{}
	for _, name := range s.ParamHeaderNames {
		s.params[http.CanonicalHeaderKey(name)] = true
	}
}

// hosts returns the spellings of the Host header that mean the resource.
func hosts(resource *url.URL) []string {
	port := map[string]string{"http": "80", "https": "443"}[resource.Scheme]
	switch resource.Port() {
	case "":
		return []string{resource.Host, net.JoinHostPort(resource.Hostname(), port)}
	case port:
		return []string{resource.Host, strings.TrimSuffix(resource.Host, ":"+port)}
	}
	return []string{resource.Host}
}
