package question

import (
	"testing"

	"github.com/sallyport-mcp/sallyport/authz"
)

func TestString(t *testing.T) {
	for _, tt := range []struct {
		who  authz.Principal
		want string
	}{
		{authz.Principal{Subject: "bob", Client: NotNamed}, "caller     user bob, through a client that no row names\nscopes     none\n"},
		{authz.Principal{Subject: "bob", Client: "app", Scopes: []string{"a", "b"}}, "caller     user bob, through client app\nscopes     a b\n"},
		{authz.Principal{Subject: "robot", Client: "robot", Machine: true}, "caller     client robot, by its own token\nscopes     none\n"},
		{authz.Principal{Subject: "b\u043eb\n", Client: "\x1b[1m", Scopes: []string{"\u202e"}}, "caller     user \"b\\u043eb\\n\", through client \"\\x1b[1m\"\nscopes     \"\\u202e\"\n"},
	} {
		if got := String(authz.Operation{Kind: "tool", Name: "greet"}, tt.who); got != "operation  tool greet\n"+tt.want {
			t.Errorf("%+v: %q, want %q", tt.who, got, tt.want)
		}
	}
}
