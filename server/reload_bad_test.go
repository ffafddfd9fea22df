package server

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// badEdits breaks the policy in every way that its text can be broken in. Each of
// them would let bob delete, if only it loaded.
func badEdits() map[string]string {
	const better = goodPolicy + bobDeletes
	return map[string]string{
		"syntax":              better + "p, user:bob\n",
		"columns":             better + "p, user:bob, a, b, allow, more\n",
		"unknown type":        better + "q, user:bob, a, b, allow\n",
		"effect":              better + "p, user:eve, a, b, Deny\n",
		"BOM":                 "\ufeff" + better,
		"CR only":             strings.ReplaceAll(better, "\n", "\r"),
		"long line":           better + "#" + strings.Repeat("x", 70_000) + "\n",
		"empty":               "",
		"comments only":       "# all gone\n",
		"white space only":    " \n\t\n",
		"half a row":          better[:len(better)-9],
		"half of another row": better + "p, user:eve, notes, delete, den",
	}
}

// badFiles breaks the files themselves.
func badFiles() map[string]func(f *policyFixture) error {
	const better = goodPolicy + bobDeletes
	put := func(path, text string) error { return os.WriteFile(path, []byte(text), 0o600) }
	return map[string]func(f *policyFixture) error{
		"truncated":   func(f *policyFixture) error { return os.Truncate(f.policy, 0) },
		"deleted":     func(f *policyFixture) error { return os.Remove(f.policy) },
		"a directory": func(f *policyFixture) error { return errors.Join(os.Remove(f.policy), os.Mkdir(f.policy, 0o700)) },
		"permission denied": func(f *policyFixture) error {
			f.failing(f.policy, fs.ErrPermission)
			return put(f.policy, better)
		},
		"too large": func(f *policyFixture) error {
			return errors.Join(put(f.policy, better), os.Truncate(f.policy, maxPolicyFile+1))
		},
		"a link to something bad": func(f *policyFixture) error {
			return errors.Join(put(f.policy+".bad", better+"p, user:bob\n"), os.Remove(f.policy), os.Symlink(f.policy+".bad", f.policy))
		},
		"a link to nothing": func(f *policyFixture) error {
			return errors.Join(os.Remove(f.policy), os.Symlink(f.policy+".gone", f.policy))
		},
		"a link to itself": func(f *policyFixture) error { return errors.Join(os.Remove(f.policy), os.Symlink(f.policy, f.policy)) },
		"model": func(f *policyFixture) error {
			return errors.Join(put(f.policy, better), put(f.model, "[matchers]\nm = true\n"))
		},
		"half a model": func(f *policyFixture) error {
			text, err := os.ReadFile(f.model)
			return errors.Join(err, put(f.policy, better), put(f.model, string(text[:len(text)/2])))
		},
		"empty model":   func(f *policyFixture) error { return errors.Join(put(f.policy, better), os.Truncate(f.model, 0)) },
		"model deleted": func(f *policyFixture) error { return errors.Join(put(f.policy, better), os.Remove(f.model)) },
		"model denied": func(f *policyFixture) error {
			f.failing(f.model, fs.ErrPermission)
			return put(f.policy, better)
		},
	}
}

// TestP01_P02_ABadEditChangesNothing breaks the files in every way and repairs
// them. The policy in force is the last good one throughout: it goes on to allow
// what it allowed, and to deny the rest.
func TestP01_P02_ABadEditChangesNothing(t *testing.T) {
	damages := badFiles()
	for name, text := range badEdits() {
		damages[name] = func(f *policyFixture) error { return os.WriteFile(f.policy, []byte(text), 0o600) }
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			f := newPolicyFixture(t)
			before := f.policyStore.policy()
			if err := damage(f); err != nil {
				t.Fatal(err)
			}
			for range cutLooks {
				f.look()
				if f.policyStore.policy() != before || f.mayDelete() || !f.may("bob", "echo:use") {
					t.Fatalf("revision %s is in force after a bad edit, want %s", f.policyStore.policy().Revision(), before.Revision())
				}
			}
			f.alarmed(t, 1)
			for range 2 * cutLooks {
				f.look()
			}
			f.alarmed(t, 1)
			f.reader.open = openFile
			if err := os.RemoveAll(f.policy); err != nil {
				t.Fatal(err)
			}
			f.write(t, f.policy, goodPolicy+bobDeletes)
			copyFile(t, "../model.conf", f.model)
			f.settle()
			if !f.mayDelete() {
				t.Errorf("repaired, and not in force:\n%s", f.log)
			}
			f.calm(t)
		})
	}
}

