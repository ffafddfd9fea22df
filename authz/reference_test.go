package authz_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-mcp/sallyport/authz"
)

// The design's section on the decision in words of its own, for the differential tests. What evaluates rows is behind
// [reference]; everything around it, from the names of a caller to the reason of an answer, is here and shares nothing
// with the package.

// policyName is what the tests call the file of every policy.
const policyName = "policy.csv"

// row is one row of a policy: p with subject, object, action and effect, or g with who and what.
type row struct {
	kind   string
	fields []string
	line   int
}

// aboutScope reports whether the row belongs to door one.
func (r row) aboutScope() bool { return strings.HasPrefix(r.fields[0], "scope:") }

// book is a policy as a file and as what it means.
type book struct {
	text    string
	rows    []row // as the file has them
	aliases []string
	names   []row // the same rows with the aliases in the names
}

// newBook gives the rows their meaning. Their lines are those of the text.
func newBook(text string, rows []row, aliases []string) book {
	b := book{text: text, rows: rows, aliases: aliases}
	for _, r := range rows {
		named := row{kind: r.kind, fields: slices.Clone(r.fields), line: r.line}
		named.fields[0] = inPolicy(r.fields[0], aliases)
		if r.kind == "g" {
			named.fields[1] = inPolicy(r.fields[1], aliases)
		}
		b.names = append(b.names, named)
	}
	return b
}

// plainBook writes the rows one a line.
func plainBook(rows []row, aliases []string) book {
	var text strings.Builder
	numbered := slices.Clone(rows)
	for i, r := range rows {
		text.WriteString(r.kind + ", " + strings.Join(r.fields, ", ") + "\n")
		numbered[i].line = i + 1
	}
	return newBook(text.String(), numbered, aliases)
}

// inPolicy is a subject of a policy as the design reads it: with several issuers, a name whose first segment is a
// configured alias belongs to that issuer, any other to the first.
func inPolicy(subject string, aliases []string) string {
	if len(aliases) < 2 || subject == "anyone" || strings.HasPrefix(subject, "scope:") {
		return subject
	}
	kind, name, _ := strings.Cut(subject, ":")
	for _, alias := range aliases {
		if strings.HasPrefix(name, alias+"/") {
			return subject
		}
	}
	return kind + ":" + aliases[0] + "/" + name
}

// ofCaller is a subject of a caller: with several issuers always with the alias of the caller's own.
func ofCaller(kind, name string, who authz.Principal, aliases []string) string {
	if len(aliases) > 1 {
		name = who.Alias + "/" + name
	}
	return kind + ":" + name
}

// subjectsOf are the subjects that door two knows the caller by.
func subjectsOf(who authz.Principal, aliases []string) []string {
	if who.Machine {
		return []string{ofCaller("client", who.Client, who, aliases), "anyone"}
	}
	list := []string{"anyone", ofCaller("user", who.Subject, who, aliases)}
	for _, g := range who.Groups {
		list = append(list, ofCaller("group", g, who, aliases))
	}
	for _, r := range who.Roles {
		list = append(list, ofCaller("role", r, who, aliases))
	}
	return list
}

// authenticated reports whether there is a caller to decide about.
func authenticated(who authz.Principal, aliases []string) bool {
	if len(aliases) > 1 && !slices.Contains(aliases, who.Alias) {
		return false
	}
	return who.Client != "" && (who.Machine || who.Subject != "")
}

var (
	placeholder = regexp.MustCompile(`\{([A-Za-z0-9._-]+)\}`)
	usable      = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)
)

// filledBy puts the values of a request into a declared name; false if one of them is missing or may not stand there.
func filledBy(template string, args map[string]string) (string, bool) {
	if !strings.Contains(template, "{") {
		return template, true
	}
	good := true
	text := placeholder.ReplaceAllStringFunc(template, func(hole string) string {
		v, found := args[strings.Trim(hole, "{}")]
		good = good && found && usable.MatchString(v)
		return v
	})
	return text, good
}

// splitLast is a permission by the design: split at the last colon, and "use" without one.
func splitLast(permission string) (string, string) {
	if i := strings.LastIndex(permission, ":"); i >= 0 {
		return permission[:i], permission[i+1:]
	}
	return permission, "use"
}

// operation is what one operation declares.
type operation struct {
	scopes, permissions []string // both are there, or neither
	anyPrincipal        bool
	need                authz.Requirement
}

// question is one call.
type question struct {
	who  authz.Principal
	op   operation
	args map[string]string // nil if the request has no values at all
}

