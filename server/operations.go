package server

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport"
)

// kind is what an operation is declared as.
type kind string

const (
	kindTool     kind = "tool"
	kindResource kind = "resource"
	kindPrompt   kind = "prompt"
)

// operation is one declared tool, resource, template or prompt with what it
// needs and the guarded handler that runs it. It is immutable.
type operation struct {
	kind      kind
	name      string // of a resource: the URI or template as declared
	about     string
	need      authz.Requirement
	sensitive bool
	readOnly  bool // a tool that says so

	// Exactly one of these is set.
	tool     *tools.CompiledTool
	resource *tools.CompiledResource
	prompt   *tools.CompiledPrompt

	// What mcp-go is given, by kind.
	serverTool     mcpserver.ServerTool
	alone          map[string]mcpserver.ServerTool // serverTool and nothing else
	serverResource mcpserver.ServerResource
	serverTemplate mcpserver.ServerResourceTemplate
	serverPrompt   mcpserver.ServerPrompt
	read           mcpserver.ResourceHandlerFunc // of a resource or template
}

// parameters tells which placeholders a request for the operation can fill.
func (o *operation) parameters() []string {
	var names []string
	switch {
	case o.tool != nil:
		for name := range o.tool.Parameters() {
			names = append(names, name)
		}
	case o.resource != nil:
		names = append(names, o.resource.Variables()...)
	case o.prompt != nil:
		names = append(names, o.prompt.Arguments()...)
	}
	slices.Sort(names)
	return names
}

// only lets a request see this one operation. A resource is offered under the
// URI that was asked for, so that no second reading of its template decides
// what is read.
func (o *operation) only(pass *transport.Pass, uri string) {
	switch {
	case o.tool != nil:
		pass.Tools = o.alone
	case o.resource != nil:
		one := mcp.Resource{URI: uri, Name: o.resource.Declaration().Name}
		pass.Resources = map[string]mcpserver.ServerResource{uri: {Resource: one, Handler: o.read}}
	}
}

// title names the operation in an error.
func (o *operation) title() string { return fmt.Sprintf("%s %q", o.kind, o.name) }

// operations are all operations of a server.
type operations struct {
	catalogue *tools.Catalogue
	all       []*operation
	tools     map[string]*operation // by name
	prompts   map[string]*operation // by name
	resources map[string]*operation // by URI or template as declared
}

// compileOperations checks all declarations together and notes every mistake.
// The result serves requests only if none was noted; with mistakes it still
// knows what the sound declarations need, so that the policy can be checked in
// the same run.
func compileOperations(c *Config, wrong *mistakes) *operations {
	options := tools.Options{Logger: c.Logger}
	catalogue, err := tools.Compile(options, c.Tools, c.Resources, c.Prompts)
	wrong.adopt(err)
	ops := &operations{
		tools:     map[string]*operation{},
		prompts:   map[string]*operation{},
		resources: map[string]*operation{},
	}
	if err == nil {
		ops.catalogue = catalogue
		ops.gather(catalogue)
	} else {
		ops.salvage(c)
	}
	for _, o := range ops.all {
		o.require(wrong)
	}
	wrong.adopt(authz.CheckDeclared(ops.requirements()))
	return ops
}

// salvage gathers the declarations that are sound on their own.
func (ops *operations) salvage(c *Config) {
	quiet := tools.Options{Logger: c.Logger}
	gather := func(catalogue *tools.Catalogue, err error) {
		if err == nil {
			ops.gather(catalogue)
		}
	}
	for i := range c.Tools {
		gather(tools.Compile(quiet, c.Tools[i:i+1], nil, nil))
	}
	for i := range c.Resources {
		gather(tools.Compile(quiet, nil, c.Resources[i:i+1], nil))
	}
	for i := range c.Prompts {
		gather(tools.Compile(quiet, nil, nil, c.Prompts[i:i+1]))
	}
}

