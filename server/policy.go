package server

import (
	"bytes"
	"cmp"
	"runtime/debug"
	"slices"

	"github.com/sallyport-mcp/sallyport/authz"
)

// policyFiles knows where model and policy are and what they are read for.
type policyFiles struct {
	model, policy string // as configured, empty for the default
	options       authz.Options
}

// paths returns the model and the policy as findings name them.
func (f policyFiles) paths() (string, string) {
	return cmp.Or(f.model, DefaultModel), cmp.Or(f.policy, DefaultPolicy)
}

// content is both files as they were at one moment: their bytes, which never
// change, or why there are none.
type content struct {
	model, policy authz.Source
	unread        []authz.Finding
}

// same tells whether two looks found the same.
func (c content) same(other content) bool {
	return sameSource(c.model, other.model) && sameSource(c.policy, other.policy) && slices.Equal(c.unread, other.unread)
}

func sameSource(a, b authz.Source) bool { return a.Name == b.Name && bytes.Equal(a.Data, b.Data) }

// mayBeCut tells whether this may be a part of what somebody is writing over
// what is in force.
func (c content) mayBeCut(inForce content) bool {
	return mayBeCut(c.model.Data, inForce.model.Data) || mayBeCut(c.policy.Data, inForce.policy.Data)
}

// mayBeCut tells it of one file: its last line does not end, or it is a
// beginning of what was there before.
func mayBeCut(now, before []byte) bool {
	return !bytes.Equal(now, before) && (!bytes.HasSuffix(now, []byte{'\n'}) || bytes.HasPrefix(before, now))
}

// compiler makes a policy of what was read, as [authz.Compile] does.
type compiler func(model, policy authz.Source, options authz.Options) (*authz.Policy, error)

// panicked is the error of a compiler that panicked. It says so and no more: its
// cause, which may hold anything, is for the log.
type panicked struct {
	cause any
	stack []byte
}

func (p *panicked) Error() string {
	return "compiling the policy panicked, which is a fault of this program"
}

// compile makes a policy of what was read. The error is a [*authz.LintError] or a
// [*panicked].
func (c content) compile(compile compiler, options authz.Options) (*authz.Policy, error) {
	if len(c.unread) > 0 {
		return nil, &authz.LintError{Findings: c.unread}
	}
	var policy *authz.Policy
	var err error
	func() {
		defer func() {
			if cause := recover(); cause != nil {
				policy, err = nil, &panicked{cause: cause, stack: debug.Stack()}
			}
		}()
		policy, err = compile(c.model, c.policy, options)
	}()
	return policy, err
}
