package server

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
)

const goodPolicy = "p, anyone, echo, use, allow\n"

// policyFixture is a policy store over files that a test may edit.
type policyFixture struct {
	*policyStore
	model, policy string
	log           *strings.Builder
}

func newPolicyFixture(t *testing.T) *policyFixture {
	t.Helper()
	dir := t.TempDir()
	f := &policyFixture{model: filepath.Join(dir, "model.conf"), policy: filepath.Join(dir, "policy.csv"), log: &strings.Builder{}}
	f.write(t, f.policy, goodPolicy)
	copyFile(t, "../model.conf", f.model)
	store, err := newPolicyStore(policyFiles{model: f.model, policy: f.policy}, slog.New(slog.NewTextHandler(f.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	f.policyStore = store
	return f
}

func (f *policyFixture) write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// settle looks until an edit has been taken or refused.
func (f *policyFixture) settle() {
	f.look()
	f.look()
}

func (f *policyFixture) mayDelete() bool {
	need, err := authz.NewRequirement([]string{"notes:delete"}, nil, false)
	if err != nil {
		return false
	}
	who := authz.Principal{Subject: "bob", Client: "c", Scopes: []string{"notes:delete"}}
	return f.policyStore.policy().Decide(who, need, nil).Allowed()
}

func TestP01_NoPolicyNoStart(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "policy.csv")
	for name, text := range map[string]string{"empty": "", "comments only": "# nothing\n\n", "white space": " \n\t\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := newPolicyStore(policyFiles{policy: path}, quiet())
		var lint *authz.LintError
		if !errors.As(err, &lint) || lint.Findings[0].File != path {
			t.Errorf("%s: %v, want a finding that names the file", name, err)
		}
	}
	if _, err := newPolicyStore(policyFiles{policy: filepath.Join(dir, "none.csv")}, quiet()); err == nil {
		t.Error("a policy that does not exist was loaded")
	}
	if err := os.WriteFile(path, []byte(goodPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := newPolicyStore(policyFiles{policy: path}, quiet()); err != nil {
		t.Errorf("repaired: %v", err)
	}
}

// TestP02_ABadEditChangesNothing breaks the files in every way and repairs
// them. The policy in force must be the last good one throughout.
func TestP02_ABadEditChangesNothing(t *testing.T) {
	const better = goodPolicy + "p, user:bob, notes, delete, allow\n"
	contents := map[string]string{
		"syntax":        better + "p, user:bob\n",
		"columns":       better + "p, user:bob, a, b, allow, more\n",
		"unknown type":  better + "q, user:bob, a, b, allow\n",
		"effect":        better + "p, user:eve, a, b, Deny\n",
		"BOM":           "\ufeff" + better,
		"CR only":       strings.ReplaceAll(better, "\n", "\r"),
		"long line":     better + "#" + strings.Repeat("x", 70_000) + "\n",
		"empty":         "",
		"comments only": "# all gone\n",
		"partial write": better[:len(better)-9],
	}
	damages := map[string]func(f *policyFixture) error{
		"deleted":     func(f *policyFixture) error { return os.Remove(f.policy) },
		"a directory": func(f *policyFixture) error { return errors.Join(os.Remove(f.policy), os.Mkdir(f.policy, 0o700)) },
		"symlink to something bad": func(f *policyFixture) error {
			err := os.WriteFile(f.policy+".bad", []byte(better+"p, user:bob\n"), 0o600)
			return errors.Join(err, os.Remove(f.policy), os.Symlink(f.policy+".bad", f.policy))
		},
		"model": func(f *policyFixture) error {
			err := os.WriteFile(f.policy, []byte(better), 0o600)
			return errors.Join(err, os.WriteFile(f.model, []byte("[matchers]\nm = true\n"), 0o600))
		},
		"model deleted": func(f *policyFixture) error {
			return errors.Join(os.WriteFile(f.policy, []byte(better), 0o600), os.Remove(f.model))
		},
	}
	for name, text := range contents {
		damages[name] = func(f *policyFixture) error { return os.WriteFile(f.policy, []byte(text), 0o600) }
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			f := newPolicyFixture(t)
			before := f.policyStore.policy().Revision()
			if err := damage(f); err != nil {
				t.Fatal(err)
			}
			f.settle()
			if got := f.policyStore.policy().Revision(); got != before || f.mayDelete() {
				t.Fatalf("revision %s is in force after a bad edit, want %s", got, before)
			}
			if !f.stale.Load() || f.failed.Load() != 1 || !strings.Contains(f.log.String(), "level=ERROR") {
				t.Fatalf("stale %v, %d failures, log:\n%s\nwant an alarm", f.stale.Load(), f.failed.Load(), f.log)
			}
			f.settle()
			if f.failed.Load() != 1 {
				t.Errorf("%d alarms for one bad edit, want one", f.failed.Load())
			}
			if err := os.RemoveAll(f.policy); err != nil {
				t.Fatal(err)
			}
			f.write(t, f.policy, better)
			copyFile(t, "../model.conf", f.model)
			f.settle()
			if !f.mayDelete() || f.stale.Load() {
				t.Errorf("repaired: may delete %v, stale %v:\n%s", f.mayDelete(), f.stale.Load(), f.log)
			}
		})
	}
}

func TestReloadTakesTheSameBytesTwiceBeforeItActs(t *testing.T) {
	f := newPolicyFixture(t)
	half := goodPolicy + "p, user:bob, notes, delete, allow\n"
	f.write(t, f.policy, half)
	f.look()
	if f.mayDelete() {
		t.Fatal("half of an edit took effect")
	}
	f.write(t, f.policy, half+"p, user:bob, notes, delete, deny\n") // the writer was not done
	f.look()
	if f.mayDelete() {
		t.Fatal("half of an edit took effect after the other half was there")
	}
	f.look()
	if f.mayDelete() || f.stale.Load() {
		t.Errorf("the whole edit: may delete %v, stale %v", f.mayDelete(), f.stale.Load())
	}
	if f.policyStore.policy().Revision() == "" || !strings.Contains(f.log.String(), "the policy was replaced") {
		t.Errorf("the edit was not told:\n%s", f.log)
	}
}

func TestABadEditThatIsTakenBackIsForgotten(t *testing.T) {
	f := newPolicyFixture(t)
	f.write(t, f.policy, goodPolicy+"p, user:bob\n")
	f.settle()
	f.write(t, f.policy, goodPolicy)
	f.settle()
	if f.stale.Load() || !strings.Contains(f.log.String(), "hold the policy in force again") {
		t.Errorf("stale %v, log:\n%s", f.stale.Load(), f.log)
	}
}

// TestEditsTakeEffectWithinASecond runs the watcher itself.
func TestEditsTakeEffectWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newPolicyFixture(t)
		go f.watch(t.Context())
		time.Sleep(time.Minute) //nolint:forbidigo // the bubble's clock; files are at rest by now
		if err := os.Chtimes(f.policy, time.Now(), time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		f.write(t, f.policy, goodPolicy+"p, user:bob, notes, delete, allow\n")
		time.Sleep(time.Second) //nolint:forbidigo // the bubble's clock
		synctest.Wait()
		if !f.mayDelete() {
			t.Error("a second after the edit the old policy is in force")
		}
	})
}