// gather makes an operation of every declaration, in the order of the
// catalogue: tools, resources, templates and prompts, each by name.
func (ops *operations) gather(catalogue *tools.Catalogue) {
	for _, t := range catalogue.Tools() {
		d := t.Declaration()
		o := &operation{kind: kindTool, name: d.Name, about: d.Description, sensitive: d.Sensitive, readOnly: d.ReadOnly, tool: t}
		ops.tools[o.name] = o
		ops.all = append(ops.all, o)
	}
	for _, r := range slices.Concat(catalogue.Resources(), catalogue.Templates()) {
		d := r.Declaration()
		o := &operation{kind: kindResource, name: d.URI, about: d.Description, sensitive: d.Sensitive, resource: r}
		ops.resources[o.name] = o
		ops.all = append(ops.all, o)
	}
	for _, p := range catalogue.Prompts() {
		d := p.Declaration()
		o := &operation{kind: kindPrompt, name: d.Name, about: d.Description, sensitive: d.Sensitive, prompt: p}
		ops.prompts[o.name] = o
		ops.all = append(ops.all, o)
	}
}

// declared returns the scopes and the permissions as their author wrote them,
// and whether any principal will do.
func (o *operation) declared() ([]string, []string, bool) {
	switch {
	case o.tool != nil:
		d := o.tool.Declaration()
		return d.Scopes, d.Permissions, d.AnyPrincipal
	case o.resource != nil:
		d := o.resource.Declaration()
		return d.Scopes, d.Permissions, d.AnyPrincipal
	default:
		d := o.prompt.Declaration()
		return d.Scopes, d.Permissions, d.AnyPrincipal
	}
}

// require reads what the operation needs and checks that every placeholder can
// be filled by some request.
func (o *operation) require(wrong *mistakes) {
	scopes, permissions, anyPrincipal := o.declared()
	need, err := authz.NewRequirement(scopes, permissions, anyPrincipal)
	for _, single := range flatten(err) {
		wrong.adopt(fmt.Errorf("%s: %w", o.title(), single))
	}
	o.need = need
	known := o.parameters()
	for _, name := range need.Names() {
		if !slices.Contains(known, name) {
			wrong.adopt(fmt.Errorf("%s: {%s} is no %s; %s", o.title(), name, o.parameterWord(), choose(known)))
		}
	}
}

func (o *operation) parameterWord() string {
	switch o.kind {
	case kindTool:
		return "top-level string or integer argument of the tool"
	case kindResource:
		return "variable of the URI template"
	default:
		return "argument of the prompt"
	}
}

// choose says which names would have been right.
func choose(known []string) string {
	if len(known) == 0 {
		return "there is none, so write the name without a placeholder"
	}
	if len(known) == 1 {
		return "write {" + known[0] + "}"
	}
	return "write one of {" + strings.Join(known, "}, {") + "}"
}

func (ops *operations) requirements() []authz.Requirement {
	needs := make([]authz.Requirement, len(ops.all))
	for i, o := range ops.all {
		needs[i] = o.need
	}
	return needs
}

// initialScopes returns the scopes a client is told to ask for first: those
// without placeholders of read-only tools, except any that a sensitive
// operation needs too.
func (ops *operations) initialScopes() []string {
	held := map[string]bool{}
	for _, o := range ops.all {
		if o.sensitive {
			for _, scope := range o.need.Scopes() {
				held[scope.String()] = true
			}
		}
	}
	var initial []string
	for _, o := range ops.all {
		if !o.readOnly {
			continue
		}
		for _, scope := range o.need.Scopes() {
			text := scope.String()
			if len(scope.Names()) == 0 && !held[text] && !slices.Contains(initial, text) {
				initial = append(initial, text)
			}
		}
	}
	return initial
}

// scopeWords returns every declared scope with what it is good for: the
// descriptions of the operations that need it.
func (ops *operations) scopeWords() []scopeWord {
	words := map[string][]string{}
	for _, o := range ops.all {
		about := strings.TrimSuffix(o.about, ".")
		for _, scope := range o.need.Scopes() {
			text := scope.String()
			if !slices.Contains(words[text], about) {
				words[text] = append(words[text], about)
			}
		}
	}
	var list []scopeWord
	for scope, abouts := range words {
		list = append(list, scopeWord{scope, strings.Join(abouts, "; ")})
	}
	slices.SortFunc(list, func(a, b scopeWord) int { return cmp.Compare(a.scope, b.scope) })
	return list
}

// scopeWord is a scope and, in words, what it is good for.
type scopeWord struct{ scope, words string }
