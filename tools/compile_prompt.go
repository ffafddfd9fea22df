package tools

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"
)

// CompiledPrompt is a prompt that is ready to be got. It is immutable and safe for
// concurrent use.
type CompiledPrompt struct {
	declared   Prompt
	label      string
	definition mcp.Prompt
	names      []string // of the arguments
	boundary   *boundary
}

func (c *Catalogue) compilePrompts(found *report, out *boundary, declared []Prompt) {
	c.promptNames = make(map[string]*CompiledPrompt, len(declared))
	taken := make(map[string]bool)
	for i, p := range declared {
		d := found.of("prompt", p.Name, i)
		d.checkName("Name", p.Name, taken)
		d.checkDescription(p.Description)
		d.checkAccess(p.Scopes, p.Permissions, p.AnyPrincipal)
		if p.Get == nil {
			d.mistake("Get", "is missing", "set it to the function that returns the messages")
		}
		arguments := make(map[string]bool)
		for j, a := range p.Arguments {
			d.checkName(fmt.Sprintf("Arguments[%d].Name", j), a.Name, arguments)
		}
		compiled := newCompiledPrompt(d, p, out)
		d.checkComplete(p.Complete, compiled.names, "declared argument")
		c.prompts = append(c.prompts, compiled)
		c.promptNames[p.Name] = compiled
	}
}

func newCompiledPrompt(d declaration, p Prompt, out *boundary) *CompiledPrompt {
	compiled := &CompiledPrompt{label: d.name, boundary: out}
	compiled.declared = clonePrompt(p)
	compiled.definition = mcp.Prompt{Name: p.Name, Title: p.Title, Description: p.Description}
	for _, a := range p.Arguments {
		compiled.names = append(compiled.names, a.Name)
		compiled.definition.Arguments = append(compiled.definition.Arguments,
			mcp.PromptArgument{Name: a.Name, Title: a.Title, Description: a.Description, Required: a.Required})
	}
	return compiled
}

func clonePrompt(p Prompt) Prompt {
	p.Scopes, p.Permissions = slices.Clone(p.Scopes), slices.Clone(p.Permissions)
	p.Arguments, p.Complete = slices.Clone(p.Arguments), maps.Clone(p.Complete)
	return p
}

// Declaration returns a copy of what the author declared.
func (p *CompiledPrompt) Declaration() Prompt { return clonePrompt(p.declared) }

// Definition returns the prompt as prompts/list shows it. It must not be changed.
func (p *CompiledPrompt) Definition() mcp.Prompt { return p.definition }

// Arguments returns the names of the declared arguments in their order.
func (p *CompiledPrompt) Arguments() []string { return slices.Clone(p.names) }

// Get fills in the prompt. A required argument that is missing and an undeclared one
// are refused. The error is a *[ClientError].
func (p *CompiledPrompt) Get(ctx context.Context, arguments map[string]string) (*mcp.GetPromptResult, error) {
	result := &mcp.GetPromptResult{Description: p.declared.Description, Messages: []mcp.PromptMessage{}}
	failed := p.boundary.run(ctx, p.label, func() error {
		if err := p.check(arguments); err != nil {
			return err
		}
		given := make(map[string]string, len(arguments))
		maps.Copy(given, arguments)
		messages, err := p.declared.Get(ctx, given)
		if err != nil {
			return err
		}
		for _, m := range messages {
			if m.content == nil {
				return errors.New("the handler returned a message without content")
			}
			result.Messages = append(result.Messages, mcp.PromptMessage{Role: m.role, Content: m.content})
		}
		return nil
	})
	if failed != nil {
		return nil, failed.clientError()
	}
	return result, nil
}

// check compares the arguments with the declared ones.
func (p *CompiledPrompt) check(arguments map[string]string) error {
	var problems []problem
	for _, a := range p.declared.Arguments {
		if _, ok := arguments[a.Name]; a.Required && !ok {
			problems = append(problems, problem{path: child("$", a.Name), expected: "is required: expected string"})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(arguments)) {
		if !slices.Contains(p.names, name) && len(problems) < maxProblems {
			problems = append(problems, problem{path: child("$", name), expected: "unknown; not one of the declared names"})
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return &badArguments{problems: problems}
}

// Complete suggests values for an argument; none, not nil, if there is nothing to
// suggest. The error is a *[ClientError].
func (p *CompiledPrompt) Complete(ctx context.Context, argument, value string) ([]string, error) {
	if !slices.Contains(p.names, argument) {
		return nil, &ClientError{Code: codeInvalidParams, Message: "the prompt has no such argument"}
	}
	return p.boundary.complete(ctx, p.label, p.declared.Complete[argument], value)
}
