package server

import "github.com/sallyport-mcp/sallyport/authz"

// Operation describes one operation for people: what a client needs for it.
type Operation struct {
	// Kind is "tool", "resource" or "prompt".
	Kind string
	// Name is the name, or of a resource its URI or URI template.
	Name string
	// Description is the declared description.
	Description string
	// Scopes and Permissions are what both doors ask for, with placeholders.
	Scopes, Permissions []string
	// AnyPrincipal tells that any valid token suffices. Then both are empty.
	AnyPrincipal bool
}

// Operations returns what cfg declares, tools, resources and prompts each by
// name, without looking at anything else. The error is a [*ConfigError].
func Operations(cfg Config) ([]Operation, error) {
	wrong := &mistakes{}
	cfg.fillDefaults()
	ops := compileOperations(&cfg, wrong)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	list := make([]Operation, len(ops.all))
	for i, o := range ops.all {
		list[i] = Operation{
			Kind: string(o.kind), Name: o.name, Description: o.about, AnyPrincipal: o.need.AnyPrincipal(),
			Scopes: texts(o.need.Scopes()), Permissions: texts(o.need.Permissions()),
		}
	}
	return list, nil
}

func texts(templates []authz.Template) []string {
	var list []string
	for _, t := range templates {
		list = append(list, t.String())
	}
	return list
}
