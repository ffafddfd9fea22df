package scaffold

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/tools"
)

// Kind is what an operation is.
type Kind string

// The kinds of operations.
const (
	Tool     Kind = "tool"
	Resource Kind = "resource"
	Prompt   Kind = "prompt"
)

// List is the function that lists the operations of a kind: Tools, Resources or Prompts.
func (k Kind) List() string { return k.GoName() + "s" }

// GoName is the name of the kind in Go: Tool, Resource or Prompt.
func (k Kind) GoName() string { return strings.ToUpper(string(k[:1])) + string(k[1:]) }

// sample is what stands for a placeholder in the test of an operation.
const sample = "example"

// operation is one that is to be added, and what it is called in Go.
type operation struct {
	Kind        Kind
	Name, URI   string
	Scopes      []string
	Permissions []string // empty: those of Scopes
	Inputs      []input  // what a caller says: placeholders, or one text
	Word        string   // what the names in Go begin with
	Package     string
	Member      member
	WantScopes  []string // what a challenge names in the test
	Denied      string   // the permission a stranger lacks; empty if a stranger may
	SampleURI   string

	need      authz.Requirement
	roleNamed bool // the role was chosen by who adds it
}

// input is one argument of a tool or a prompt, or a variable of a resource template.
type input struct{ Name, Field string }

// Constructor is the function that declares the operation.
func (o operation) Constructor() string { return o.Word + o.Kind.GoName() }

// Filled are the scopes as the test has them in its token.
func (o operation) Filled() []string {
	var scopes []string
	for _, scope := range o.Scopes {
		scopes = append(scopes, filled(scope))
	}
	return scopes
}

// Handler is the function that does what the operation is for.
func (o operation) Handler() string {
	verb := map[Kind]string{Tool: "run", Resource: "read", Prompt: "write"}[o.Kind]
	return verb + strings.ToUpper(o.Word[:1]) + o.Word[1:]
}

// Title is the operation's name in the name of its test.
func (o operation) Title() string { return strings.ToUpper(o.Word[:1]) + o.Word[1:] + o.Kind.GoName() }

// file is the name of its file without the extension. The kind stands last, so that a tool called build_linux is built everywhere.
func (o operation) file() string {
	return strings.ToLower(strings.Join(words(o.Name), "_")) + "_" + string(o.Kind)
}

// identifiers are what its files declare.
func (o operation) identifiers() []string {
	list := []string{o.Constructor(), o.Handler(), "Test" + o.Title()}
	if o.Kind == Tool {
		list = append(list, o.Word+"Input", o.Word+"Output")
	}
	return list
}

// newOperation reads what was asked for. What a server would not start with is refused in the server's words.
func newOperation(o AddOptions) (operation, error) {
	op := operation{Kind: o.Kind, Name: o.Name, Scopes: o.Scopes, Permissions: o.Permissions}
	if o.Kind == Resource {
		op.URI, op.Name = o.Name, o.As
		if op.Name == "" {
			op.Name = nameOf(o.Name)
		}
	}
	if len(o.Scopes) == 0 {
		return op, mistake("say what a person consents to with --scope, for example --scope notes:read", "the %s needs no scope", o.Kind)
	}
	op.Word = identifier(op.Name)
	if op.Word == "" {
		return op, mistake("begin it with a letter", "%q gives no name in Go", op.Name)
	}
	need, err := authz.NewRequirement(op.Scopes, op.Permissions, false)
	if err != nil {
		return op, Mistake{Reason: err.Error()}
	}
	if op.need, err = need, op.readInputs(need.Names()); err != nil {
		return op, err
	}
	return op, op.check()
}

