package authz

func (p *Policy) tryModel(inModel, inPolicy *findings) {}
