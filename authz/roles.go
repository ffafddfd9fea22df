package authz

// Roles returns what the g rows about subject give it, each as it is written there and in file order; not what a role of its own
// includes. It tells people who somebody is, and decides nothing. It is nil for a nil Policy and for a subject without such a row.
func (p *Policy) Roles(subject string) []string {
	if p == nil {
		return nil
	}
	var roles []string
	for _, l := range p.rows.links {
		if l.from == subject {
			roles = append(roles, l.to)
		}
	}
	return roles
}
