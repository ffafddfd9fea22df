package authz

import (
	"slices"
	"strings"
)

// String is the explanation in words, in lines of 80 columns for a terminal. Rows of the policy and names are not broken. What
// is not plain ASCII is escaped.
func (e Explanation) String() string {
	w := &prose{}
	e.sayDecision(w)
	e.sayPlaceholders(w)
	e.sayDoors(w)
	e.sayCaller(w)
	e.sayPolicy(w)
	return strings.TrimSuffix(w.String(), "\n")
}

func (e *Explanation) sayDecision(w *prose) {
	head := "ALLOWED:"
	if !e.Allowed {
		head = "DENIED at door " + e.Door.word() + " (" + string(e.Reason) + "):"
	}
	w.say(0, head, plainRow(e.Because))
}

// word is the door's number in words.
func (d Door) word() string {
	if d == DoorOne {
		return "one"
	}
	return "two"
}

func (e *Explanation) sayPlaceholders(w *prose) {
	if len(e.Placeholders) == 0 {
		return
	}
	w.WriteString("\nPlaceholders\n")
	for _, p := range e.Placeholders {
		switch {
		case p.Usable:
			w.say(2, "{"+p.Name+"} is "+p.Value+".")
		case p.Given:
			w.say(2, "{"+p.Name+"} is "+p.Value+", which cannot stand in a name: usable are 1 to 128 of the characters A-Z a-z 0-9 . _ -.")
		default:
			w.say(2, "{"+p.Name+"} has no value in the request.")
		}
	}
}

func (e *Explanation) sayDoors(w *prose) {
	if len(e.Permissions) == 0 {
		return
	}
	two := !slices.ContainsFunc(e.Permissions, func(p ExplainedPermission) bool { return !p.Allowed })
	one := !slices.ContainsFunc(e.Scopes, func(s ExplainedScope) bool { return !s.Covered })
	w.WriteString("\nDoor two, what the caller may do: " + openOrShut(two) + "\n")
	for i := range e.Permissions {
		e.sayPermission(w, &e.Permissions[i])
	}
	e.sayClient(w)
	w.WriteString("\nDoor one, what the client was delegated: " + openOrShut(one) + "\n")
	for i := range e.Scopes {
		e.sayScope(w, &e.Scopes[i])
	}
	switch {
	case e.Door == DoorOne:
		w.WriteByte('\n')
		w.say(0, "Door two is open, so that a step-up helps: a token with", plains(e.StepUp)+", as the challenge asks for.")
	case !one && e.Reason != ReasonPlaceholder:
		w.WriteByte('\n')
		w.say(0, "While door two is shut, asking for more scopes cannot help.")
	}
}

func openOrShut(open bool) string {
	if open {
		return "open"
	}
	return "shut"
}

// named is what was asked about, and what was declared if that differs.
func named(declared, filled string) string {
	switch filled {
	case declared:
		return filled
	case "":
		return declared
	}
	return filled + " (declared as " + declared + ")"
}

// sayPermission explains one permission.
func (e *Explanation) sayPermission(w *prose, p *ExplainedPermission) {
	words := map[Reason]string{
		ReasonAllowed:           "is allowed:",
		ReasonPermissionMissing: "is not allowed: no row about the caller allows it.",
		ReasonPermissionDenied:  "is denied to the caller:",
		ReasonClientDenied:      "is denied to the client:",
		ReasonClientMissing:     "is not allowed: under the configured model no row can admit a client to it, whatever the policy says.",
		ReasonPlaceholder:       "cannot be asked about without a usable value.",
	}
	verdict, known := words[p.Reason]
	if !known {
		verdict = "could not be decided: evaluating the configured model failed."
	}
	if p.Allowed && p.Allow == nil {
		verdict = "is allowed: under the configured model it is enough that no row denies it."
	}
	w.say(2, named(p.Declared, p.Permission), verdict)
	for i := range p.Denials {
		e.sayDenial(w, &p.Denials[i])
	}
	if len(p.Denials) > 1 {
		w.say(4, "All of these denials have to end.")
	}
	switch {
	case p.Allow != nil && len(p.Denials) > 0:
		w.say(4, "Were it not denied, this would allow it:")
		w.path(6, *p.Allow)
	case p.Allow != nil && !p.Allowed:
		w.say(4, "To the caller alone, this would allow it:")
		w.path(6, *p.Allow)
	case p.Allow != nil:
		w.path(4, *p.Allow)
	default:
		p.sayInstead(w)
	}
}

// sayDenial explains one denial, and what would end it.
func (e *Explanation) sayDenial(w *prose, d *Denial) {
	w.path(4, d.Path)
	about := ""
	switch {
	case d.Client:
		about = "It denies the client, whoever uses it."
	case e.Textbook:
		about = "A deny beats every allow."
	}
	if kind := kindOf(d.Subjects[0]); kind == kindGroup || kind == kindRole {
		about += " " + plain(d.Subjects[0]) + " comes with the token."
	}
	w.say(4, about, d.end())
}

