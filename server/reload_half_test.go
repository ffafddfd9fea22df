package server

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
)

// looksUntil looks until a policy other than before is in force, and says how often
// it took; 0 if it never came.
func (f *policyFixture) looksUntil(before *authz.Policy) int {
	for n := range 2 * cutLooks {
		if f.look(); f.policyStore.policy() != before {
			return n + 1
		}
	}
	return 0
}

// TestP02_WhatMayBeCutOffWaitsLonger writes what parses and may be half of
// something. Its twins, that end where a file ends, are taken sooner.
func TestP02_WhatMayBeCutOffWaitsLonger(t *testing.T) {
	const start = goodPolicy + bobDeletes
	for name, c := range map[string]struct {
		text string
		want int
	}{
		"a row that ends":               {start + "g, user:bob, role:ad\n", calmLooks},
		"a row that may go on":          {start + "g, user:bob, role:ad", cutLooks},
		"a row that may go on, CRLF":    {start + "g, user:bob, role:ad\r\n", calmLooks},
		"a row less":                    {goodPolicy, cutLooks},
		"a row less, and another":       {goodPolicy + "p, user:eve, notes, delete, allow\n", calmLooks},
		"nothing new but the last line": {start[:len(start)-1], cutLooks},
	} {
		f := newPolicyFixture(t)
		f.write(t, f.policy, start)
		f.settle()
		before := f.policyStore.policy()
		f.write(t, f.policy, c.text)
		if got := f.looksUntil(before); got != c.want {
			t.Errorf("%s: in force after %d looks, want %d", name, got, c.want)
		}
	}
}

// TestP02_HalfAModelWaitsLonger cuts the matcher where it still parses, and would
// let everybody do what anybody may do with anything.
func TestP02_HalfAModelWaitsLonger(t *testing.T) {
	f := newPolicyFixture(t)
	before := f.policyStore.policy()
	half, _, _ := strings.Cut(allowOnlyModel, " && keyMatch")
	f.write(t, f.model, half)
	f.look()
	f.look()
	if f.policyStore.policy() != before {
		t.Fatal("half a model is in force")
	}
	f.write(t, f.model, allowOnlyModel) // the writer goes on
	if got := f.looksUntil(before); got != calmLooks || f.policyStore.policy().Textbook() {
		t.Errorf("the whole model is in force after %d looks, want %d", got, calmLooks)
	}
	before = f.policyStore.policy()
	f.write(t, f.model, half) // and this writer was done
	if got := f.looksUntil(before); got != cutLooks {
		t.Errorf("a model that does not end is in force after %d looks, want %d", got, cutLooks)
	}
}

// TestP02_AWriterInPiecesIsWaitedFor writes a policy a piece at a time, with a look
// after each: nothing but the whole is ever in force.
func TestP02_AWriterInPiecesIsWaitedFor(t *testing.T) {
	f := newPolicyFixture(t)
	before := f.policyStore.policy()
	text := goodPolicy + bobDeletes + "p, user:bob, notes, *, deny\np, user:eve, notes, delete, allow\n"
	for at := 0; at < len(text); at += 4 { // in less than ten seconds
		f.write(t, f.policy, text[:at])
		f.look()
		if f.policyStore.policy() != before || f.alarm.stale() {
			t.Fatalf("%q did something", text[:at])
		}
	}
	f.write(t, f.policy, text)
	f.settle()
	if f.mayDelete() || !f.may("eve", "notes:delete") || f.alarm.failed.Load() != 0 {
		t.Errorf("the whole is not in force, or there was an alarm before:\n%s", f.log)
	}
}

// TestP02_AReplacementThatTakesAMomentIsNoAlarm looks in the middle of what editors
// do: the file is away, and then there is another one.
func TestP02_AReplacementThatTakesAMomentIsNoAlarm(t *testing.T) {
	f := newPolicyFixture(t)
	if err := os.Rename(f.policy, f.policy+"~"); err != nil {
		t.Fatal(err)
	}
	f.look()
	f.write(t, f.policy, goodPolicy+bobDeletes)
	f.settle()
	if !f.mayDelete() || f.alarm.failed.Load() != 0 || strings.Contains(f.log.String(), "level=ERROR") {
		t.Errorf("%d alarms:\n%s", f.alarm.failed.Load(), f.log)
	}
}

// TestFilesThatNeverRestAreToldOf writes something else before every look.
func TestFilesThatNeverRestAreToldOf(t *testing.T) {
	f := newPolicyFixture(t)
	before := f.policyStore.policy()
	for n := range 2 * restlessLooks {
		f.write(t, f.policy, goodPolicy+strings.Repeat("#\n", n+1))
		if f.look(); f.alarm.stale() != (n+1 >= restlessLooks) {
			t.Fatalf("after %d looks stale is %v", n+1, f.alarm.stale())
		}
	}
	if f.policyStore.policy() != before || f.alarm.failed.Load() != 1 || f.alarm.note() != "they change all the time" {
		t.Errorf("note %q, %d alarms; want one", f.alarm.note(), f.alarm.failed.Load())
	}
	f.settle()
	f.calm(t)
}

