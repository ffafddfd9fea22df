package authz

import (
	"errors"
	"fmt"
	"strings"
)

// defaultAction is the action of a permission that is written without a colon.
const defaultAction = "use"

// Permission is an object and an action on it, written "object:action".
//
// The text is split at the last colon, so that an object may hold colons and an action may not; without a colon the
// action is "use". The zero value is no permission and no rule matches it.
type Permission struct {
	// Object is what is acted on, for example "notes" or "table/orders".
	Object string
	// Action is what is done to it, for example "read".
	Action string
}

// ParsePermission reads "object:action" or "object". It refuses what a policy could never name or what would not mean
// one thing only: empty parts, "*", braces, commas, quotes, white space, control and invisible characters.
func ParsePermission(s string) (Permission, error) {
	p := splitPermission(s)
	if err := checkPlain(s); err != nil {
		return Permission{}, fmt.Errorf("permission %q %w", clip(s), err)
	}
	if p.Object == "" || p.Action == "" {
		return Permission{}, fmt.Errorf("permission %q has an empty part; write object:action", clip(s))
	}
	return p, nil
}

// String returns the canonical spelling "object:action", also for a permission that was written without an action.
func (p Permission) String() string { return p.Object + ":" + p.Action }

func splitPermission(s string) Permission {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return Permission{Object: s, Action: defaultAction}
	}
	return Permission{Object: s[:i], Action: s[i+1:]}
}

// checkPlain refuses the characters that no declared name may hold. The error continues a sentence about the name.
func checkPlain(s string) error {
	if r, _, bad := badRune(s); bad && r == ' ' {
		return errors.New("holds a space; write two names as two elements of the list")
	} else if bad {
		return fmt.Errorf("holds %s (%U); remove it", runeTitle(r), r)
	}
	if strings.Contains(s, "*") {
		return errors.New("holds '*'; a declared name is one name, patterns belong in the policy")
	}
	if i := strings.IndexAny(s, ",\"'`{}"); i >= 0 {
		return fmt.Errorf("holds %q; remove it, a policy row could not name it", s[i])
	}
	return nil
}

// clip keeps what a message quotes short.
func clip(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