// end says of which rows one would have to go.
func (d *Denial) end() string {
	switch {
	case len(d.Cut) == 0:
		return "It ends if " + d.Rule.At + " is removed or changed."
	case len(d.Cut) == len(d.Links):
		return "It ends if any of these rows is removed or changed."
	}
	return "It ends if " + d.Rule.At + " or " + strings.Join(places(d.Cut), " or ") + " is removed or changed."
}

// sayInstead says who has the permission, and which rows would give it.
func (p *ExplainedPermission) sayInstead(w *prose) {
	if len(p.Denials) > 0 && len(p.Holders)+len(p.Add) > 0 {
		w.say(4, "Nor does any row about the caller allow it.")
	}
	if len(p.Holders) > 0 {
		w.say(4, "It is allowed, nearest first, to:")
	}
	for _, h := range p.Holders {
		w.say(6, strings.Join(plainAll(h.Subjects), " > "), "("+strings.Join(places(h.rows()), ", ")+")")
	}
	switch {
	case len(p.Add) == 1:
		w.say(4, "This row would allow it:")
	case len(p.Add) > 1:
		w.say(4, "Any one of these rows would allow it (a role brings all its rights):")
	}
	for _, row := range p.Add {
		w.WriteString(strings.Repeat(" ", 6) + plainRow(row) + "\n")
	}
	if p.Reason == ReasonPermissionMissing && len(p.Add) == 0 {
		w.say(4, "No row can be written that names the caller and allows it.")
	}
}

// sayClient says of the client of a user that no row denies it, if that was found out about everything.
func (e *Explanation) sayClient(w *prose) {
	open := func(p ExplainedPermission) bool {
		return p.Permission == "" || !e.Textbook && !p.Allowed || slices.ContainsFunc(p.Denials, isClient)
	}
	for _, s := range e.Subjects {
		if s.Client && !slices.ContainsFunc(e.Permissions, open) {
			w.say(2, plain(s.Subject), "is not denied.")
		}
	}
}

func isClient(d Denial) bool { return d.Client }

// sayScope explains one scope.
func (e *Explanation) sayScope(w *prose, s *ExplainedScope) {
	name := named(s.Declared, s.Scope)
	switch {
	case s.Scope == "":
		w.say(2, name, "cannot be asked about without a usable value.")
	case s.Covered && s.By == s.Scope:
		w.say(2, name, "is a scope of the token.")
	case s.Covered && len(s.Path.rows()) == 0:
		w.say(2, name, "is covered by", plain(s.By)+", a scope of the token that means the same.")
	case s.Covered:
		w.say(2, name, "is covered by", plain(s.By)+", a scope of the token:")
		w.path(4, *s.Path)
	default:
		w.say(2, name, "is not covered:", e.tokenWords())
		if len(s.Options) == 1 {
			w.say(4, "Nothing but that scope itself would cover it.")
			return
		}
		w.say(4, "Each of these would cover it, the declared one first:")
		for _, o := range s.Options {
			how := ""
			if rows := o.Path.rows(); len(rows) > 0 {
				how = "(" + strings.Join(places(rows), ", ") + ")"
			}
			w.say(6, plain(o.Scope), how)
		}
	}
}

func (e *Explanation) tokenWords() string {
	if len(e.TokenScopes) == 0 {
		return "the token has no scopes."
	}
	return "the token has only " + plains(e.TokenScopes) + "."
}

// sayCaller lists what the policy knows the caller by.
func (e *Explanation) sayCaller(w *prose) {
	w.WriteString("\nThe caller, as the policy sees it\n")
	widest := 0
	for _, s := range e.Subjects {
		widest = max(widest, len(plain(s.Subject)))
	}
	for _, s := range e.Subjects {
		name := plain(s.Subject)
		name += strings.Repeat(" ", widest-len(name)+2)
		if words := s.words(); 2+len(name)+len(words) <= proseWidth {
			w.WriteString("  " + name + words + "\n")
		} else {
			w.say(2, name)
			w.say(6, words)
		}
	}
}

func (s *ExplainedSubject) words() string {
	switch {
	case !s.Named:
		return "no row names it"
	case len(s.Has) > 0:
		return "has " + plains(s.Has)
	}
	return "has rows of its own and no role"
}

func (e *Explanation) sayPolicy(w *prose) {
	if e.Revision == "" {
		return
	}
	model := "the textbook model"
	if !e.Textbook {
		model = "Casbin under the configured model (door two) and the textbook model (door one)"
	}
	w.WriteByte('\n')
	w.say(0, "Decided by policy revision", e.Revision+", by", model+".")
}
