package server

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/authz"
)

const (
	goodPolicy = "p, anyone, echo, use, allow\n"
	bobDeletes = "p, user:bob, notes, delete, allow\n"
)

// policyFixture is a policy store over files that a test may edit.
type policyFixture struct {
	*policyStore
	model, policy string
	log           *strings.Builder
}

func newPolicyFixture(t testing.TB) *policyFixture {
	t.Helper()
	dir := t.TempDir()
	f := &policyFixture{model: filepath.Join(dir, "model.conf"), policy: filepath.Join(dir, "policy.csv"), log: &strings.Builder{}}
	f.write(t, f.policy, goodPolicy)
	copyFile(t, "../model.conf", f.model)
	f.load(t)
	return f
}

// load makes the store.
func (f *policyFixture) load(t testing.TB) {
	t.Helper()
	store, err := newPolicyStore(policyFiles{model: f.model, policy: f.policy}, slog.New(slog.NewTextHandler(f.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	f.policyStore = store
}

func (f *policyFixture) write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// rename puts a file in the place of another, as editors do.
func (f *policyFixture) rename(t testing.TB, path, text string) {
	t.Helper()
	f.write(t, path+".new", text)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// look is one look at the files.
func (s *policyStore) look() { s.consider(s.reader.read(s.found)) }

// settle looks until an edit of any kind has been taken or refused.
func (s *policyStore) settle() {
	for range cutLooks {
		s.look()
	}
}

// failing has every file of a path fail to open.
func (f *policyFixture) failing(path string, err error) {
	f.reader.open = func(name string) (fs.File, error) {
		if name == path {
			return nil, &fs.PathError{Op: "open", Path: name, Err: err}
		}
		return openFile(name)
	}
}

// may tells whether a user may do something under the policy in force, with a
// client that was delegated it.
func (s *policyStore) may(user, permission string) bool {
	return decide(s.policy(), user, permission).Allowed()
}

func decide(policy *authz.Policy, user, permission string) authz.Decision {
	need, err := authz.NewRequirement([]string{permission}, nil, false)
	if err != nil {
		panic(err)
	}
	return policy.Decide(authz.Principal{Subject: user, Client: "c", Scopes: []string{permission}}, need, nil)
}

func (s *policyStore) mayDelete() bool { return s.may("bob", "notes:delete") }

// allowOnlyModel is a model that Casbin decides by: no row denies under it.
const allowOnlyModel = `[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && keyMatch(r.obj, p.obj) && keyMatch(r.act, p.act)
`
