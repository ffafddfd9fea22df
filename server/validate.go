package server

import (
	"bytes"
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-mcp/sallyport/authserver"
	"github.com/sallyport-mcp/sallyport/internal/loopback"
	"github.com/sallyport-mcp/sallyport/internal/seal"
)

// settle returns a copy of c with every default filled in and notes what is
// wrong with its settings. Declarations and policy are checked elsewhere.
func (c Config) settle(wrong *mistakes) Config {
	c.fillDefaults()
	c.checkName(wrong)
	listen := checkAddr(wrong, "addr", c.Addr)
	c.settlePublicURL(wrong, listen)
	c.checkAdminAddr(wrong)
	c.settleIssuers(wrong)
	c.settleOrigins(wrong)
	c.checkSealingKeys(wrong)
	c.checkSwitches(wrong)
	c.checkEnums(wrong)
	wrong.adopt(c.Quotas.Check())
	return c
}

func (c *Config) fillDefaults() {
	c.Version = cmp.Or(c.Version, "dev")
	c.Addr = cmp.Or(c.Addr, DefaultAddr)
	c.Store = cmp.Or(c.Store, "memory")
	c.Audit = cmp.Or(c.Audit, "stderr")
	c.AuditChain = cmp.Or(c.AuditChain, Off)
	c.AuditFailure = cmp.Or(c.AuditFailure, AuditCount)
	if c.Stdout == nil {
		c.Stdout = os.Stdout
	}
	if c.Stderr == nil {
		c.Stderr = os.Stderr
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.NewTextHandler(c.Stderr, nil))
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if len(c.Users) == 0 {
		c.Users = demoUsers()
	}
	c.Tools = slices.Clone(c.Tools)
	c.Resources = slices.Clone(c.Resources)
	c.Prompts = slices.Clone(c.Prompts)
	c.Issuers = slices.Clone(c.Issuers)
	c.Users = slices.Clone(c.Users)
	c.Origins = slices.Clone(c.Origins)
	c.SealingKeys = slices.Clone(c.SealingKeys)
	for i, key := range c.SealingKeys {
		c.SealingKeys[i] = bytes.Clone(key)
	}
	c.InitialScopes = slices.Clone(c.InitialScopes)
}

// demoUsers are the people of the examples. What they may do is the policy's.
func demoUsers() []authserver.User {
	return []authserver.User{{Name: "alice", DisplayName: "Alice"}, {Name: "bob", DisplayName: "Bob"}, {Name: "carol", DisplayName: "Carol"}}
}

func (c *Config) checkName(wrong *mistakes) {
	if c.Name == "" {
		wrong.add("Name", c.Name, "the server has no name", `set Name, for example to "notes"`)
	}
	if len(c.Tools)+len(c.Resources)+len(c.Prompts) == 0 {
		wrong.add("Tools", "", "the server declares no operation", "declare at least one tool, resource or prompt")
	}
}

// endpoint is a listener's address, taken apart.
type endpoint struct {
	host string
	port string
}

// checkAddr reads host:port and returns nil if it cannot.
func checkAddr(wrong *mistakes, key, addr string) *endpoint {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		wrong.add(key, addr, "it is not host:port", "write for example "+DefaultAddr)
		return nil
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		wrong.add(key, addr, "its port is not a number from 0 to 65535", "write for example "+DefaultAddr)
		return nil
	}
	return &endpoint{host, port}
}

func (c *Config) settlePublicURL(wrong *mistakes, listen *endpoint) {
	const key = "public_url"
	if c.PublicURL == "" {
		c.derivePublicURL(wrong, listen)
		return
	}
	u, err := url.Parse(c.PublicURL)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		wrong.add(key, c.PublicURL, "it is not an absolute URL", "write for example https://mcp.example.com")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(c.PublicURL, "#"):
		wrong.add(key, c.PublicURL, "it has a user, a query or a fragment", "write scheme, host and at most a path")
	case u.Scheme != "https" && u.Scheme != "http":
		wrong.add(key, c.PublicURL, "its scheme is neither https nor http", "write for example https://mcp.example.com")
	case u.Scheme == "http" && !loopback.Is(u.Hostname()):
		wrong.add(key, c.PublicURL, "plain http lets anybody on the way read the tokens; it is accepted for loopback addresses only",
			"use https, with a proxy in front that ends TLS")
	case !cleanPath(u.EscapedPath()):
		wrong.add(key, c.PublicURL, "its path is ambiguous", "leave out //, dot segments and percent escapes")
	default:
		c.PublicURL = canonicalOrigin(u) + strings.TrimSuffix(u.Path, "/")
		return
	}
	c.PublicURL = ""
}