// readInputs gives the operation what fills its placeholders. Without any it takes one text, to have something to show.
func (o *operation) readInputs(names []string) error {
	switch {
	case o.Kind == Resource:
		for _, variable := range regexp.MustCompile(`\{([^{}]*)\}`).FindAllStringSubmatch(o.URI, -1) {
			o.Inputs = append(o.Inputs, input{Name: variable[1]})
		}
		o.SampleURI = regexp.MustCompile(`\{[^{}]*\}`).ReplaceAllLiteralString(o.URI, sample)
		return nil
	case o.Kind == Prompt && len(names) == 0:
		names = []string{"topic"}
	case o.Kind == Tool && !slices.Contains(names, "text"):
		names = append(names, "text")
	}
	taken := map[string]bool{}
	for _, name := range names {
		word := identifier(name)
		if word == "" || taken[word] {
			return mistake("name it in letters, and unlike the others", "the placeholder {%s} gives no name in Go of its own", name)
		}
		taken[word] = true
		o.Inputs = append(o.Inputs, input{Name: name, Field: strings.ToUpper(word[:1]) + word[1:]})
	}
	return nil
}

// check asks the server whether it would take the declaration.
func (o operation) check() error {
	var refused *server.ConfigError
	_, err := server.NewReview(o.declared())
	if !errors.As(err, &refused) {
		return err
	}
	var reasons []string
	for _, m := range refused.Mistakes {
		reasons = append(reasons, m.String())
	}
	return Mistake{Reason: strings.Join(reasons, "\n")}
}

// declared is a server of this one operation, which never runs.
func (o operation) declared() server.Config {
	const about = "It is declared to be checked."
	cfg := server.Config{Name: "scaffold"}
	switch o.Kind {
	case Tool:
		cfg.Tools = []tools.Tool{{
			Name: o.Name, Description: about, Scopes: o.Scopes, Permissions: o.Permissions,
			Handler: tools.Raw(o.schema(), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { return nil, nil }),
		}}
	case Resource:
		cfg.Resources = []tools.Resource{{
			URI: o.URI, Name: o.Name, Description: about, Scopes: o.Scopes, Permissions: o.Permissions,
			Read: func(context.Context, tools.ResourceRequest) (tools.Contents, error) { return tools.Contents{}, nil },
		}}
	case Prompt:
		p := tools.Prompt{Name: o.Name, Description: about, Scopes: o.Scopes, Permissions: o.Permissions}
		for _, in := range o.Inputs {
			p.Arguments = append(p.Arguments, tools.Argument{Name: in.Name, Required: true})
		}
		p.Get = func(context.Context, map[string]string) ([]tools.Message, error) { return nil, nil }
		cfg.Prompts = []tools.Prompt{p}
	}
	return cfg
}

func (o operation) schema() tools.Schema {
	properties := map[string]any{}
	for _, in := range o.Inputs {
		properties[in.Name] = map[string]any{"type": "string"}
	}
	text, _ := json.Marshal(map[string]any{"type": "object", "properties": properties}) // texts always encode
	return tools.SchemaJSON(string(text))
}

// filled is a declared scope or permission as the test's request fills it in.
func filled(template string) string {
	return regexp.MustCompile(`\{[^{}]*\}`).ReplaceAllLiteralString(template, sample)
}

// nameOf is what a resource is called if nobody says: the words of its URI that are no variables.
func nameOf(uri string) string {
	fixed := regexp.MustCompile(`\{[^{}]*\}`).ReplaceAllLiteralString(uri, "/")
	if decoded, err := url.PathUnescape(fixed); err == nil {
		fixed = decoded
	}
	return strings.Join(words(fixed), "_")
}

// words are the runs of letters and digits in a name.
func words(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// identifier writes a name as Go does, with a small letter first; empty if that is not possible.
func identifier(name string) string {
	var b strings.Builder
	for i, word := range words(name) {
		if i == 0 {
			b.WriteString(strings.ToLower(word[:1]) + word[1:])
			continue
		}
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	if b.Len() == 0 || unicode.IsDigit(rune(b.String()[0])) {
		return ""
	}
	return b.String()
}

// what names the operation for people.
func (o operation) what() string {
	if o.Kind == Resource {
		return fmt.Sprintf("resource %s", o.URI)
	}
	return fmt.Sprintf("%s %s", o.Kind, o.Name)
}
