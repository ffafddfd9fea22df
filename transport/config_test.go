package transport_test

import (
	"net/http"
	"strings"
	"testing"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/transport"
)

func goodConfig() transport.Config {
	return transport.Config{
		Resource: "https://example.com/mcp", AuthorizationServers: []string{"https://issuer.example"},
		Verifier: new(fakeVerifier), Gate: new(fakeGate), MCP: mcpserver.NewMCPServer("t", "1"),
	}
}

func TestConfigNamesAllMistakesAtOnce(t *testing.T) {
	_, err := transport.New(transport.Config{MaxBody: -1, ParamHeaderNames: []string{"*"}})
	for _, field := range []string{"Resource", "AuthorizationServers", "Verifier", "Gate", "MCP", "MaxBody", "ParamHeaderNames"} {
		if err == nil || !strings.Contains(err.Error(), "transport: Config."+field+": ") {
			t.Errorf("%s is missing in: %v", field, err)
		}
	}
	if _, err := transport.New(goodConfig()); err != nil {
		t.Error(err)
	}
}

func TestConfigResource(t *testing.T) {
	for _, resource := range []string{
		"", "/mcp", "example.com/mcp", "ftp://example.com/mcp", "https:///mcp", "https://u@example.com/mcp", "https://example.com/mcp?x=1",
		"https://example.com/mcp?", "https://example.com/mcp#", "https://example.com/mcp#x", "https://example.com/mcp/", "https://example.com//mcp",
		"https://example.com/{id}", "https://example.com/*", "https://example.com/m%63p", "https://example.com/é", "https://exa mple.com/mcp",
	} {
		c := goodConfig()
		c.Resource = resource
		if _, err := transport.New(c); err == nil || !strings.Contains(err.Error(), "Config.Resource") {
			t.Errorf("%q: %v", resource, err)
		}
	}
	for _, resource := range []string{"https://example.com/mcp", "http://127.0.0.1:8080/a/b", "https://example.com", "https://example.com/", "http://[::1]:8080/mcp"} {
		c := goodConfig()
		c.Resource = resource
		if _, err := transport.New(c); err != nil {
			t.Errorf("%q: %v", resource, err)
		}
	}
}

func TestConfigParamHeaderNames(t *testing.T) {
	for _, name := range []string{"", "*", "Mcp-Param-", "Mcp-Param", "Authorization", "Mcp-Param-A, X", "Mcp-Param-A,*", "Mcp-Param-A\r\nX: y", "Mcp-Param-\u00e9"} {
		c := goodConfig()
		c.ParamHeaderNames = []string{"Mcp-Param-Region", name}
		if _, err := transport.New(c); err == nil || strings.Count(err.Error(), "Config.ParamHeaderNames") != 1 {
			t.Errorf("%q: %v", name, err)
		}
	}
	c := goodConfig()
	c.ParamHeaderNames = []string{"Mcp-Param-Region", "mcp-param-a_b"}
	if _, err := transport.New(c); err != nil {
		t.Error(err)
	}
}

// Without Hosts the resource's own host is accepted, with and without the
// port that its scheme implies.
func TestDefaultHosts(t *testing.T) {
	h := start(t)
	for resource, hosts := range map[string]map[string]bool{
		"https://example.com/mcp":     {"example.com": true, "example.com:443": true, "example.com:80": false, "evil.example": false},
		"http://example.com:80/mcp":   {"example.com": true, "example.com:80": true, "example.com:443": false},
		"http://example.com:8080/mcp": {"example.com:8080": true, "example.com": false},
		"https://[::1]/mcp":           {"[::1]": true, "[::1]:443": true, "::1": false},
	} {
		c := h.config
		c.Resource = resource
		handler, err := transport.New(c)
		if err != nil {
			t.Fatal(err)
		}
		for host, ok := range hosts {
			r := h.request(callBody("allowed"))
			r.Host = host
			if got := record200(handler, r); (got == http.StatusOK) != ok {
				t.Errorf("%s with Host %s: %d", resource, host, got)
			}
		}
	}
}