// TestFilesThatRestInTheEndAreJudgedAnew is about a bad edit that is told of, is
// changed all the time and comes back.
func TestFilesThatRestInTheEndAreJudgedAnew(t *testing.T) {
	f := newPolicyFixture(t)
	const bad = goodPolicy + "p, user:bob\n"
	f.write(t, f.policy, bad)
	f.settle()
	for n := range restlessLooks - 1 {
		f.write(t, f.policy, bad+strings.Repeat("#\n", n+1))
		f.look()
	}
	f.write(t, f.policy, bad) // the first look at it is the one that sounds the other alarm
	f.look()
	if f.alarm.note() != "they change all the time" {
		t.Fatalf("note %q", f.alarm.note())
	}
	f.settle()
	if !strings.HasPrefix(f.alarm.note(), "1 finding, ") {
		t.Errorf("note %q, want the finding", f.alarm.note())
	}
	f.write(t, f.policy, goodPolicy)
	f.settle()
	f.calm(t)
}

// TestCompilingIsPartOfTheWait has a policy that takes long to compile, as a large one
// does. The looks that are needed anyway do not come on top of that.
func TestCompilingIsPartOfTheWait(t *testing.T) {
	for end, longest := range map[string]time.Duration{"\n": 850 * time.Millisecond, "": 1100 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			f := newPolicyFixture(t)
			f.compile = func(model, policy authz.Source, o authz.Options) (*authz.Policy, error) {
				time.Sleep(600 * time.Millisecond) //nolint:forbidigo // the bubble's clock
				return authz.Compile(model, policy, o)
			}
			go f.watch(t.Context())
			f.write(t, f.policy, goodPolicy+bobDeletes+"# the end"+end)
			time.Sleep(longest - time.Millisecond) //nolint:forbidigo // the bubble's clock
			synctest.Wait()
			early := f.mayDelete()
			time.Sleep(2 * time.Millisecond) //nolint:forbidigo // the bubble's clock
			synctest.Wait()
			if early || !f.mayDelete() {
				t.Errorf("%q: in force before %v: %v, after it: %v", end, longest, early, f.mayDelete())
			}
		})
	}
}

// TestACompilerThatPanicsIsSurvived runs the watcher with one.
func TestACompilerThatPanicsIsSurvived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newPolicyFixture(t)
		f.compile = func(model, policy authz.Source, o authz.Options) (*authz.Policy, error) {
			if strings.Contains(string(policy.Data), "# panic") {
				panic("cannot go on")
			}
			return authz.Compile(model, policy, o)
		}
		go f.watch(t.Context())
		f.write(t, f.policy, goodPolicy+bobDeletes+"# panic\n")
		time.Sleep(time.Minute) //nolint:forbidigo // the bubble's clock
		synctest.Wait()
		log := f.log.String()
		if f.mayDelete() || !f.may("bob", "echo:use") || !strings.Contains(f.alarm.note(), "compiling the policy panicked") {
			t.Errorf("note %q, bob may delete: %v", f.alarm.note(), f.mayDelete())
		}
		if strings.Count(log, "level=ERROR") != 1 || !strings.Contains(log, `panic="cannot go on"`) || !strings.Contains(log, "reload_half_test.go") {
			t.Errorf("want one error with cause and stack:\n%s", log)
		}
		f.write(t, f.policy, goodPolicy+bobDeletes)
		time.Sleep(time.Second) //nolint:forbidigo // the bubble's clock
		synctest.Wait()
		if !f.mayDelete() {
			t.Error("nobody watches any more")
		}
		f.calm(t)
	})
}

// TestAPolicyThatCannotBeLookedAtIsToldOf has a file system that does not answer.
func TestAPolicyThatCannotBeLookedAtIsToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newPolicyFixture(t)
		var hang atomic.Pointer[chan struct{}]
		f.reader.open = func(path string) (fs.File, error) {
			if until := hang.Load(); until != nil {
				<-*until
			}
			return openFile(path)
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go f.watch(ctx)
		time.Sleep(time.Minute) //nolint:forbidigo // the bubble's clock
		synctest.Wait()
		if f.alarm.stale() {
			t.Errorf("note %q while it answers", f.alarm.note())
		}
		until := make(chan struct{})
		hang.Store(&until)
		time.Sleep(blindTime + time.Second) //nolint:forbidigo // the bubble's clock
		synctest.Wait()
		if want := "the files could not be looked at for 11 s"; f.alarm.note() != want || !f.alarm.stale() {
			t.Errorf("note %q, want %q", f.alarm.note(), want)
		}
		close(until)
		time.Sleep(time.Second) //nolint:forbidigo // the bubble's clock
		synctest.Wait()
		if f.alarm.stale() {
			t.Errorf("note %q after it answered", f.alarm.note())
		}
	})
}

// fakeFile is a file of any size that is said to have another.
type fakeFile struct {
	io.Reader
	fs.FileInfo
	size int64
}

func (f fakeFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f fakeFile) Size() int64                { return f.size }
func (f fakeFile) Mode() fs.FileMode          { return 0 }
func (f fakeFile) Close() error               { return nil }

// endless has no end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '#'
	}
	return len(p), nil
}

// broken fails after some bytes.
type broken struct{ io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = errors.New("input/output error")
	}
	return n, err
}
