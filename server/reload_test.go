package server

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
)

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
	if f.mayDelete() || f.alarm.stale() {
		t.Errorf("the whole edit: may delete %v, stale %v", f.mayDelete(), f.alarm.stale())
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
	if f.alarm.stale() || !strings.Contains(f.log.String(), "hold the policy in force again") {
		t.Errorf("stale %v, log:\n%s", f.alarm.stale(), f.log)
	}
}

// TestEditsTakeEffectWithinASecond runs the watcher itself, and edits the policy
// in every way that people and programs do.
func TestEditsTakeEffectWithinASecond(t *testing.T) {
	const before, after = goodPolicy + "p, user:eve, notes, delete, allow\n", goodPolicy + bobDeletes
	at := func(f *policyFixture, when time.Time) error {
		return errors.Join(os.WriteFile(f.policy, []byte(after), 0o600), os.Chtimes(f.policy, when, when))
	}
	for name, edit := range map[string]func(f *policyFixture) error{
		"in place":            func(f *policyFixture) error { return os.WriteFile(f.policy, []byte(after), 0o600) },
		"without a final end": func(f *policyFixture) error { return os.WriteFile(f.policy, []byte(after[:len(after)-1]), 0o600) },
		"another file":        func(f *policyFixture) error { f.rename(t, f.policy, after); return nil },
		"a new file": func(f *policyFixture) error {
			return errors.Join(os.Remove(f.policy), os.WriteFile(f.policy, []byte(after), 0o600))
		},
		"a link": func(f *policyFixture) error {
			err := os.WriteFile(f.policy+".aside", []byte(after), 0o600)
			return errors.Join(err, os.Symlink(f.policy+".aside", f.policy+".link"), os.Rename(f.policy+".link", f.policy))
		},
		"long ago":      func(f *policyFixture) error { return at(f, time.Unix(0, 0)) },
		"in the future": func(f *policyFixture) error { return at(f, time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)) },
		"appended": func(f *policyFixture) error {
			file, err := os.OpenFile(f.policy, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = file.WriteString(bobDeletes)
			return errors.Join(err, file.Close())
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newPolicyFixture(t)
			f.write(t, f.policy, before)
			f.settle()
			go f.watch(t.Context())
			time.Sleep(time.Minute + time.Millisecond) //nolint:forbidigo // the bubble's clock; a look has just been
			synctest.Wait()
			if f.mayDelete() || !f.may("eve", "notes:delete") {
				t.Errorf("%s: the policy was not in force before", name)
			}
			if err := edit(f); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Second) //nolint:forbidigo // the bubble's clock
			synctest.Wait()
			if !f.mayDelete() {
				t.Errorf("%s: a second after the edit the old policy is in force", name)
			}
		})
	}
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
		time.Sleep(time.Minute + time.Millisecond) //nolint:forbidigo // the bubble's clock; a look has just been
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
	f := newPolicyFixture(t)
	vanish := func() {
		if err := os.Remove(f.policy); err != nil {
			t.Fatal(err)
		}
		f.settle()
	}
	vanish()
	f.alarmed(t, 1)
	f.write(t, f.policy, goodPolicy)
	f.settle()
	f.calm(t)
	vanish()
	f.alarmed(t, 2)
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
