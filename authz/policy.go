package authz

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Source is a file that was read: its path as findings and rules show it, and its bytes. The zero value is no file.
type Source struct {
	Name string
	Data []byte
}

// Options are what a policy has to know about the server it serves.
type Options struct {
	// Declared holds what every operation of the server needs: their scopes have implicit rows at door one, and
	// warnings name what nobody can reach. Empty is allowed; a decision then knows the scopes it asks for only.
	Declared []Requirement
	// Aliases are the aliases of the configured issuers, the first issuer's first. Empty or one: names carry no alias.
	Aliases []string
}

// Policy is a model and a policy that were read and found right. It is immutable and safe for concurrent use: what it
// remembers of its answers, a bounded number of them, changes none. A nil Policy denies everything.
type Policy struct {
	revision            string
	file                string
	aliases             []string
	rows                *ruleIndex // of both doors: no row leads from a scope to anything else, nor the other way round
	casbin              *evaluator // for door two, under another model than the textbook's; else nil
	scopes, permissions declared
	implicit            []Template // every declared scope, each once
	warnings            []Finding

	memory
}

// Compile reads a model and a policy. A zero model means the textbook model of RBAC with deny-override. The error is a
// [*LintError] that holds every error finding; warnings never refuse and are kept with the policy.
func Compile(model, policy Source, o Options) (*Policy, error) {
	p, list := compile(model, policy, o)
	if errs := only(SeverityError, list); len(errs) > 0 {
		return nil, &LintError{Findings: errs}
	}
	p.warnings = list
	return p, nil
}

// Lint returns everything that can be said against a model and a policy, errors and warnings: the model's first, each
// file in its own order. Nothing found is nil.
func Lint(model, policy Source, o Options) []Finding {
	_, list := compile(model, policy, o)
	return list
}

func compile(model, policy Source, o Options) (*Policy, []Finding) {
	inModel, inPolicy := findings{file: model.Name}, findings{file: policy.Name}
	checkAliases(o.Aliases, &inPolicy)
	defs, places := textbookModel(), map[string]place(nil)
	if model.Name != "" || len(model.Data) > 0 {
		defs, places = readModel(model.Data, &inModel)
	}
	textbook := defs.isTextbook()
	book := readPolicy(policy.Data, textbook, o.Aliases, &inPolicy)
	p := newPolicy(book, o)
	p.file, p.revision = policy.Name, revision(model.Data, policy.Data)
	checkGraph(p.rows.graph, &inPolicy)
	if !textbook && !inModel.failed() {
		p.casbin = newEvaluator(defs, book)
		tryModel(defs, places["m"], book.rules, &inModel, &inPolicy)
	}
	if !inModel.failed() && !inPolicy.failed() {
		p.warn(book, o.Declared, &inPolicy)
	}
	return p, slices.Concat(inModel.sorted(), inPolicy.sorted())
}

// checkAliases refuses aliases that could not stand for one issuer in a name.
func checkAliases(aliases []string, l *findings) {
	for i, a := range aliases {
		if len(aliases) > 1 && !isValue(a) {
			l.fail(0, 0, a, "an issuer alias that cannot stand in a name", "write 1 to 128 of the characters A-Z a-z 0-9 . _ -")
		}
		if slices.Contains(aliases[:i], a) {
			l.fail(0, 0, a, "an issuer alias for two issuers", "give each issuer an alias of its own")
		}
	}
}

func newPolicy(book rulebook, o Options) *Policy {
	p := &Policy{
		aliases:     slices.Clone(o.Aliases),
		rows:        newRuleIndex(book.rules, book.links),
		scopes:      newDeclared(o.Declared, func(r Requirement) []Template { return r.scopes }),
		permissions: newDeclared(o.Declared, func(r Requirement) []Template { return r.permissions }),
		memory:      newMemory(),
	}
	for _, need := range o.Declared {
		p.implicit = addTemplates(p.implicit, need.scopes)
	}
	return p
}

// addTemplates adds the templates that are not in the list yet.
func addTemplates(list, more []Template) []Template {
	for _, t := range more {
		if !slices.ContainsFunc(list, func(known Template) bool { return known.text == t.text }) {
			list = append(list, t)
		}
	}
	return list
}

// revision digests both files; the lengths keep a byte that moves from one to the other from going unseen.
func revision(model, policy []byte) string {
	h := sha256.New()
	for _, data := range [][]byte{model, policy} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(data))))
		h.Write(data)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// Revision returns a short digest of the bytes of model and policy, 12 hexadecimal digits; empty for a nil Policy.
func (p *Policy) Revision() string {
	if p == nil {
		return ""
	}
	return p.revision
}

// Textbook reports whether door two is decided by the textbook model, compiled; if not, Casbin itself is asked under the
// configured model, at a cost that grows with the policy.
func (p *Policy) Textbook() bool { return p != nil && p.casbin == nil }

// Warnings returns what was found that refuses nothing, in file order.
func (p *Policy) Warnings() []Finding {
	if p == nil {
		return nil
	}
	return slices.Clone(p.warnings)
}

// String names the policy by its revision; its rows stay out of logs.
func (p *Policy) String() string {
	return strings.TrimSpace(fmt.Sprintf("policy %s", p.Revision()))
}
