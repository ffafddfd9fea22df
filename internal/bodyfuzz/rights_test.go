package bodyfuzz

import (
	"regexp"
	"slices"
)

// caller is somebody with a token.
type caller struct {
	subject, client string
	scopes          []string
	token           string
}

func callers() []caller {
	all := []string{
		"note:use", "wipe:use", "tables:read", "region:use", "bytes:use", "bytes_wipe:use", "ask:use",
		"config:read", "plans:read", "users:read", "greet:use", "plot:use",
	}
	return []caller{
		{subject: "alice", client: "desk", scopes: all},
		{subject: "bob", client: "desk", scopes: all},
		{subject: "carol", client: "desk", scopes: []string{"note:use", "config:read"}},
		{subject: "dave", client: "desk", scopes: all},
		{subject: "alice", client: "evil", scopes: all},
		{subject: "desk", client: "desk", scopes: all},
	}
}

// suggestions stands for having users suggested. Who may read one user, were it through another client, may ask for that; each
// value is decided about (see suggested).
const suggestions = "suggestions"

// may is the table of rights, written down a second time: what each caller may run. It asks neither the policy nor the
// declarations. What is about names a table or a user.
func may(c caller, name, about string) bool {
	member := []string{"note", "bytes", "region", "ask", "app://config", "greet"}
	switch {
	case name == suggestions:
		return c.subject == "alice" || c.subject == "bob"
	case c.client == "evil":
		return false
	case c.subject == "alice":
		return about == "" || regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`).MatchString(about)
	case c.subject == "bob":
		return slices.Contains(member, name) || name == "query" && about == "public" || name == "user" && about == "bob"
	case c.subject == "carol":
		return name == "note" || name == "app://config"
	}
	return false // dave has a token and no role, the client no user
}
