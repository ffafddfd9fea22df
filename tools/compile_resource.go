package tools

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
)

// CompiledResource is a resource or a resource template that is ready to be read. It is
// immutable and safe for concurrent use.
type CompiledResource struct {
	declared Resource
	label    string
	template *uriTemplate // nil for a fixed URI
	// reserved holds the variables of the fixed URIs inside this template. No other
	// spelling of such a URI may reach the template, which may be guarded less.
	reserved []map[string]string
	boundary *boundary
}

func (c *Catalogue) compileResources(found *report, out *boundary, declared []Resource) {
	c.fixedURIs = make(map[string]*CompiledResource, len(declared))
	taken := make(map[string]bool)
	for i, r := range declared {
		d := found.of("resource", first(r.Name, r.URI), i)
		d.checkDisplayName(r.Name, taken)
		d.checkDescription(r.Description)
		d.checkAccess(r.Scopes, r.Permissions, r.AnyPrincipal)
		if r.Read == nil {
			d.mistake("Read", "is missing", "set it to the function that returns the contents")
		}
		r.Scopes, r.Permissions = slices.Clone(r.Scopes), slices.Clone(r.Permissions)
		r.Complete = maps.Clone(r.Complete)
		compiled := &CompiledResource{declared: r, label: d.name, boundary: out}
		if strings.ContainsAny(r.URI, "{}") {
			c.addTemplate(d, compiled)
		} else {
			c.addFixed(d, compiled)
		}
		d.checkComplete(r.Complete, compiled.Variables(), "variable of the template")
	}
	for _, t := range c.templates {
		t.reserve(c.resources)
	}
}

func (c *Catalogue) addFixed(d declaration, r *CompiledResource) {
	if err := checkURI(r.declared.URI); err != nil {
		d.mistake("URI", fmt.Sprintf("%q %v", r.declared.URI, err), "write an absolute URI, as in notes://all")
		return
	}
	if other, ok := c.fixedURIs[r.declared.URI]; ok {
		d.mistake("URI", fmt.Sprintf("%q is also that of %s", r.declared.URI, other.label), "give each its own")
		return
	}
	c.fixedURIs[r.declared.URI] = r
	c.resources = append(c.resources, r)
}

func (c *Catalogue) addTemplate(d declaration, r *CompiledResource) {
	template, err := parseTemplate(r.declared.URI)
	if err != nil {
		reason := strings.ReplaceAll(err.Error(), "\n", " and ")
		d.mistake("URI", fmt.Sprintf("%q %s", r.declared.URI, reason), "write an absolute URI with {name} in path segments, as in note://{id}")
		return
	}
	r.template = template
	for _, other := range c.templates {
		if template.overlaps(other.template) {
			d.mistake("URI", fmt.Sprintf("%q may match the same URIs as %q of %s", r.declared.URI, other.declared.URI, other.label),
				"let the fixed parts differ, so that every URI has one owner")
		}
	}
	c.templates = append(c.templates, r)
}

// checkComplete reports completions of what does not exist.
func (d declaration) checkComplete(complete map[string]CompleteFunc, names []string, what string) {
	for _, name := range slices.Sorted(maps.Keys(complete)) {
		field := fmt.Sprintf("Complete[%q]", name)
		if !slices.Contains(names, name) {
			d.mistake(field, "is not a "+what, "use one of the declared names")
		}
		if complete[name] == nil {
			d.mistake(field, "is nil", "set it to a function or remove the entry")
		}
	}
}

func (r *CompiledResource) reserve(fixed []*CompiledResource) {
	for _, f := range fixed {
		if variables, ok := r.template.match(f.declared.URI); ok {
			r.reserved = append(r.reserved, variables)
		}
	}
}

// Declaration returns a copy of what the author declared.
func (r *CompiledResource) Declaration() Resource {
	declared := r.declared
	declared.Scopes, declared.Permissions = slices.Clone(declared.Scopes), slices.Clone(declared.Permissions)
	declared.Complete = maps.Clone(declared.Complete)
	return declared
}

// IsTemplate reports whether the URI holds variables.
func (r *CompiledResource) IsTemplate() bool { return r.template != nil }

// Variables returns the names of the template's variables in their order.
func (r *CompiledResource) Variables() []string {
	if r.template == nil {
		return nil
	}
	return slices.Clone(r.template.variables)
}

// Definition returns the resource as resources/list shows it. It is the zero value for
// a template.
func (r *CompiledResource) Definition() mcp.Resource {
	if r.template != nil {
		return mcp.Resource{}
	}
	return mcp.Resource{
		URI: r.declared.URI, Name: r.declared.Name, Title: r.declared.Title,
		Description: r.declared.Description, MIMEType: r.declared.MIMEType,
	}
}

// Template returns the template as resources/templates/list shows it. It is the zero
// value for a fixed URI.
func (r *CompiledResource) Template() mcp.ResourceTemplate {
	if r.template == nil {
		return mcp.ResourceTemplate{}
	}
	t := mcp.NewResourceTemplate(r.declared.URI, r.declared.Name,
		mcp.WithTemplateDescription(r.declared.Description), mcp.WithTemplateMIMEType(r.declared.MIMEType))
	t.Title = r.declared.Title
	return t
}

// Match reports whether the URI is one of this resource's, and returns the decoded
// variables. A spelling of a fixed URI of the catalogue is none of the template's.
func (r *CompiledResource) Match(uri string) (map[string]string, bool) {
	if r.template == nil {
		return map[string]string{}, uri == r.declared.URI
	}
	variables, ok := r.template.match(uri)
	if !ok {
		return nil, false
	}
	for _, taken := range r.reserved {
		if maps.Equal(taken, variables) {
			return nil, false
		}
	}
	return variables, true
}

// Read returns the contents of uri, variables being what [Catalogue.Resource] or
// [CompiledResource.Match] returned for it. The error is a *[ClientError].
func (r *CompiledResource) Read(ctx context.Context, uri string, variables map[string]string) ([]mcp.ResourceContents, error) {
	var contents []mcp.ResourceContents
	failed := r.boundary.run(ctx, r.label, func() error {
		read, err := r.declared.Read(ctx, ResourceRequest{URI: uri, Variables: maps.Clone(variables)})
		if err != nil {
			return err
		}
		contents, err = read.wire(uri, r.declared.MIMEType)
		return err
	})
	if failed != nil {
		return nil, failed.clientError()
	}
	return contents, nil
}

// Complete suggests values for a variable; none, not nil, if there is nothing to
// suggest. The error is a *[ClientError].
func (r *CompiledResource) Complete(ctx context.Context, variable, value string) ([]string, error) {
	if !slices.Contains(r.Variables(), variable) {
		return nil, &ClientError{Code: codeInvalidParams, Message: "the resource has no such variable"}
	}
	return r.boundary.complete(ctx, r.label, r.declared.Complete[variable], value)
}

// complete calls f, which may be nil.
func (b *boundary) complete(ctx context.Context, label string, f CompleteFunc, value string) ([]string, error) {
	values := []string{}
	if f == nil {
		return values, nil
	}
	failed := b.run(ctx, label, func() error {
		suggested, err := f(ctx, value)
		values = append(values, suggested...)
		return err
	})
	if failed != nil {
		return nil, failed.clientError()
	}
	return values, nil
}
