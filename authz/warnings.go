package authz

func (p *Policy) warn(book rulebook, l *findings) {}