// alarmed expects the alarm to be on, and to have been sounded so often: in the
// log, in the metrics and in the word for /readyz, which tells nothing of the policy.
func (f *policyFixture) alarmed(t *testing.T, times uint64) {
	t.Helper()
	note := f.alarm.note()
	if !f.alarm.stale() || f.alarm.failed.Load() != times || !strings.Contains(f.log.String(), "level=ERROR") {
		t.Fatalf("note %q, %d failures, want an alarm and %d; log:\n%s", note, f.alarm.failed.Load(), times, f.log)
	}
	if strings.Contains(note, "bob") || (!strings.Contains(note, f.policy) && !strings.Contains(note, f.model)) {
		t.Errorf("note %q, want the place and nothing of what is there", note)
	}
	if got := strings.Count(f.log.String(), "level=ERROR"); uint64(got) < times {
		t.Errorf("%d errors in the log, want one for each finding:\n%s", got, f.log)
	}
}

// calm expects the alarm to be over everywhere.
func (f *policyFixture) calm(t *testing.T) {
	t.Helper()
	if f.alarm.stale() || f.alarm.note() != "" || !strings.Contains(f.log.String(), "the alarm about the policy files is over") {
		t.Errorf("note %q; log:\n%s", f.alarm.note(), f.log)
	}
}

// TestEveryFindingIsToldOnce has several findings at once, writes the same file
// again, and another one.
func TestEveryFindingIsToldOnce(t *testing.T) {
	f := newPolicyFixture(t)
	const bad = "p, user:bob, notes, delete, Deny\nq, user:bob\n"
	told := func(text string) int { return strings.Count(f.log.String(), filepath.Base(f.policy)+text) }
	for range 3 { // it is gone for a moment, and comes back as it was
		f.write(t, f.policy, bad)
		f.settle()
		f.write(t, f.policy, "")
		f.look()
	}
	f.write(t, f.policy, bad)
	f.settle()
	if told(":1:29: error: ") != 1 || told(":2:1: error: ") != 1 || strings.Count(f.log.String(), "level=ERROR") != 2 {
		t.Errorf("want two findings, each once:\n%s", f.log)
	}
	if want := "2 findings, the first at " + f.policy + ":1:29"; f.alarm.note() != want || f.alarm.failed.Load() != 1 {
		t.Errorf("note %q, %d failures; want %q, and one", f.alarm.note(), f.alarm.failed.Load(), want)
	}
	f.write(t, f.policy, goodPolicy+"q, user:bob\n")
	f.settle()
	if want := "1 finding, the first at " + f.policy + ":2:1"; f.alarm.note() != want || f.alarm.failed.Load() != 2 {
		t.Errorf("note %q, %d failures; want %q, and two", f.alarm.note(), f.alarm.failed.Load(), want)
	}
	f.write(t, f.policy, bad) // it was right in between, or at least something else
	f.settle()
	if told(":1:29: error: ") != 2 || f.alarm.failed.Load() != 3 {
		t.Errorf("a new edit was not told:\n%s", f.log)
	}
	f.write(t, f.policy, goodPolicy)
	f.settle()
	f.calm(t)
}

// TestAMissingFileIsNamed says what a finding without a line is.
func TestAMissingFileIsNamed(t *testing.T) {
	f := newPolicyFixture(t)
	if err := os.Remove(f.policy); err != nil {
		t.Fatal(err)
	}
	f.settle()
	want := "1 finding, the first at " + f.policy + ": the file cannot be read: no such file or directory"
	if got := f.alarm.note(); got != want {
		t.Errorf("note %q, want %q", got, want)
	}
}

// TestADefaultModelIsMissed has a model that nobody configured come and go.
func TestADefaultModelIsMissed(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	f := &policyFixture{model: "", policy: DefaultPolicy, log: &strings.Builder{}}
	f.write(t, DefaultPolicy, goodPolicy)
	f.load(t)
	f.settle()
	if f.alarm.stale() || f.startModel != "" {
		t.Fatalf("without a model: %q", f.alarm.note())
	}
	f.write(t, DefaultModel, allowOnlyModel)
	f.settle()
	if f.policyStore.policy().Textbook() {
		t.Fatalf("a model that came was not taken:\n%s", f.log)
	}
	if err := os.Remove(DefaultModel); err != nil {
		t.Fatal(err)
	}
	f.settle()
	if f.policyStore.policy().Textbook() || !strings.Contains(f.log.String(), "restart to go by the textbook model") {
		t.Errorf("the model was deleted, and another one decides:\n%s", f.log)
	}
	f.write(t, DefaultModel, allowOnlyModel)
	f.settle()
	f.calm(t)
}
