package authserver

import (
	"strings"
	"testing"
)

func TestConfigMistakes(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*Config)
		want  []string // all of them in the one error
	}{
		{"zero", func(c *Config) { *c = Config{} }, []string{"Issuer", "Resource", "Users"}},
		{"issuer with path", func(c *Config) { c.Issuer = testIssuer + "/" }, []string{"Issuer"}},
		{"issuer upper case", func(c *Config) { c.Issuer = "http://LOCALHOST:1" }, []string{"Issuer"}},
		{"issuer plain http elsewhere", func(c *Config) { c.Issuer = "http://example.com" }, []string{"https, or http on a loopback"}},
		{"issuer other scheme", func(c *Config) { c.Issuer = "ftp://127.0.0.1" }, []string{"https, or http on a loopback"}},
		{"issuer with an empty port", func(c *Config) { c.Issuer = "http://127.0.0.1:" }, []string{"Issuer"}},
		{"issuer with a leading zero", func(c *Config) { c.Issuer = "http://127.0.0.1:08080" }, []string{"as browsers do"}},
		{"issuer with the default port of http", func(c *Config) { c.Issuer = "http://127.0.0.1:80" }, []string{"as browsers do"}},
		{"issuer with the default port of https", func(c *Config) { c.Issuer = "https://as.example.com:443" }, []string{"as browsers do"}},
		{"issuer with a long IPv6 address", func(c *Config) { c.Issuer = "http://[0:0::1]:8080" }, []string{"as browsers do"}},
		{"issuer without host", func(c *Config) { c.Issuer = "http://:8080" }, []string{"Issuer"}},
		{"resource relative", func(c *Config) { c.Resource = "/mcp" }, []string{"Resource"}},
		{"resource with fragment", func(c *Config) { c.Resource += "#x" }, []string{"Resource"}},
		{"user without name, and twice", func(c *Config) { c.Users = []User{{}, {Name: "a"}, {Name: "a"}} }, []string{"Users[0]", "Users[2]"}},
		{"user turned around", func(c *Config) { c.Users = []User{{Name: "a\u202eb"}} }, []string{"Users[0]"}},
		{"user not UTF-8", func(c *Config) { c.Users = []User{{Name: "a\xff"}} }, []string{"Users[0]"}},
		{"scope with space, star, brace, twice", func(c *Config) {
			c.Scopes = []Scope{{Name: "a b"}, {Name: "a*"}, {Name: "a{b"}, {Name: ""}, {Name: "x"}, {Name: "x"}}
		}, []string{"Scopes[0]", "Scopes[1]", "Scopes[2]", "Scopes[3]", "Scopes[5]"}},
		{"schemes browsers run", func(c *Config) { c.CustomSchemes = []string{"javascript", "http", "Vscode", "ok"} },
			[]string{"CustomSchemes[0]", "CustomSchemes[1]", "CustomSchemes[2]"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := testConfig(newClock())
			if _, err := New(cfg); err != nil {
				t.Fatalf("repaired: %v", err)
			}
			tt.spoil(&cfg)
			_, err := New(cfg)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v does not name %s", err, want)
				}
			}
		})
	}
}

func TestConfigAccepts(t *testing.T) {
	for _, issuer := range []string{"http://127.0.0.1:8080", "http://[::1]:1", "http://localhost", "https://as.example.com", "https://127.0.0.1:80", "http://[::1]:443"} {
		cfg := Config{Issuer: issuer, Resource: issuer + "/mcp", Users: []User{{Name: "a"}}}
		s, err := New(cfg)
		if err != nil {
			t.Errorf("%s: %v", issuer, err)
			continue
		}
		if s.cfg.Now == nil || s.cfg.Logger == nil || s.cfg.Users[0].DisplayName != "a" || len(s.cfg.CustomSchemes) == 0 {
			t.Errorf("%s: defaults missing", issuer)
		}
		if cfg.Users[0].DisplayName != "" {
			t.Error("the caller's configuration was changed")
		}
	}
}

func TestScopeWords(t *testing.T) {
	set, err := newScopeSet([]Scope{
		{"table/{t}:read", "Read {t}"}, {"table/main:read", "Read the main table"}, {"a{x}-{y}", "{y} and {x}"},
	})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, words string
		known       bool
	}{
		{"table/main:read", "Read the main table", true},
		{"table/x.1:read", "Read x.1", true},
		{"table/:read", "", false},
		{"table/a/b:read", "", false},
		{"table/*:read", "", false},
		{"table/{t}:read", "", false},
		{"table/" + strings.Repeat("x", 129) + ":read", "", false},
		{"xtable/main:read", "", false},
		{"a1-2", "2 and 1", true},
		{"", "", false},
	}
	for _, tt := range tests {
		if words, known := set.describe(tt.name); words != tt.words || known != tt.known {
			t.Errorf("%q: %q %v", tt.name, words, known)
		}
	}
	if got := strings.Join(set.narrow("x table/a:read  table/main:read table/a:read *"), " "); got != "table/a:read table/main:read" {
		t.Errorf("narrow: %q", got)
	}
	if got := strings.Join(set.names, " "); got != "table/main:read" {
		t.Errorf("advertised: %q", got)
	}
}

func TestPlainText(t *testing.T) {
	for in, want := range map[string]string{
		"Claude Code":               "Claude Code",
		"  a \t\n b  ":              "a b",
		"a\u202eb\u2066c\u200bd":    "abcd",
		"a\x00\x1b[31mb\xff":        "a[31mb",
		"\u00a0\u2003x":             "x",
		"e\u0301\u0301\u0301\u0301": "e\u0301\u0301",
		strings.Repeat("x", 65):     strings.Repeat("x", 64) + "…",
		"\u200b\u2060":              "",
		"\u3164\u2800\u034f\ufe0f":  "",
		"\u115fClaude\u3164":        "Claude",
		"클로드 \u2801":                "클로드 \u2801",
		"名前 🦀":                      "名前 🦀",
	} {
		if got := plainText(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzPlainText(f *testing.F) {
	for _, seed := range []string{"", "a b", "\u202ea", "e\u0301\u0301\u0301", strings.Repeat("xy ", 40)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := plainText(s)
		if got != "" && !printable(got) || len([]rune(got)) > nameRunes+2 {
			t.Errorf("%q became %q", s, got)
		}
	})
}
