package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/question"
)

// callerFlags say for whom a policy is asked.
type callerFlags struct {
	user, client, issuer string
	groups, roles        []string
	scopes               []string
}

// declare adds the flags to those of a command.
func (c *callerFlags) declare(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&c.user, "user", "", "`NAME` of the user (the sub of the token)")
	flags.StringArrayVar(&c.groups, "group", nil, "`NAME` of a group of the user; may be repeated")
	flags.StringArrayVar(&c.roles, "role", nil, "`NAME` of a role that the token brings; may be repeated")
	flags.StringVar(&c.client, "client", "", "`ID` of the client; without --user its own token asks")
	flags.StringVar(&c.issuer, "issuer", "", "`ALIAS` of the token's issuer (default the first one)")
	flags.StringArrayVar(&c.scopes, "scope", nil, "`SCOPE` of the token; several with commas, or repeated")
}

// principal is the caller that the flags describe. The error says how to
// describe one.
func (c *callerFlags) principal(aliases []string) (authz.Principal, error) {
	switch {
	case c.user == "" && len(c.groups)+len(c.roles) > 0:
		return authz.Principal{}, fmt.Errorf("--group and --role say more about a user, and there is none; add --user NAME")
	case c.user == "" && c.client == "":
		return authz.Principal{}, fmt.Errorf("nobody is asking; add --user NAME, or --client ID for a client's own token")
	}
	alias, err := c.alias(aliases)
	if err != nil {
		return authz.Principal{}, err
	}
	who := authz.Principal{
		Subject: c.user, Client: c.client, Alias: alias, Groups: c.groups, Roles: c.roles, Machine: c.user == "",
	}
	if who.Client == "" {
		who.Client = question.NotNamed
	}
	for _, list := range c.scopes {
		who.Scopes = append(who.Scopes, strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })...)
	}
	return who, nil
}

// alias is the alias of the issuer: the first one's, if none is given.
func (c *callerFlags) alias(aliases []string) (string, error) {
	switch {
	case c.issuer == "" && len(aliases) == 0:
		return "", nil
	case c.issuer == "":
		return aliases[0], nil
	case len(aliases) < 2:
		return "", fmt.Errorf("--issuer %q: there are not several issuers, and names carry no alias; leave --issuer out", c.issuer)
	case !slices.Contains(aliases, c.issuer):
		return "", fmt.Errorf("--issuer %q: there is no such issuer; it is one of %s", c.issuer, strings.Join(aliases, ", "))
	}
	return c.issuer, nil
}

// readArguments reads the arguments of a call, each as NAME=VALUE.
func readArguments(list []string) (map[string]string, error) {
	arguments := map[string]string{}
	for _, text := range list {
		name, value, found := strings.Cut(text, "=")
		if !found || name == "" {
			return nil, fmt.Errorf("--arg %q: write NAME=VALUE", text)
		}
		if _, twice := arguments[name]; twice {
			return nil, fmt.Errorf("--arg %q: there is another value for %s; remove one", text, name)
		}
		arguments[name] = value
	}
	return arguments, nil
}

// checkArguments refuses arguments on which nothing depends, since one of them
// is most likely a placeholder with a slip in its name.
func checkArguments(arguments map[string]string, op authz.Operation) error {
	known := op.Need.Names()
	for name := range arguments {
		switch {
		case slices.Contains(known, name):
		case len(known) == 0:
			return fmt.Errorf("--arg %s: nothing that %s %s needs depends on an argument; leave --arg out", name, op.Kind, op.Name)
		default:
			return fmt.Errorf("--arg %s: nothing that %s %s needs depends on it, but on %s", name, op.Kind, op.Name, strings.Join(known, ", "))
		}
	}
	return nil
}