// TestAnEditThatKeepsTimeAndSizeIsSeen edits a file that has been at rest for
// long as an archive does that carries one fixed time for everything in it.
func TestAnEditThatKeepsTimeAndSizeIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newPolicyFixture(t)
		f.write(t, f.policy, goodPolicy+"p, user:eve, notes, delete, allow\n")
		long := time.Now().Add(-time.Hour)
		if err := os.Chtimes(f.policy, long, long); err != nil {
			t.Fatal(err)
		}
		go f.watch(t.Context())
		time.Sleep(time.Minute) //nolint:forbidigo // the bubble's clock
		synctest.Wait()
		if f.mayDelete() {
			t.Fatal("bob may delete before the edit")
		}
		f.write(t, f.policy, goodPolicy+"p, user:bob, notes, delete, allow\n")
		if err := os.Chtimes(f.policy, long, long); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) //nolint:forbidigo // the bubble's clock
		synctest.Wait()
		if !f.mayDelete() {
			t.Error("a second after the edit the old policy is in force")
		}
	})
}

// TestFilesThatVanishAgainSoundTheAlarmAgain loses the policy right after it
// came back.
func TestFilesThatVanishAgainSoundTheAlarmAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newPolicyFixture(t)
		vanish := func() {
			if err := os.Remove(f.policy); err != nil {
				t.Fatal(err)
			}
		}
		f.settle()
		vanish()
		f.settle()
		time.Sleep(time.Minute) //nolint:forbidigo // the bubble's clock
		f.write(t, f.policy, goodPolicy)
		f.settle()
		if f.stale.Load() {
			t.Fatalf("the policy is back and stale:\n%s", f.log)
		}
		vanish()
		f.settle()
		if !f.stale.Load() || f.failed.Load() != 2 {
			t.Errorf("stale %v, %d failures, want an alarm for each time it was gone", f.stale.Load(), f.failed.Load())
		}
	})
}

func TestTextbookModelIfThereIsNone(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile(DefaultPolicy, []byte(goodPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	store, err := newPolicyStore(policyFiles{}, quiet())
	if err != nil || !store.policy().Textbook() {
		t.Fatalf("without a model: %v", err)
	}
	if _, err := newPolicyStore(policyFiles{model: DefaultModel}, quiet()); err == nil {
		t.Error("a model that was configured and is missing was passed over")
	}
}
