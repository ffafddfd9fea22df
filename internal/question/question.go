// Package question says in words who asks a policy for what, for commands and tests that ask in somebody's place.
package question

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sallyport-mcp/sallyport/authz"
)

// NotNamed stands for the client of a user when none is asked about. No row can name it, because of the space.
const NotNamed = "(not named)"

// String returns the question in three lines: the operation, the caller and the scopes of the token. What is not plain ASCII is
// escaped.
func String(operation authz.Operation, who authz.Principal) string {
	scopes := "none"
	if len(who.Scopes) > 0 {
		scopes = ASCII(strings.Join(who.Scopes, " "))
	}
	return fmt.Sprintf("operation  %s %s\ncaller     %s\nscopes     %s\n", operation.Kind, ASCII(operation.Name), caller(who), scopes)
}

// caller says who asks.
func caller(who authz.Principal) string {
	switch {
	case who.Machine:
		return "client " + ASCII(who.Client) + ", by its own token"
	case who.Client == NotNamed:
		return "user " + ASCII(who.Subject) + ", through a client that no row names"
	}
	return "user " + ASCII(who.Subject) + ", through client " + ASCII(who.Client)
}

// ASCII quotes a text that a terminal could show as something else.
func ASCII(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return strconv.QuoteToASCII(text)
	}
	return text
}
