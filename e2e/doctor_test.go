package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	mcpgo "github.com/mark3labs/mcp-go/mcp"
	mcpgoserver "github.com/mark3labs/mcp-go/server"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/sallyport-mcp/sallyport/internal/doctor"
)

var update = flag.Bool("update", false, "rewrite what docs/doctor.md says of other servers")

const (
	doctorPage  = "../docs/doctor.md"
	doctorBegin = "<!-- begin servers -->\n"
	doctorEnd   = "<!-- end -->"
	doctorToken = "doctor-token"
)

// mcpGoServer is a server as the examples of mcp-go make one: without a check of tokens, for which the library has nothing.
func mcpGoServer(string) http.Handler {
	s := mcpgoserver.NewMCPServer("probe", "1", mcpgoserver.WithToolCapabilities(true))
	s.AddTool(mcpgo.NewTool("probe"), func(context.Context, mcpgo.CallToolRequest) (*mcpgo.CallToolResult, error) {
		return nil, errors.New("a tool was called")
	})
	return mcpgoserver.NewStreamableHTTPServer(s)
}

// goSDKServer is a server as examples/auth/server of the Go SDK makes one, with another function that knows tokens.
func goSDKServer(origin string) http.Handler {
	s := mcp.NewServer(&mcp.Implementation{Name: "probe", Version: "1"}, nil)
	mcp.AddTool(s, &mcp.Tool{Name: "probe"}, func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
		return nil, nil, errors.New("a tool was called")
	})
	known := func(_ context.Context, token string, _ *http.Request) (*auth.TokenInfo, error) {
		if token != doctorToken {
			return nil, auth.ErrInvalidToken
		}
		return &auth.TokenInfo{Scopes: []string{"read"}, Expiration: time.Now().Add(time.Hour), UserID: "probe"}, nil
	}
	guard := auth.RequireBearerToken(known, &auth.RequireBearerTokenOptions{
		Scopes: []string{"read"}, ResourceMetadataURL: origin + "/.well-known/oauth-protected-resource",
	})
	mux := http.NewServeMux()
	mux.Handle("/.well-known/oauth-protected-resource", auth.ProtectedResourceMetadataHandler(&oauthex.ProtectedResourceMetadata{
		Resource: origin + "/mcp", AuthorizationServers: []string{"https://issuer.invalid"}, ScopesSupported: []string{"read"},
	}))
	mux.Handle("/mcp", guard(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s }, nil)))
	return mux
}

// TestDoctorOnOtherServers examines what other people's libraries make, and holds docs/doctor.md to it. Issuers are left out: these
// libraries have none.
func TestDoctorOnOtherServers(t *testing.T) {
	var table strings.Builder
	table.WriteString("| server | problems | warnings | notes |\n| --- | --- | --- | --- |\n")
	for _, tt := range []struct {
		name   string
		server func(string) http.Handler
	}{
		{"mcp-go " + required(t, "github.com/mark3labs/mcp-go") + ", as in its examples", mcpGoServer},
		{"go-sdk " + required(t, "github.com/modelcontextprotocol/go-sdk") + ", as in its `examples/auth/server`", goSDKServer},
	} {
		found := found(t, tt.server)
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", tt.name, found[doctor.Problem], found[doctor.Warning], found[doctor.Note])
	}
	page, err := os.ReadFile(doctorPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(page), doctorBegin)
	old, after, ok := strings.Cut(rest, doctorEnd)
	if !ok {
		t.Fatalf("%s has no table of servers", doctorPage)
	}
	if *update {
		if err := os.WriteFile(doctorPage, []byte(before+doctorBegin+table.String()+doctorEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if old != table.String() {
		t.Errorf("%s is out of date; run `go test -run Doctor . -update` here. It says\n%s\nand it is\n%s", doctorPage, old, &table)
	}
}

// required returns the version of a module that go.mod requires.
func required(t *testing.T, module string) string {
	t.Helper()
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\t"+module+" ")
	version, _, ok := strings.Cut(rest, "\n")
	if !ok {
		t.Fatalf("go.mod does not require %s", module)
	}
	return version
}

// found returns the ids of what was found, by severity.
func found(t *testing.T, server func(string) http.Handler) map[doctor.Severity]string {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	origin := "http://" + s.Listener.Addr().String()
	s.Config.Handler = server(origin)
	s.Start()
	defer s.Close()
	report, err := doctor.Examine(t.Context(), doctor.Options{
		URL: origin + "/mcp", Token: doctorToken,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			if !strings.HasPrefix(address, "127.0.0.1:") {
				return nil, errors.New("only this machine")
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ids := map[doctor.Severity]string{}
	for _, f := range report.Findings {
		if f.Severity > doctor.OK && !strings.HasPrefix(f.ID, "issuer.") {
			ids[f.Severity] += ", `" + f.ID + "`"
		}
	}
	for severity, list := range ids {
		ids[severity] = strings.TrimPrefix(list, ", ")
	}
	return ids
}
