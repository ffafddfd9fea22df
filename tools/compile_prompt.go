package tools

import (
	"context"
	"encoding/json"
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
		switch {
		case p.Get == nil && p.GetRaw == nil:
			d.mistake("Get", "is missing", "set it to the function that returns the messages")
		case p.Get != nil && p.GetRaw != nil:
			d.mistake("GetRaw", "is set beside Get", "remove one of them")
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
func (p *CompiledPrompt) Get(ctx context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	var result *mcp.GetPromptResult
	failed := p.boundary.run(ctx, p.label, func() error {
		if err := p.check(request.Params.Arguments); err != nil {
			return err
		}
		given := make(map[string]string, len(request.Params.Arguments))
		maps.Copy(given, request.Params.Arguments)
		request.Params.Arguments = given
		got, err := p.get(ctx, request)
		result = got
		return err
	})
	if failed != nil {
		return nil, failed.clientError()
	}
	return result, nil
}

// get runs the author's function.
func (p *CompiledPrompt) get(ctx context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	if p.declared.GetRaw != nil {
		result, err := p.declared.GetRaw(ctx, request)
		if err != nil {
			return nil, err
		}
		return p.sound(result)
	}
	messages, err := p.declared.Get(ctx, request.Params.Arguments)
	if err != nil {
		return nil, err
	}
	result := &mcp.GetPromptResult{Description: p.declared.Description, Messages: []mcp.PromptMessage{}}
	for _, m := range messages {
		if m.content == nil {
			return nil, errNoContent
		}
		result.Messages = append(result.Messages, mcp.PromptMessage{Role: m.role, Content: m.content})
	}
	return result, nil
}

var errNoContent = errors.New("the handler returned a message without content")

// sound returns a copy of a result that is known to encode, or why it does not.
func (p *CompiledPrompt) sound(result *mcp.GetPromptResult) (*mcp.GetPromptResult, error) {
	if result == nil {
		return nil, errNoResult
	}
	kept := *result
	kept.Description = first(kept.Description, p.declared.Description)
	kept.Messages = append([]mcp.PromptMessage{}, kept.Messages...) // never null
	for _, m := range kept.Messages {
		if m.Content == nil {
			return nil, errNoContent
		}
	}
	if err := markAsking(&kept.Result, &kept.MultiRoundTripResult); err != nil {
		return nil, err
	}
	if _, err := json.Marshal(kept); err != nil {
		return nil, fmt.Errorf("encode the result: %w", err)
	}
	return &kept, nil
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
