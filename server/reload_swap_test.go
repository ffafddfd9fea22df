package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-mcp/sallyport/authz"
)

// volume is a directory as Kubernetes mounts a ConfigMap: the files are links
// through ..data, which is a link to a folder that is never written to again.
type volume struct {
	*policyFixture
	dir   string
	count int
}

func newVolume(t *testing.T, model, policy string) *volume {
	t.Helper()
	dir := t.TempDir()
	v := &volume{dir: dir, policyFixture: &policyFixture{
		model: filepath.Join(dir, "model.conf"), policy: filepath.Join(dir, "policy.csv"), log: &strings.Builder{},
	}}
	v.swap(t, model, policy)
	for _, name := range []string{"model.conf", "policy.csv"} {
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	v.load(t)
	return v
}

// swap fills a new folder, has ..data lead there by a rename, and removes the old one.
func (v *volume) swap(t testing.TB, model, policy string) {
	t.Helper()
	v.count++
	folder, data := fmt.Sprintf("..2026_01_01_%d", v.count), filepath.Join(v.dir, "..data")
	old, _ := os.Readlink(data) // there is none at first
	if err := os.Mkdir(filepath.Join(v.dir, folder), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"model.conf": model, "policy.csv": policy} {
		if text != "" {
			v.write(t, filepath.Join(v.dir, folder, name), text)
		}
	}
	if err := errors.Join(os.Symlink(folder, data+"_tmp"), os.Rename(data+"_tmp", data)); err != nil {
		t.Fatal(err)
	}
	if old != "" {
		if err := os.RemoveAll(filepath.Join(v.dir, old)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestP02_ASwappedLinkIsAnEdit swaps the folder that both files are in: for a good
// pair, for one that does not load, for one with a file less, and for a good one.
func TestP02_ASwappedLinkIsAnEdit(t *testing.T) {
	book, err := os.ReadFile("../model.conf")
	if err != nil {
		t.Fatal(err)
	}
	v := newVolume(t, string(book), goodPolicy)
	v.settle()
	before := v.policyStore.policy()
	v.swap(t, string(book)+"# new\n", goodPolicy+bobDeletes)
	if got := v.looksUntil(before); got != calmLooks || !v.mayDelete() {
		t.Fatalf("in force after %d looks, want %d:\n%s", got, calmLooks, v.log)
	}
	good := v.policyStore.policy()
	alarms := uint64(0)
	for _, bad := range [][2]string{
		{string(book), goodPolicy + "p, user:bob\n"},
		{"m = true\n", goodPolicy},
		{string(book), ""},
		{"", goodPolicy},
	} {
		v.swap(t, bad[0], bad[1])
		v.settle()
		if v.policyStore.policy() != good {
			t.Fatalf("%q is in force:\n%s", bad, v.log)
		}
		alarms++
		v.alarmed(t, alarms)
	}
	v.swap(t, string(book), goodPolicy)
	v.settle()
	if v.mayDelete() || v.policyStore.policy() == good {
		t.Errorf("mended, and not in force:\n%s", v.log)
	}
	v.calm(t)
}

// TestP02_ASwapWithinALookMixesNothing swaps the folder after the model was read and
// before the policy is, and back after the look, so that look after look finds the
// same two files, which were never there together.
func TestP02_ASwapWithinALookMixesNothing(t *testing.T) {
	both := editions(t)
	v := newVolume(t, both[0].model, both[0].policy)
	v.reader.open = func(path string) (fs.File, error) {
		if path == v.policy {
			v.swap(t, both[1].model, both[1].policy)
		}
		return openFile(path)
	}
	for range restlessLooks - 1 {
		v.swap(t, both[0].model, both[0].policy)
		if v.look(); v.policyStore.policy().Revision() != both[0].revision {
			t.Fatalf("revision %s is in force:\n%s", v.policyStore.policy().Revision(), v.log)
		}
	}
	v.reader.open = openFile
	v.swap(t, both[1].model, both[1].policy)
	v.settle()
	if got := v.policyStore.policy().Revision(); got != both[1].revision {
		t.Errorf("revision %s is in force, want %s:\n%s", got, both[1].revision, v.log)
	}
}

// TestP25_NoRevocationIsLost has eight administrators revoke at the same time, each by
// a file put aside and renamed, while the store looks. Every one of them also leaves
// behind half a file that was never renamed. Who was revoked once stays it, and in the
// end all are.
func TestP25_NoRevocationIsLost(t *testing.T) {
	const administrators, each = 8, 10
	f := newPolicyFixture(t)
	f.write(t, f.policy, goodPolicy+"p, anyone, notes, delete, allow\n")
	f.settle()
	var writing sync.Mutex // what administrators have among them: a lock, a repository
	revoke := func(user string) error {
		writing.Lock()
		defer writing.Unlock()
		text, err := os.ReadFile(f.policy)
		if err != nil {
			return err
		}
		next := string(text) + "p, user:" + user + ", *, *, deny\n"
		aside := f.policy + "." + user
		err = errors.Join(os.WriteFile(aside, []byte(next), 0o600), os.Rename(aside, f.policy))
		return errors.Join(err, os.WriteFile(aside, []byte(next[:len(next)/2]), 0o600))
	}
	var group sync.WaitGroup
	for a := range administrators {
		group.Go(func() {
			for n := range each {
				if err := revoke(fmt.Sprintf("u%d-%d", a, n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { group.Wait(); close(ended) }()
	revoked := map[string]bool{}
	sweep := func() {
		policy := f.policyStore.policy()
		for a := range administrators {
			for n := range each {
				user := fmt.Sprintf("u%d-%d", a, n)
				denied := !decide(policy, user, "notes:delete").Allowed()
				if revoked[user] && !denied {
					t.Fatalf("%s was revoked, and is so no more by %s", user, policy)
				}
				revoked[user] = denied
			}
		}
	}
	for looking := true; looking; {
		select {
		case <-ended:
			looking = false
		default:
			f.look()
			sweep()
		}
	}
	written, err := os.ReadFile(f.policy)
	if err != nil {
		t.Fatal(err)
	}
	f.settle()
	sweep()
	for user, denied := range revoked {
		if !denied {
			t.Errorf("the revocation of %s was lost", user)
		}
	}
	if now, err := os.ReadFile(f.policy); err != nil || string(now) != string(written) || len(revoked) != administrators*each {
		t.Errorf("the store wrote to the policy, or it is gone: %v", err)
	}
	if !decide(f.policyStore.policy(), "somebody", "notes:delete").Allowed() || f.alarm.failed.Load() != 0 {
		t.Errorf("who was not revoked is denied, or there were alarms:\n%s", f.log)
	}
}

// TestP25_NothingChangesAPolicyButItsFile looks for methods that would: of a policy any
// that changes something, of a server those that change something of a policy.
func TestP25_NothingChangesAPolicyButItsFile(t *testing.T) {
	const verbs = `^(Add|Remove|Delete|Update|Set|Save|Clear|Load|Enable|Put|Grant|Revoke)`
	changes, ofPolicy := regexp.MustCompile(verbs), regexp.MustCompile(verbs+`.*(Polic|Rule|Role|Row|Permission)`)
	for of, check := range map[any]*regexp.Regexp{&authz.Policy{}: changes, &Server{}: ofPolicy} {
		kind := reflect.TypeOf(of)
		for method := range kind.Methods() {
			if check.MatchString(method.Name) {
				t.Errorf("%v has %s", kind, method.Name)
			}
		}
		if !check.MatchString("AddPolicy") || !check.MatchString("RemoveRoleForUser") {
			t.Errorf("the check of %v finds nothing", kind)
		}
	}
}
