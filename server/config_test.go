package server

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/authserver"
	"github.com/sallyport-mcp/sallyport/internal/seal"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

func echoTool(change ...func(*tools.Tool)) tools.Tool {
	type in struct {
		Text string   `json:"text"`
		List []string `json:"list,omitempty"`
	}
	tool := tools.Tool{
		Name: "echo", Description: "Echo.", Scopes: []string{"echo:use"}, ReadOnly: true,
		Handler: tools.Typed(func(_ context.Context, i in) (string, error) { return i.Text, nil }),
	}
	for _, c := range change {
		c(&tool)
	}
	return tool
}

// goodConfig is a configuration without a mistake.
func goodConfig(t *testing.T) Config {
	t.Helper()
	policy := filepath.Join(t.TempDir(), "policy.csv")
	if err := os.WriteFile(policy, []byte(goodPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	return Config{Name: "good", Tools: []tools.Tool{echoTool()}, Policy: policy, Logger: quiet(), Stderr: &bytes.Buffer{}}
}

func withTool(change func(*tools.Tool)) func(*Config) {
	return func(c *Config) { c.Tools = append(c.Tools, echoTool(func(t *tools.Tool) { t.Name = "other" }, change)) }
}

// TestF19_EveryMistakeIsNamed makes one mistake at a time. The twin is the
// configuration without it.
func TestF19_EveryMistakeIsNamed(t *testing.T) {
	ok := goodConfig(t)
	ok.SealingKeys = [][]byte{make([]byte, 32), bytes.Repeat([]byte{1}, 32)}
	s, err := New(ok)
	if err != nil {
		t.Fatalf("without a mistake: %v", err)
	}
	s.Close()
	s.Close() // a second time is no mistake either

	const remote = "https://issuer.example"
	rows := []struct {
		name   string
		change func(*Config)
		want   []string // each is part of the one mistake
	}{
		{"no name", func(c *Config) { c.Name = "" }, []string{`Name = "": the server has no name`, "set Name"}},
		{
			"a short sealing key", func(c *Config) { c.SealingKeys = [][]byte{make([]byte, 32), []byte("swordfish")} },
			[]string{`sealing_keys = "key 2": it has 9 bytes`, "32 random bytes"},
		},
		{"an empty sealing key", func(c *Config) { c.SealingKeys = [][]byte{nil} }, []string{`sealing_keys = "key 1": it has 0 bytes`}},
		{"nothing to serve", func(c *Config) { c.Tools = nil }, []string{"declares no operation"}},
		{"addr", func(c *Config) { c.Addr = "8080" }, []string{`addr = "8080": it is not host:port`, "127.0.0.1:8080"}},
		{"port", func(c *Config) { c.Addr = "127.0.0.1:http" }, []string{`addr = "127.0.0.1:http": its port`}},
		{"port too large", func(c *Config) { c.Addr = "127.0.0.1:65536" }, []string{`addr = `, "its port"}},
		{"any port", func(c *Config) { c.Addr = "127.0.0.1:0" }, []string{`public_url = ""`, "any free port"}},
		{"public url relative", func(c *Config) { c.PublicURL = "/x" }, []string{`public_url = "/x": it is not an absolute URL`}},
		{"public url with user", func(c *Config) { c.PublicURL = "http://a@127.0.0.1" }, []string{"a user, a query or a fragment"}},
		{"public url with query", func(c *Config) { c.PublicURL = "http://127.0.0.1/?" }, []string{"a user, a query or a fragment"}},
		{"public url scheme", func(c *Config) { c.PublicURL = "ftp://127.0.0.1" }, []string{"its scheme is neither"}},
		{"public url plain http", func(c *Config) { c.PublicURL, c.Issuers = "http://mcp.example", Issuers(remote) }, []string{`public_url = "http://mcp.example"`, "plain http", "use https"}},
		{"public url path", func(c *Config) { c.PublicURL, c.Issuers = "https://mcp.example/a//b", Issuers(remote) }, []string{"its path is ambiguous"}},
		{"reachable without a url", func(c *Config) { c.Addr, c.Issuers = "0.0.0.0:8080", Issuers(remote) }, []string{`public_url = ""`, "reachable from other machines"}},
		{"admin addr", func(c *Config) { c.AdminAddr = "nowhere" }, []string{`admin_addr = "nowhere"`}},
		{"admin addr taken", func(c *Config) { c.AdminAddr = DefaultAddr }, []string{`admin_addr = "127.0.0.1:8080"`, "the MCP listener has this address"}},
		{"embedded beyond loopback", func(c *Config) { c.PublicURL = "https://mcp.example" }, []string{`public_url = "https://mcp.example"`, "without issuers anybody can log in as anybody", "set issuers"}},
		{"embedded on all addresses", func(c *Config) { c.Addr, c.PublicURL = "0.0.0.0:8080", "http://127.0.0.1:8080" }, []string{`addr = "0.0.0.0:8080"`, "without issuers anybody can log in as anybody"}},
		{"embedded below a path", func(c *Config) { c.PublicURL = "http://127.0.0.1:8080/x" }, []string{"no place for a path"}},
		{"issuer", func(c *Config) { c.Issuers = Issuers("issuer.example") }, []string{`issuers = "issuer.example"`}},
		{"issuer plain http", func(c *Config) { c.Issuers = Issuers("http://issuer.example") }, []string{`issuers = "http://issuer.example"`, "use https"}},
		{"issuer twice", func(c *Config) { c.Issuers = Issuers(remote, remote) }, []string{`issuers = "https://issuer.example"`, "named too, which is the same issuer"}},
		{"issuer alias twice", func(c *Config) {
			c.Issuers = []token.Issuer{{URL: remote + "/a", Alias: "a"}, {URL: remote + "/b", Alias: "a"}}
		}, []string{`issuers = "https://issuer.example/b"`, `alias "a" is that of https://issuer.example/a`}},
		{"issuer profile", func(c *Config) {
			c.Issuers = []token.Issuer{{URL: remote, Profile: token.Profile{Algorithms: []string{"HS256"}}}}
		}, []string{"HS256"}},
		{"user", func(c *Config) { c.Users = []authserver.User{{Name: "a\nb"}} }, []string{"Users[0]"}},
		{"store", func(c *Config) { c.Store = "sqlite" }, []string{`store = "sqlite"`, "memory"}},
		{"audit", func(c *Config) { c.Audit = "syslog" }, []string{`audit = "syslog"`, "file:PATH"}},
		{"limits", func(c *Config) { c.Limits = "maybe" }, []string{`limits = "maybe"`}},
		{"legacy", func(c *Config) { c.Legacy = "true" }, []string{`legacy = "true"`}},
		{"origin with a path", func(c *Config) { c.Origins = []string{"https://app.example/"} }, []string{`origins = "https://app.example/"`}},
		{"any origin", func(c *Config) { c.Origins = []string{"*"} }, []string{`origins = "*"`}},
		{"initial scope", func(c *Config) { c.InitialScopes = []string{"a b"} }, []string{`InitialScopes = "a b"`}},
		{"offline access", func(c *Config) { c.InitialScopes = []string{"offline_access"} }, []string{`InitialScopes = "offline_access"`}},
		{"visibility", func(c *Config) { c.Visibility = 7 }, []string{`Visibility = "7"`}},
		{"denials", func(c *Config) { c.Denials = -1 }, []string{`Denials = "-1"`}},
		{"max body", func(c *Config) { c.MaxBody = -1 }, []string{`MaxBody = "-1"`}},
		{"quota", func(c *Config) { c.Quotas.Calls = -1 }, []string{`Quotas.Calls = "-1"`}},
		{"quota of a switch that is off", func(c *Config) { c.Limits, c.Quotas.Tool.Burst = Off, 5 }, []string{`Quotas.Tool.PerMinute = "0"`, "set both"}},
		{"policy missing", func(c *Config) { c.Policy = "/nowhere/policy.csv" }, []string{"/nowhere/policy.csv: error: the file cannot be read: no such file", "create it"}},
		{"policy wrong", func(c *Config) { write(t, c, goodPolicy+"p, user:bob, a, b, Deny\n") }, []string{"policy.csv:2:", "Deny"}},
		{"model missing", func(c *Config) { c.Model = "/nowhere/model.conf" }, []string{"/nowhere/model.conf: error:"}},
		{"duplicate tool", withTool(func(t *tools.Tool) { t.Name = "echo" }), []string{`tool "echo"`}},
		{"no handler", withTool(func(t *tools.Tool) { t.Handler = nil }), []string{`tool "other"`, "Handler"}},
		{"nothing needed", withTool(func(t *tools.Tool) { t.Scopes = nil }), []string{`tool "other"`}},
		{"template", withTool(func(t *tools.Tool) { t.Permissions = []string{"a{b:use"} }), []string{`tool "other"`, "a{b"}},
		{"placeholder of nothing", withTool(func(t *tools.Tool) { t.Permissions = []string{"x/{id}:read"} }), []string{`tool "other": {id} is no top-level string or integer argument`, "write {text}"}},
		{"placeholder of a list", withTool(func(t *tools.Tool) { t.Permissions = []string{"x/{list}:read"} }), []string{`{list} is no top-level`}},
		{"two spellings", withTool(func(t *tools.Tool) { t.Scopes = []string{"echo"} }), []string{`"echo"`, `"echo:use"`, "the same permission"}},
		{"placeholder of no variable", func(c *Config) {
			c.Resources = []tools.Resource{{
				URI: "a://{b}", Name: "a", Description: "A.", Scopes: []string{"a/{c}:read"},
				Read: func(context.Context, tools.ResourceRequest) (tools.Contents, error) { return tools.Text(""), nil },
			}}
		}, []string{`resource "a://{b}": {c} is no variable`, "write {b}"}},
		{"placeholder of no prompt argument", func(c *Config) {
			c.Prompts = []tools.Prompt{{
				Name: "a", Description: "A.", Scopes: []string{"a/{c}:read"},
				Get: func(context.Context, map[string]string) ([]tools.Message, error) { return nil, nil },
			}}
		}, []string{`prompt "a": {c} is no argument`, "write the name without a placeholder"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			cfg := goodConfig(t)
			row.change(&cfg)
			s, err := New(cfg)
			var list *ConfigError
			if s != nil || !errors.As(err, &list) {
				t.Fatalf("New returned %v and %v, want a ConfigError", s, err)
			}
			if len(list.Mistakes) != 1 {
				t.Fatalf("%d mistakes, want one:\n%v", len(list.Mistakes), err)
			}
			for _, part := range row.want {
				if !strings.Contains(list.Mistakes[0].String(), part) {
					t.Errorf("%q is not in the mistake: %v", part, list.Mistakes[0])
				}
			}
		})
	}
}

func write(t *testing.T, c *Config, policy string) {
	t.Helper()
	if err := os.WriteFile(c.Policy, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestSealingKeysAreCopiedAndKeptInOnePlace changes the caller's keys after New.
func TestSealingKeysAreCopiedAndKeptInOnePlace(t *testing.T) {
	cfg := goodConfig(t)
	own := bytes.Repeat([]byte{7}, 32)
	cfg.SealingKeys = [][]byte{own}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	clear(own)
	twin, err := seal.New(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := twin.Open("p", s.sealing.Seal("p", nil)); !ok {
		t.Error("the server seals with another key than it was given")
	}
	if s.cfg.SealingKeys != nil || cfg.SealingKeys == nil {
		t.Error("the keys are in the server's configuration too, or not in the caller's any more")
	}
}

// TestJ33_NoAudienceNoStart: a server that does not know its own URL would have
// to accept every audience.
func TestJ33_NoAudienceNoStart(t *testing.T) {
	cfg := goodConfig(t)
	cfg.Addr, cfg.Issuers = ":8080", Issuers("https://issuer.example")
	if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), `public_url = ""`) {
		t.Errorf("without a public URL: %v", err)
	}
	cfg.PublicURL = "https://mcp.example"
	s, err := New(cfg)
	if err != nil {
		t.Fatalf("with one: %v", err)
	}
	defer s.Close()
	if s.at.resource != "https://mcp.example/mcp" {
		t.Errorf("the resource is %s", s.at.resource)
	}
}

func TestAllMistakesAreInOneError(t *testing.T) {
	cfg := goodConfig(t)
	write(t, &cfg, goodPolicy+"p, user:bob, a, b, Deny\nq, x\n")
	cfg.Name, cfg.Addr, cfg.Store, cfg.Audit, cfg.Legacy = "", "0.0.0.0:x", "redis", "file:", "yes"
	cfg.Issuers = []token.Issuer{{URL: "nowhere"}, {URL: "https://b.example", Profile: token.Profile{Algorithms: []string{"none"}}}}
	cfg.Tools = append(cfg.Tools,
		echoTool(func(t *tools.Tool) { t.Name = "bad name" }),
		echoTool(func(t *tools.Tool) { t.Name, t.Scopes = "third", []string{"x/{nothing}:read"} }))
	_, err := New(cfg)
	var list *ConfigError
	if !errors.As(err, &list) {
		t.Fatal(err)
	}
	for _, part := range []string{
		"mistakes in its configuration", "Name =", `addr = "0.0.0.0:x"`, `store = "redis"`, `audit = "file:"`, `legacy = "yes"`,
		`issuers = "nowhere"`, `"none"`, `tool "bad name"`, `tool "third": {nothing}`, "policy.csv:2:", "policy.csv:3:",
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in the error:\n%v", part, err)
		}
	}
}

func TestDefaults(t *testing.T) {
	wrong := &mistakes{}
	c := Config{Name: "x", Tools: []tools.Tool{echoTool()}}.settle(wrong)
	if err := wrong.err(); err != nil {
		t.Fatal(err)
	}
	got := []string{c.Addr, c.PublicURL, c.Version, c.Store, c.Audit, c.AdminAddr, strings.Join(c.Origins, " "), c.Users[0].Name + c.Users[1].Name + c.Users[2].Name}
	want := []string{"127.0.0.1:8080", "http://127.0.0.1:8080", "dev", "memory", "stderr", "", "http://127.0.0.1:8080", "alicebobcarol"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
	if c.Stdout != os.Stdout || c.Stderr != os.Stderr || c.Logger == nil || c.Now == nil {
		t.Error("outputs, logger or clock are missing")
	}
}

func TestPublicURLIsCanonical(t *testing.T) {
	for given, want := range map[string]string{
		"https://MCP.Example:443/":     "https://mcp.example",
		"https://mcp.example/team/a/":  "https://mcp.example/team/a",
		"http://127.0.0.1:80":          "http://127.0.0.1",
		"http://[::1]:8080":            "http://[::1]:8080",
		"https://mcp.example:8443/app": "https://mcp.example:8443/app",
	} {
		wrong := &mistakes{}
		c := Config{Name: "x", Tools: []tools.Tool{echoTool()}, PublicURL: given, Issuers: Issuers("https://i.example")}.settle(wrong)
		if err := wrong.err(); err != nil || c.PublicURL != want {
			t.Errorf("%s became %s (%v), want %s", given, c.PublicURL, err, want)
		}
	}
}

func TestAliasesDefaultToTheHost(t *testing.T) {
	cfg := goodConfig(t)
	write(t, &cfg, "p, user:two/bob, echo, use, allow\np, user:a.example/eve, echo, use, allow\n")
	cfg.Issuers = []token.Issuer{{URL: "https://a.example:8443/x"}, {URL: "https://b.example", Alias: "two"}}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if diff := cmp.Diff([]string{"a.example", "two"}, s.cfg.aliases()); diff != "" {
		t.Errorf("aliases (-want +got):\n%s", diff)
	}
	if cfg.Issuers[0].Alias != "" {
		t.Error("the caller's configuration was changed")
	}
}

func TestAliasesTellIssuersOfOneHostApart(t *testing.T) {
	for _, row := range []struct {
		issuers []token.Issuer
		want    []string
	}{
		{Issuers("http://127.0.0.1:9001", "http://127.0.0.1:9002/"), []string{"127.0.0.1-9001", "127.0.0.1-9002"}},
		{Issuers("https://a.example/realms/x", "https://a.example/realms/y", "https://b.example"), []string{"a.example-realms-x", "a.example-realms-y", "b.example"}},
		{Issuers("http://[::1]:9001", "https://b.example"), []string{"--1", "b.example"}},
		{[]token.Issuer{{URL: "https://a.example"}, {URL: "https://b.example", Alias: "a.example"}}, []string{"a.example", "a.example"}},
		{[]token.Issuer{{URL: "https://a.example:1"}, {URL: "https://b.example", Alias: "a.example"}}, []string{"a.example-1", "a.example"}},
	} {
		c := Config{Issuers: row.issuers}
		c.nameIssuers()
		if diff := cmp.Diff(row.want, c.aliases()); diff != "" {
			t.Errorf("%v (-want +got):\n%s", row.issuers, diff)
		}
	}
}

func TestInitialScopes(t *testing.T) {
	type in struct {
		ID string `json:"id"`
	}
	handler := tools.Typed(func(context.Context, in) (string, error) { return "", nil })
	cfg := goodConfig(t)
	cfg.Tools = []tools.Tool{
		{Name: "a", Description: "A.", Scopes: []string{"a:read", "shared:read"}, ReadOnly: true, Handler: handler},
		{Name: "b", Description: "B.", Scopes: []string{"b:write"}, Handler: handler},
		{Name: "c", Description: "C.", Scopes: []string{"c/{id}:read"}, ReadOnly: true, Handler: handler},
		{Name: "d", Description: "D.", Scopes: []string{"d:read"}, ReadOnly: true, Sensitive: true, Handler: handler},
		{Name: "e", Description: "E.", Permissions: []string{"e:read"}, ReadOnly: true, Handler: handler},
		{Name: "f", Description: "F.", Scopes: []string{"shared:read"}, ReadOnly: true, Sensitive: true, Handler: handler},
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if diff := cmp.Diff([]string{"a:read", "e:read"}, s.initialScopes(s.at.verifier)); diff != "" {
		t.Errorf("by default (-want +got):\n%s", diff)
	}
	words := map[string]string{}
	for _, w := range s.ops.scopeWords() {
		words[w.scope] = w.words
	}
	if words["shared:read"] != "A; F" || words["c/{id}:read"] != "C" {
		t.Errorf("the words of the consent page are %v", words)
	}
	s.cfg.InitialScopes = []string{"b:write"}
	if diff := cmp.Diff([]string{"b:write"}, s.initialScopes(s.at.verifier)); diff != "" {
		t.Errorf("configured (-want +got):\n%s", diff)
	}
	s.cfg.InitialScopes = []string{}
	if got := s.initialScopes(s.at.verifier); len(got) != 0 {
		t.Errorf("configured to be none: %v", got)
	}
}

func TestOperationsAndCheckPolicy(t *testing.T) {
	cfg := goodConfig(t)
	cfg.Tools = append(cfg.Tools, echoTool(func(t *tools.Tool) { t.Name, t.Scopes, t.AnyPrincipal = "any", nil, true }))
	cfg.Policy, cfg.Addr = "/nowhere", "nonsense" // neither is looked at
	list, err := Operations(cfg)
	want := []Operation{
		{Kind: "tool", Name: "any", Description: "Echo.", AnyPrincipal: true},
		{Kind: "tool", Name: "echo", Description: "Echo.", Scopes: []string{"echo:use"}, Permissions: []string{"echo:use"}},
	}
	if diff := cmp.Diff(want, list); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	report, err := CheckPolicy(cfg)
	if err != nil || report.Errors != 1 || !strings.Contains(report.Findings[0].String(), "/nowhere") {
		t.Errorf("a policy that is not there: %+v, %v", report, err)
	}
	cfg.Policy = goodConfig(t).Policy
	if report, err = CheckPolicy(cfg); err != nil || report.Errors != 0 {
		t.Errorf("a good policy: %+v, %v", report, err)
	}
	write(t, &cfg, "p, user:bob, a, b, Deny\n")
	if report, err = CheckPolicy(cfg); err != nil || report.Errors == 0 {
		t.Errorf("a bad policy: %+v, %v", report, err)
	}
	cfg.Tools[0].Handler = nil
	if _, err = CheckPolicy(cfg); err == nil {
		t.Error("CheckPolicy took a declaration without a handler")
	}
	if _, err = Operations(cfg); err == nil {
		t.Error("Operations took a declaration without a handler")
	}
}
