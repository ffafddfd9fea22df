package doctor

import "strings"

// Check is one thing that is looked at. Checks are data: what is printed about one stands beside it.
type Check struct {
	// ID names the check for good, such as "token.unsigned". What is in front of the point is its group.
	ID string
	// Title says what is right, in one line.
	Title string
	// Worst is the severity of what is found at worst.
	Worst Severity
	// Clause is where it is written.
	Clause string
	// Why says what goes wrong without it, Mend what to do.
	Why, Mend string

	// gated is a check that means nothing for a server that asks nobody for a token.
	gated bool
	look  func(*visit) verdict
}

// Group returns the part of the id that the check shares with its neighbours.
func (c Check) Group() string {
	group, _, _ := strings.Cut(c.ID, ".")
	return group
}

// Checks returns every check there is, in the order in which they are made.
func Checks() []Check {
	var all []Check
	for _, theme := range [][]Check{
		tlsChecks(), gateChecks(), challengeChecks(), tokenChecks(), tokenAnswerChecks(), metadataChecks(), metadataContentChecks(),
		issuerChecks(), issuerClientChecks(), issuerKeyChecks(), originChecks(), hostChecks(), corsChecks(), methodChecks(),
		messageChecks(), pathChecks(), headerChecks(), authorizedChecks(), strictnessChecks(),
	} {
		all = append(all, theme...)
	}
	return all
}

// look makes one check, unless it does not apply or the time is up.
func (v *visit) look(c Check) verdict {
	if c.gated && v.posture() == PostureOpen {
		return skipped("this server asks nobody for a token")
	}
	found := c.look(v)
	if v.ctx.Err() != nil && found.severity <= OK {
		return unseen("the time was up")
	}
	found.seen = v.clean(found.seen)
	return found
}
