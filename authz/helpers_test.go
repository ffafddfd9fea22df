package authz

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var (
	update   = flag.Bool("update", false, "rewrite golden files")
	seedFlag = flag.Uint64("seed", 0, "seed of the random tests; 0 draws one, which is printed")
)

// need builds a Requirement from "scope,scope" and "permission,permission".
func need(t testing.TB, scopes, permissions string) Requirement {
	t.Helper()
	r, err := NewRequirement(list(scopes), list(permissions), false)
	if err != nil {
		t.Fatalf("NewRequirement(%q, %q): %v", scopes, permissions, err)
	}
	return r
}

func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// file is a file of this repository.
func file(t testing.TB, path string) Source {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return Source{Name: filepath.Base(path), Data: data}
}

func source(text string) Source { return Source{Name: "policy.csv", Data: []byte(text)} }

func modelSource(text string) Source { return Source{Name: "model.conf", Data: []byte(text)} }

func compiled(t testing.TB, model Source, policy string, o Options) *Policy {
	t.Helper()
	p, err := Compile(model, source(policy), o)
	if err != nil {
		t.Fatalf("Compile: %v", err)
	}
	return p
}

// unasked returns a copy that shares no memory with p, to be broken by a test.
func unasked(p *Policy) *Policy {
	fresh := *p
	fresh.memory = newMemory()
	if p.casbin != nil {
		evaluator := *p.casbin
		fresh.casbin = &evaluator
	}
	return &fresh
}

// forgetful returns a copy that remembers nothing.
func forgetful(p *Policy) *Policy {
	fresh := *p
	fresh.memory = memory{}
	return &fresh
}

// refused compiles what has to be refused and returns the findings.
func refused(t testing.TB, model Source, policy string, o Options) []Finding {
	t.Helper()
	_, err := Compile(model, source(policy), o)
	var lint *LintError
	if !errors.As(err, &lint) {
		t.Fatalf("Compile accepted it, err = %v", err)
	}
	return lint.Findings
}

// user is a caller with everything a decision needs.
func user(name string, scopes ...string) Principal {
	return Principal{Issuer: "https://issuer.example", Subject: name, Client: "app", Scopes: scopes}
}

func values(pairs map[string]string) Values {
	return func(name string) (string, bool) {
		v, ok := pairs[name]
		return v, ok
	}
}

func wantAllowed(t testing.TB, d Decision) {
	t.Helper()
	if !d.Allowed() || d.Door() != DoorNone {
		t.Errorf("denied: door %d, %s, permission %q, rule %q", d.Door(), d.Reason(), d.Permission(), d.Rule())
	}
}

func wantDenied(t testing.TB, d Decision, door Door, reason Reason) {
	t.Helper()
	if d.Allowed() || d.Door() != door || d.Reason() != reason {
		t.Errorf("got allowed %t, door %d, reason %s; want a denial at door %d, %s", d.Allowed(), d.Door(), d.Reason(), door, reason)
	}
}

const customModel = `[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = g(r.sub, p.sub) && MATCH
`

// custom returns the textbook model with another matcher behind the question who the caller is.
func custom(match string) Source {
	return modelSource(strings.Replace(customModel, "MATCH", match, 1))
}
