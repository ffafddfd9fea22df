package tools

import (
	"cmp"
	"log/slog"
	"slices"
)

// Options are the surroundings of a catalogue. The zero value works.
type Options struct {
	// Logger gets the cause of every internal error; nil means slog.Default().
	Logger *slog.Logger
	// Ref makes the reference of an internal error. It must be safe for concurrent use;
	// nil means random ones.
	Ref func() string
}

// Catalogue holds compiled declarations. It is immutable and safe for concurrent use.
type Catalogue struct {
	tools     []*CompiledTool
	resources []*CompiledResource
	templates []*CompiledResource
	prompts   []*CompiledPrompt

	toolNames   map[string]*CompiledTool
	fixedURIs   map[string]*CompiledResource
	promptNames map[string]*CompiledPrompt
}

// Compile checks all declarations together and precomputes what calls need. Its error
// joins every [Mistake], in the order of the declarations. What the scopes and
// permissions mean, and whether a placeholder names something, is not checked here.
func Compile(o Options, tools []Tool, resources []Resource, prompts []Prompt) (*Catalogue, error) {
	out := &boundary{logger: o.Logger, ref: o.Ref}
	if out.logger == nil {
		out.logger = slog.Default()
	}
	if out.ref == nil {
		out.ref = newReference
	}
	found := new(report)
	c := new(Catalogue)
	c.compileTools(found, out, tools)
	c.compileResources(found, out, resources)
	c.compilePrompts(found, out, prompts)
	if err := found.err(); err != nil {
		return nil, err
	}
	slices.SortFunc(c.tools, func(a, b *CompiledTool) int { return cmp.Compare(a.declared.Name, b.declared.Name) })
	slices.SortFunc(c.resources, byName)
	slices.SortFunc(c.templates, byName)
	slices.SortFunc(c.prompts, func(a, b *CompiledPrompt) int { return cmp.Compare(a.declared.Name, b.declared.Name) })
	return c, nil
}

func byName(a, b *CompiledResource) int { return cmp.Compare(a.declared.Name, b.declared.Name) }

// Tools returns the tools, sorted by name.
func (c *Catalogue) Tools() []*CompiledTool { return slices.Clone(c.tools) }

// Resources returns the resources with a fixed URI, sorted by name.
func (c *Catalogue) Resources() []*CompiledResource { return slices.Clone(c.resources) }

// Templates returns the resource templates, sorted by name.
func (c *Catalogue) Templates() []*CompiledResource { return slices.Clone(c.templates) }

// Prompts returns the prompts, sorted by name.
func (c *Catalogue) Prompts() []*CompiledPrompt { return slices.Clone(c.prompts) }

// Tool returns the tool of exactly this name.
func (c *Catalogue) Tool(name string) (*CompiledTool, bool) {
	t, ok := c.toolNames[name]
	return t, ok
}

// Prompt returns the prompt of exactly this name.
func (c *Catalogue) Prompt(name string) (*CompiledPrompt, bool) {
	p, ok := c.promptNames[name]
	return p, ok
}

// Resource returns what a URI names and the decoded variables: the resource of exactly
// this fixed URI, else the one template that matches. Another spelling of a fixed URI
// is not found, even if a template would match it: it would have other guards.
func (c *Catalogue) Resource(uri string) (*CompiledResource, map[string]string, bool) {
	if r, ok := c.fixedURIs[uri]; ok {
		return r, map[string]string{}, true
	}
	for _, r := range c.templates {
		if variables, ok := r.Match(uri); ok {
			return r, variables, true
		}
	}
	return nil, nil, false
}

// Template returns the resource template that was declared with exactly this text, as
// a completion request names it.
func (c *Catalogue) Template(text string) (*CompiledResource, bool) {
	for _, r := range c.templates {
		if r.declared.URI == text {
			return r, true
		}
	}
	return nil, false
}
