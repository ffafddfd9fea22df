package authz_test

import (
	"maps"
	"slices"
	"strings"

	"github.com/sallyport-mcp/sallyport/authz"
)

// questions asks about a few callers, each about every operation, and about those with placeholders more than once.
func (w *world) questions() []question {
	var list []question
	var who authz.Principal
	for i := range 5 {
		if i == 0 || w.chance(60) {
			who = w.caller()
		} else {
			who = w.changed(who)
		}
		for _, op := range w.ops {
			list = append(list, question{who: who, op: op, args: w.args})
			if strings.Contains(strings.Join(op.permissions, "")+strings.Join(op.scopes, ""), "{") {
				list = append(list, question{who: who, op: op, args: w.otherArgs()})
			}
		}
	}
	return list
}

// otherArgs are values that are not those of the rows, some of which no request may have.
func (w *world) otherArgs() map[string]string {
	if w.chance(5) {
		return nil
	}
	args := maps.Clone(w.args)
	for _, name := range []string{"t", "u", "n", "a", "b"} {
		switch w.IntN(8) {
		case 0, 1, 2:
			args[name] = w.pick(goodValues...)
		case 3:
			args[name] = w.pick(badValues...)
		case 4:
			if w.chance(50) {
				delete(args, name)
			}
		}
	}
	return args
}

// caller draws somebody whom the policy knows, or nearly.
func (w *world) caller() authz.Principal {
	who := authz.Principal{Alias: w.pick("", "one", "other"), Subject: w.name(w.users), Client: w.name(w.clients)}
	if len(w.aliases) > 0 && w.chance(97) {
		who.Alias = w.pick(w.aliases...)
	}
	if who.Machine = w.chance(22); who.Machine {
		who.Subject = w.pick(who.Client, who.Subject, "")
	}
	for range w.IntN(3) {
		who.Groups = append(who.Groups, w.name(w.groups))
	}
	for range max(0, w.IntN(4)-1) {
		who.Roles = append(who.Roles, w.name(w.roles))
	}
	who.Scopes = w.token()
	switch w.IntN(150) {
	case 0:
		who.Subject = ""
	case 1:
		who.Client = ""
	}
	return who
}

// changed is the same caller but for one thing, so that an answer for the one that is taken for the other's shows.
func (w *world) changed(who authz.Principal) authz.Principal {
	other := w.caller()
	if len(w.aliases) > 1 && w.chance(30) {
		who.Alias = w.pick(w.aliases...)
		return who
	}
	switch w.IntN(8) {
	case 0, 1:
		who.Subject = w.name(w.users)
	case 2, 3:
		who.Client = other.Client
	case 4:
		who.Groups, who.Roles = nil, slices.Concat(who.Groups, who.Roles)
	case 5:
		who.Roles = other.Roles
	case 6:
		who.Machine = !who.Machine
	default:
		who.Scopes = other.Scopes
	}
	return who
}

// name is a name of a policy, or one that only looks like it.
func (w *world) name(from []string) string {
	name := w.pick(from...)
	if w.chance(85) {
		return name
	}
	switch w.IntN(8) {
	case 0:
		return strings.ToUpper(name)
	case 1:
		return name[:len(name)/2] // which may cut a character in two
	case 2:
		return w.pick("user:", "role:", "one/", "two/", " ", "\x00") + name
	case 3:
		return name + w.pick("*", "\n", ", role:r1", "\x00", "\u200b", "'", `"`, "/", "2", " ")
	case 4:
		return w.pick("*", "anyone", "\x00caller", "\x00client", "synthetic 0", "it", "somebody", "\xff", ",", "c1", "c8")
	case 5:
		return w.pick(userNames...)
	}
	return "nobody"
}

// token draws the scopes of a token: often those of some operations, with a few that only look like them.
func (w *world) token() []string {
	var list []string
	for range w.IntN(6) {
		for _, template := range w.ops[w.IntN(len(w.ops))].scopes {
			list = append(list, w.filled(template))
		}
	}
	for range w.IntN(4) {
		list = append(list, w.oddScope())
	}
	if w.chance(30) {
		return append(w.scopes[:len(w.scopes):len(w.scopes)], list...)
	}
	return list
}

func (w *world) oddScope() string {
	scope := w.pick(w.scopes...)
	switch w.IntN(9) {
	case 0, 1:
		if len(w.mentioned) > 0 {
			return w.pick(w.mentioned...)
		}
	case 2:
		if short, found := strings.CutSuffix(scope, ":use"); found {
			return short
		}
		if !strings.Contains(scope, ":") {
			return scope + ":use"
		}
	case 3:
		return w.pick("*", "*:*", "notes:*", "n*", "scope:"+scope, "", "anyone", "s", "all", "\x00", "user:alice")
	case 4:
		return scope + w.pick("s", "*", "\n", ",x", " ", "\x00")
	case 5:
		if ops := w.ops[w.IntN(len(w.ops))]; len(ops.scopes) > 0 {
			return ops.scopes[0] // with its placeholders, as no consent would give it
		}
	case 6:
		return strings.ToUpper(scope)
	}
	return w.pick("table/orders:read", "item/1:use", "item/1", "notes:read", "greet", "c0", "c1")
}
