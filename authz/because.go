package authz

import "slices"

// becauseSpace is how many bytes most reasons fit in, so that writing one allocates only the text itself.
const becauseSpace = 256

// Because returns in one line what the decision rests on, for the audit: the chain from one of the caller's subjects to that
// of the row which decided, as "user:alice > role:admin", or what is missing. What it names is text of the policy and of the
// declarations: a scope or permission is told with its placeholders, and no value of a request is ever in it. It is written
// when it is asked for, and costs a decision nothing.
func (d Decision) Because() string {
	switch d.Reason() {
	case ReasonAllowed:
		return d.why.text("", "")
	case ReasonAnyPrincipal:
		return "open to every verified caller"
	case ReasonScopeMissing:
		return "no scope of the token covers " + d.declared
	case ReasonPermissionMissing:
		return "no row allows " + d.declared
	case ReasonPermissionDenied, ReasonClientDenied:
		return d.why.text(" denies ", d.declared)
	case ReasonClientMissing:
		return "the model lets no row admit the client to " + d.declared
	case ReasonPlaceholder:
		return "no usable value for {" + d.unfilled + "} in " + d.declared
	case ReasonNoPolicy:
		return "there is no policy"
	case ReasonNoPrincipal:
		return "the caller has no name, no client, or an issuer that is not configured"
	case ReasonNoRequirement:
		return "the operation declares nothing that could be asked"
	case ReasonPolicyError:
		return "evaluating the policy failed"
	default:
		return "nothing was asked"
	}
}

// text is the chain to the subject of the rule that decided, with more behind it. Only a model under which everything is
// allowed that no row denies allows without a rule.
func (e evidence) text(verb, what string) string {
	r, decided := e.decided()
	if !decided {
		return "no row denies it"
	}
	var space [becauseSpace]byte
	b := e.policy.rows.appendChain(space[:0], e.steps, e.policy.rows.ids[r.sub])
	return string(append(append(b, verb...), what...))
}

// appendChain writes the subjects on the way to one that was reached.
func (g *graph) appendChain(b []byte, s steps, subject uint32) []byte {
	var way [maxChain]uint32
	n := 0
	for ; n < maxChain; n++ {
		i, reached := s.find(subject)
		if !reached || s[i].link == noLink {
			break
		}
		way[n] = s[i].link
		subject = g.links[s[i].link].start
	}
	b = append(b, g.names[subject]...)
	for _, l := range slices.Backward(way[:n]) {
		b = append(append(b, " > "...), g.links[l].to...)
	}
	return b
}
