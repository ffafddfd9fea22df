package server

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-mcp/sallyport/authz"
)

// Review is a server's operations and where its policy is, to be looked at
// without serving anything: by commands, and by tests of a policy.
type Review struct {
	ops   *operations
	files policyFiles
}

// NewReview reads what cfg declares. The policy is not read yet, and the other
// settings are not looked at. The error is a [*ConfigError].
func NewReview(cfg Config) (*Review, error) {
	wrong := &mistakes{}
	cfg.fillDefaults()
	cfg.settleIssuers(&mistakes{})
	ops := compileOperations(&cfg, wrong)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	options := authz.Options{Declared: ops.requirements(), Aliases: cfg.aliases()}
	return &Review{ops: ops, files: policyFiles{cfg.Model, cfg.Policy, options}}, nil
}

// PolicyPath returns the path of the configured policy.
func (r *Review) PolicyPath() string {
	_, policy := r.files.paths()
	return policy
}

// Aliases returns the aliases of the configured issuers, the first issuer's
// first. With fewer than two, names carry no alias.
func (r *Review) Aliases() []string { return slices.Clone(r.files.options.Aliases) }

// Load reads and compiles a policy under the configured model; an empty path is
// the configured policy. The error is a [*authz.LintError].
func (r *Review) Load(path string) (*authz.Policy, error) {
	files := r.files
	if path != "" {
		files.policy = path
	}
	return newPolicyReader(files).once().compile(authz.Compile, files.options)
}

// Operations returns everything declared: tools, resources, templates and
// prompts, each by name.
func (r *Review) Operations() []authz.Operation {
	list := make([]authz.Operation, len(r.ops.all))
	for i, o := range r.ops.all {
		list[i] = o.described()
	}
	return list
}

func (o *operation) described() authz.Operation {
	return authz.Operation{Kind: string(o.kind), Name: o.name, Need: o.need}
}

// Find returns the operation of that name and what a request with the arguments
// has for its placeholders. A name is that of a tool or prompt, a URI template,
// or a URI, whose variables count as arguments; if a tool and a prompt have the
// same, it is "tool:NAME" or "prompt:NAME". The error names what is close.
func (r *Review) Find(name string, arguments map[string]string) (authz.Operation, authz.Values, error) {
	var found []*operation
	for _, o := range r.ops.all {
		if o.name == name || string(o.kind)+":"+o.name == name {
			found = append(found, o)
		}
	}
	switch len(found) {
	case 1:
		return found[0].described(), valuesOf(arguments), nil
	case 0:
		return r.findURI(name, arguments)
	}
	return authz.Operation{}, nil, fmt.Errorf("%q is a %s and a %s; write %s:%s or %s:%s",
		name, found[0].kind, found[1].kind, found[0].kind, name, found[1].kind, name)
}

// findURI finds the template that a URI belongs to. An argument wins over what
// the URI says.
func (r *Review) findURI(uri string, arguments map[string]string) (authz.Operation, authz.Values, error) {
	target, variables, ok := r.ops.catalogue.Resource(uri)
	if !ok {
		return authz.Operation{}, nil, fmt.Errorf("there is no operation %q; %s", uri, r.nearest(uri))
	}
	values := func(name string) (string, bool) {
		if value, given := arguments[name]; given {
			return value, true
		}
		value, given := variables[name]
		return value, given
	}
	return r.ops.resources[target.Declaration().URI].described(), values, nil
}

// nearest names the operations that begin most like a name, or all if none
// shares its first three letters.
func (r *Review) nearest(name string) string {
	var all, near []string
	longest := 3
	for _, o := range r.ops.all {
		all = append(all, o.name)
		shared := sharedPrefix(o.name, name)
		if shared > longest {
			near, longest = nil, shared
		}
		if shared == longest {
			near = append(near, o.name)
		}
	}
	switch {
	case len(near) > 0:
		return "is it " + strings.Join(near, " or ") + "?"
	case len(all) > 0:
		return "there are " + strings.Join(all, ", ")
	}
	return "nothing is declared"
}

// sharedPrefix returns how many bytes two names begin alike with.
func sharedPrefix(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
