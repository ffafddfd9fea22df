package policytest

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/sallyport-mcp/sallyport/authz"
)

// What is said of several mistakes.
const (
	reasonNoTests = "the file has no tests"
	fixNoTests    = "write tests: and under it for each test a dash with principal, operation and expect"
	fixOperation  = "write operation: NAME, or operations: [NAME, NAME]; the command tools lists the names"
	fixTest       = "write principal, operation and expect under a dash, and reason for a denial"
)

// The keys of a file and of a test.
const (
	keyTests      = "tests"
	keyName       = "name"
	keyPrincipal  = "principal"
	keyOperation  = "operation"
	keyOperations = "operations"
	keyArguments  = "arguments"
	keyExpect     = "expect"
	keyReason     = "reason"
)

// tests reads a whole file.
func (r *reader) tests(top *yaml.Node) []Case {
	fields, ok := r.mapping(top, fixNoTests, keyTests)
	if !ok {
		return nil
	}
	list, given := fields[keyTests]
	if !given {
		r.fail(top, "", reasonNoTests, fixNoTests)
		return nil
	}
	sequence := target(list.value)
	switch {
	case sequence.Kind != yaml.SequenceNode:
		r.fail(list.value, shown(sequence), "this is "+kindOf(sequence)+" and not a list of tests", fixNoTests)
		return nil
	case len(sequence.Content) == 0:
		r.fail(list.value, "", reasonNoTests, fixNoTests)
	}
	var cases []Case
	for _, one := range sequence.Content {
		cases = append(cases, r.test(one)...)
	}
	return cases
}

// test reads one test, which is a case for each of its operations.
func (r *reader) test(n *yaml.Node) []Case {
	fields, ok := r.mapping(n, fixTest, keyName, keyPrincipal, keyOperation, keyOperations, keyArguments, keyExpect, keyReason)
	if !ok {
		return nil
	}
	c := Case{File: r.file, Line: n.Line}
	if f, given := fields[keyName]; given {
		c.Name, _ = r.text(f.value)
	}
	if f, given := fields[keyPrincipal]; given {
		c.Who = r.principal(f.value)
	} else {
		r.fail(n, "", "the test does not say who asks", "write principal: {user: NAME}, or {client: ID} for a client's own token")
	}
	r.expectation(n, fields, &c)
	var arguments map[string]string
	if f, given := fields[keyArguments]; given {
		arguments = r.arguments(f.value)
	}
	return r.operations(n, fields, c, arguments)
}

// operations returns the case for each operation of a test.
func (r *reader) operations(n *yaml.Node, fields map[string]field, c Case, arguments map[string]string) []Case {
	one, isOne := fields[keyOperation]
	several, isSeveral := fields[keyOperations]
	switch {
	case isOne && isSeveral:
		r.fail(several.key, keyOperations, "the test has operation and operations", "keep one of the two")
		return nil
	case isOne:
		return r.operation(one.value, c, arguments, false)
	case !isSeveral:
		r.fail(n, "", "the test does not say what is asked for", fixOperation)
		return nil
	}
	list := target(several.value)
	if list.Kind != yaml.SequenceNode || len(list.Content) == 0 {
		r.fail(several.value, shown(list), "not a list of operations", fixOperation)
		return nil
	}
	var cases []Case
	for _, element := range list.Content {
		cases = append(cases, r.operation(element, c, arguments, true)...)
	}
	return cases
}

// operation returns the case with one operation: none if there is no such operation.
func (r *reader) operation(n *yaml.Node, c Case, arguments map[string]string, several bool) []Case {
	name, ok := r.text(n)
	if !ok {
		return nil
	}
	operation, values, err := r.review.Find(name, arguments)
	if err != nil {
		r.fail(n, "", err.Error(), "")
		return nil
	}
	switch {
	case c.Name == "":
		c.Name = caller(c.Who) + ": " + name
	case several:
		c.Name += ": " + name
	}
	c.Operation, c.Values = operation, values
	return []Case{c}
}

// arguments returns what a request has for placeholders: texts, and integers as JSON writes them.
func (r *reader) arguments(n *yaml.Node) map[string]string {
	fields, _ := r.mapping(n, "write arguments: {NAME: VALUE}")
	arguments := map[string]string{}
	for name, f := range fields {
		v := target(f.value)
		switch {
		case v.Kind == yaml.ScalarNode && (v.ShortTag() == "!!str" || isInteger(v.Value)):
			arguments[name] = v.Value
		case v.Kind == yaml.ScalarNode && v.ShortTag() != "!!null":
			r.fail(f.value, v.Value, fmt.Sprintf("YAML reads this as %s; an argument here is a text or a plain integer", kindOf(v)),
				"write it in quotes if it is a text: "+strconv.QuoteToASCII(v.Value))
		default:
			r.fail(f.value, "", "this is "+kindOf(v)+", which fills no placeholder", "write a text or an integer, or leave the argument out")
		}
	}
	return arguments
}

// isInteger tells whether a text is an integer as JSON writes it, which is its only spelling.
func isInteger(text string) bool {
	n, err := strconv.ParseInt(text, 10, 64)
	return err == nil && strconv.FormatInt(n, 10) == text
}

// caller names who asks.
func caller(who authz.Principal) string {
	if who.Machine {
		return "client " + who.Client
	}
	return "user " + who.Subject
}