// derivePublicURL makes the public URL of the listener's address, if clients
// on this machine are the only ones that could mean it.
func (c *Config) derivePublicURL(wrong *mistakes, listen *endpoint) {
	switch {
	case listen == nil: // reported already
	case !loopback.Is(listen.host) && c.embedded(): // reported with the issuers that are missing
	case !loopback.Is(listen.host):
		wrong.add("public_url", "", "addr "+c.Addr+" is reachable from other machines, and nothing says by which URL",
			"set public_url to the https URL that clients use")
	case listen.port == "0":
		wrong.add("public_url", "", "addr "+c.Addr+" has any free port, so the URL is not known",
			"name a port in addr or set public_url")
	default:
		c.PublicURL = canonicalOrigin(&url.URL{Scheme: "http", Host: c.Addr})
	}
}

// canonicalOrigin returns scheme and host as a browser writes them: in lower
// case and without the scheme's default port (RFC 6454 section 6.2).
func canonicalOrigin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	} else {
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}

// cleanPath tells whether a URL's path has only one reading.
func cleanPath(path string) bool {
	if path == "" || path == "/" {
		return true
	}
	for segment := range strings.SplitSeq(strings.TrimSuffix(path[1:], "/"), "/") {
		if segment == "" || segment == "." || segment == ".." || strings.ContainsAny(segment, "%\\;{}*'\"`$&|<> ") {
			return false
		}
	}
	return path[0] == '/'
}

func (c *Config) checkAdminAddr(wrong *mistakes) {
	if c.AdminAddr == "" {
		return
	}
	admin := checkAddr(wrong, "admin_addr", c.AdminAddr)
	if admin != nil && c.AdminAddr == c.Addr && admin.port != "0" {
		wrong.add("admin_addr", c.AdminAddr, "the MCP listener has this address", "choose another port, or leave it empty")
	}
}

// checkSealingKeys names keys by their place, since their content is nobody's.
func (c *Config) checkSealingKeys(wrong *mistakes) {
	for i, key := range c.SealingKeys {
		if len(key) != seal.KeySize {
			wrong.add("sealing_keys", fmt.Sprintf("key %d", i+1), fmt.Sprintf("it has %d bytes", len(key)),
				fmt.Sprintf("make each key of %d random bytes", seal.KeySize))
		}
	}
}

func (c *Config) checkSwitches(wrong *mistakes) {
	if c.Store != "memory" {
		wrong.add("store", c.Store, "this version keeps its state in memory only", `write "memory" or leave it out`)
	}
	checkSwitch(wrong, "limits", c.Limits)
	checkSwitch(wrong, "legacy", c.Legacy)
	checkSwitch(wrong, "audit_chain", c.AuditChain)
	if c.AuditChain == On && c.Audit == "stderr" {
		wrong.add("audit_chain", string(c.AuditChain), "on stderr, what the server logs stands between the lines, and a chain cannot be verified",
			"set audit to file:PATH or stdout")
	}
	if c.AuditFailure != AuditCount && c.AuditFailure != AuditRefuse {
		wrong.add("audit_failure", string(c.AuditFailure), `it is neither "count" nor "refuse"`, "write one of them or leave it out")
	}
}

func checkSwitch(wrong *mistakes, key string, value Switch) {
	if value != "" && value != On && value != Off {
		wrong.add(key, string(value), `it is neither "on" nor "off"`, "write one of them or leave it out")
	}
}

func (c *Config) checkEnums(wrong *mistakes) {
	if c.Visibility != VisibilityAttainable && c.Visibility != VisibilityGranted {
		wrong.add("Visibility", strconv.Itoa(int(c.Visibility)), "there is no such visibility",
			"use VisibilityAttainable or VisibilityGranted")
	}
	if c.Denials != DenialsExplain && c.Denials != DenialsConceal {
		wrong.add("Denials", strconv.Itoa(int(c.Denials)), "there is no such way to deny", "use DenialsExplain or DenialsConceal")
	}
	if c.MaxBody < 0 {
		wrong.add("MaxBody", strconv.FormatInt(c.MaxBody, 10), "a body cannot be smaller than nothing", "leave it 0 for 1 MiB")
	}
	for _, scope := range c.InitialScopes {
		if !isScopeToken(scope) {
			wrong.add("InitialScopes", scope, "it is not a scope (RFC 6749 section 3.3) a client may ask for",
				"name one scope per element, without spaces, quotes or offline_access")
		}
	}
}

// isScopeToken tells whether a challenge may name scope.
func isScopeToken(scope string) bool {
	for _, b := range []byte(scope) {
		if b <= ' ' || b >= 0x7f || b == '"' || b == '\\' || b == '{' || b == '}' {
			return false
		}
	}
	return scope != "" && scope != "offline_access"
}
