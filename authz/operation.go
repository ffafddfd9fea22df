package authz

// Operation is something that a server declares, by what people call it: for explanations, matrices, tests and diffs of
// a policy.
type Operation struct {
	// Kind is "tool", "resource" or "prompt".
	Kind string
	// Name is the name of a tool or prompt, the URI or the URI template of a resource.
	Name string
	// Need is what it needs.
	Need Requirement
}