func (q question) values() authz.Values {
	if q.args == nil {
		return nil
	}
	return func(name string) (string, bool) {
		v, found := q.args[name]
		return v, found
	}
}

// answer is a Decision as far as it can be seen.
type answer struct {
	allowed                  bool
	door                     authz.Door
	reason                   authz.Reason
	permission, scopes, rule string
}

func answerOf(d authz.Decision) answer {
	return answer{d.Allowed(), d.Door(), d.Reason(), d.Permission(), strings.Join(d.Scopes(), " "), d.Rule()}
}

// verdict is what evaluating the rows gives for one permission: the line of the first row that denies, or else of the
// first that allows; 0 if none does.
type verdict struct {
	allowed bool
	line    int
}

func (v verdict) rule() string {
	if v.line == 0 {
		return ""
	}
	return policyName + ":" + strconv.Itoa(v.line)
}

// reference evaluates the rows of one policy.
type reference interface {
	// caller asks door two about somebody who is all these subjects.
	caller(subjects []string, object, action string) verdict
	// client asks it about a client that holds the permission already.
	client(subject string, object, action string) verdict
	// covered asks door one about a token with these scopes; the declared ones have their implicit rows.
	covered(token, declared []string, object, action string) bool
}

// setting is a policy and what the server declares.
type setting struct {
	book     book
	declared []operation
}

// expect answers a question by the design.
func (s setting) expect(ref reference, q question) answer {
	a := answer{door: authz.DoorTwo}
	if len(q.op.permissions) > 0 {
		a.permission = q.op.permissions[0]
	}
	switch {
	case !authenticated(q.who, s.book.aliases):
		a.reason = authz.ReasonNoPrincipal
		return a
	case q.op.anyPrincipal:
		return answer{allowed: true, reason: authz.ReasonAnyPrincipal}
	case len(q.op.permissions) == 0:
		a.reason = authz.ReasonNoRequirement
		return a
	}
	for _, template := range slices.Concat(q.op.permissions, q.op.scopes) {
		if _, good := filledBy(template, q.args); !good {
			return answer{door: authz.DoorTwo, reason: authz.ReasonPlaceholder, permission: template}
		}
	}
	two := s.doorTwo(ref, q)
	if one := s.doorOne(ref, q); two.allowed && !one.allowed {
		return one
	}
	return two // also if both are shut: step-up cannot help
}

// doorTwo asks for one permission after the other. An answer names the row of the first.
func (s setting) doorTwo(ref reference, q question) answer {
	open := answer{allowed: true, reason: authz.ReasonAllowed}
	for i, template := range q.op.permissions {
		permission, _ := filledBy(template, q.args)
		v, denied := s.permitted(ref, q.who, permission)
		if !v.allowed {
			reason := authz.ReasonPermissionMissing
			if v.line > 0 {
				reason = denied
			}
			return answer{door: authz.DoorTwo, reason: reason, permission: permission, rule: v.rule()}
		}
		if i == 0 {
			open.rule = v.rule()
		}
	}
	return open
}

// permitted asks about one permission, and says what it is called if a row denies it.
func (s setting) permitted(ref reference, who authz.Principal, permission string) (verdict, authz.Reason) {
	object, action := splitLast(permission)
	v := ref.caller(subjectsOf(who, s.book.aliases), object, action)
	if who.Machine {
		return v, authz.ReasonClientDenied
	}
	if !v.allowed {
		return v, authz.ReasonPermissionDenied
	}
	if c := ref.client(ofCaller("client", who.Client, who, s.book.aliases), object, action); !c.allowed {
		return c, authz.ReasonClientDenied
	}
	return v, ""
}

func (s setting) doorOne(ref reference, q question) answer {
	var declared []string
	for _, op := range append(slices.Clone(s.declared), q.op) {
		for _, template := range op.scopes {
			if scope, good := filledBy(template, q.args); good {
				declared = append(declared, scope)
			}
		}
	}
	slices.Sort(declared)
	declared = slices.Compact(declared)
	var all []string
	covered := true
	for _, template := range q.op.scopes {
		scope, _ := filledBy(template, q.args)
		all = append(all, scope)
		object, action := splitLast(scope)
		covered = covered && ref.covered(q.who.Scopes, declared, object, action)
	}
	if !covered {
		return answer{door: authz.DoorOne, reason: authz.ReasonScopeMissing, scopes: strings.Join(all, " ")}
	}
	return answer{allowed: true, reason: authz.ReasonAllowed}
}
