package transport_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/transport"
)

func TestChallenge(t *testing.T) {
	for _, c := range []struct {
		name string
		in   transport.Challenge
		want string
	}{
		{"zero", transport.Challenge{}, `Bearer`},
		{"all", transport.Challenge{Error: "e", Description: "d d", Scopes: []string{"a:b", "c"}, ResourceMetadata: "https://h/x"},
			`Bearer error="e", error_description="d d", resource_metadata="https://h/x", scope="a:b c"`},
		{"H-21 quotes", transport.Challenge{Description: `x", scope="admin`}, `Bearer error_description="x?, scope=?admin"`},
		{"H-21 backslash", transport.Challenge{Description: `x\`}, `Bearer error_description="x?"`},
		{"H-21 line break", transport.Challenge{Error: "x\r\nSet-Cookie: a"}, `Bearer error="x??Set-Cookie: a"`},
		{"not ASCII", transport.Challenge{Description: "é\xff"}, `Bearer error_description="??"`},
		{"scopes that are none", transport.Challenge{Scopes: []string{"", "a b", `a"b`, "é", "ok", "a\n"}}, `Bearer scope="ok"`},
		{"no scope left", transport.Challenge{Scopes: []string{""}}, `Bearer`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.in.String(); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// oneChallenge is the grammar of a single challenge with the Bearer scheme.
func oneChallenge() *regexp.Regexp {
	return regexp.MustCompile(`^Bearer(?: [a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]+"(?:, [a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]+")*)?$`)
}

// FuzzChallenge: whatever goes in, one well-formed challenge comes out.
func FuzzChallenge(f *testing.F) {
	f.Add("invalid_token", "text", "a b", "https://h/x")
	f.Add(`"`, `\`, "a\r\nb", "\xff")
	one := oneChallenge()
	f.Fuzz(func(t *testing.T, code, description, scopes, metadata string) {
		c := transport.Challenge{Error: code, Description: description, Scopes: strings.Split(scopes, ","), ResourceMetadata: metadata}
		got := c.String()
		if !one.MatchString(got) {
			t.Fatalf("%q", got)
		}
		for _, name := range []string{`error="`, `error_description="`, `scope="`, `resource_metadata="`} {
			if strings.Count(got, " "+name) > 1 {
				t.Fatalf("%s twice in %q", name, got)
			}
		}
	})
}
