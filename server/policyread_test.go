package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestReadingAgainIsReading edits a file over and over, and compares what the
// reader makes of it with a plain reading.
func TestReadingAgainIsReading(t *testing.T) {
	f := newPolicyFixture(t)
	random := rand.New(rand.NewPCG(1, 2))
	text := bytes.Repeat([]byte("0123456789abcde\n"), 4*readSpace/16)
	var last content
	for _, size := range []int{0, 1, readSpace - 1, readSpace, readSpace + 1, 2 * readSpace, len(text)} {
		for range 20 {
			now := bytes.Clone(text[:size])
			if size > 0 && random.IntN(3) > 0 {
				now[random.IntN(size)] = 'X' // and for the rest its size has changed
			}
			f.write(t, f.policy, string(now))
			read, whole := f.reader.read(last)
			if !whole || len(read.unread) > 0 || !bytes.Equal(read.policy.Data, now) {
				t.Fatalf("%d bytes were read as %d, unread %v", size, len(read.policy.Data), read.unread)
			}
			again, _ := f.reader.read(read)
			if !again.same(read) || (size > 0 && &again.policy.Data[0] != &read.policy.Data[0]) {
				t.Fatalf("%d bytes at rest were copied", size)
			}
			last = read
		}
	}
}

// TestReadingAtRestAllocatesNoCopy reads a large file that does not change.
func TestReadingAtRestAllocatesNoCopy(t *testing.T) {
	f := newPolicyFixture(t)
	f.write(t, f.policy, strings.Repeat("p, user:bob, notes, delete, allow\n", 100_000))
	last, _ := f.reader.read(content{})
	result := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			last, _ = f.reader.read(last)
		}
	})
	if got := result.AllocedBytesPerOp(); got > 4096 {
		t.Errorf("%d bytes were allocated for a file of %d, want next to none", got, len(last.policy.Data))
	}
}

// TestAPairIsReadAtOneMoment exchanges both files between the reading of one and
// of the other, in every look, and back after it: so that every look finds the
// same new model with the same old policy, which nobody ever wrote together.
func TestAPairIsReadAtOneMoment(t *testing.T) {
	f := newPolicyFixture(t)
	book, err := os.ReadFile(f.model)
	if err != nil {
		t.Fatal(err)
	}
	before := f.policyStore.policy()
	put := func(model, policy string) {
		f.rename(t, f.model, model)
		f.rename(t, f.policy, policy)
	}
	const newPolicy = goodPolicy + "p, user:bob, notes, *, deny\n" + bobDeletes
	exchange := true
	f.reader.open = func(path string) (fs.File, error) {
		if exchange && path == f.policy {
			put(string(book), newPolicy) // bob is denied, and the model knows denials
		}
		return openFile(path)
	}
	for range 3 * cutLooks {
		put(allowOnlyModel, goodPolicy+bobDeletes) // nobody is denied: both of it is right as well
		f.look()
	}
	if f.policyStore.policy() != before || f.mayDelete() || f.alarm.stale() {
		t.Fatalf("a pair is in force that nobody wrote:\n%s", f.log)
	}
	exchange = false
	put(string(book), newPolicy)
	f.settle()
	if f.policyStore.policy() == before || f.mayDelete() {
		t.Errorf("the pair is not in force:\n%s", f.log)
	}
	// Nor does a start take one.
	reader := newPolicyReader(f.reader.files)
	reader.open = func(path string) (fs.File, error) {
		if path == f.policy {
			f.rename(t, f.model, fmt.Sprintf("%s# %d\n", book, rand.Int()))
		}
		return openFile(path)
	}
	if c := reader.once(); len(c.unread) != 1 || !strings.Contains(c.unread[0].String(), "it changes all the time") {
		t.Errorf("unread: %v", c.unread)
	}
	reader.open = openFile
	if c := reader.once(); len(c.unread) != 0 {
		t.Errorf("repaired: %v", c.unread)
	}
}

// TestP02_HalfOfAPairWaitsForTheOther has a look after the first of two files was
// replaced. Both halves load, and are never in force together.
func TestP02_HalfOfAPairWaitsForTheOther(t *testing.T) {
	f := newPolicyFixture(t)
	f.rename(t, f.model, allowOnlyModel)
	f.look()
	f.rename(t, f.policy, goodPolicy+bobDeletes)
	f.look()
	if !f.policyStore.policy().Textbook() {
		t.Fatal("the new model is in force with the old policy, or before it has come to rest")
	}
	f.look()
	if f.policyStore.policy().Textbook() || !f.mayDelete() {
		t.Errorf("the pair is not in force:\n%s", f.log)
	}
}

// TestReadingIsBounded reads files that are too large, and ones that grow while
// they are read.
func TestReadingIsBounded(t *testing.T) {
	file := func(size, said int64) func(string) (fs.File, error) {
		return func(string) (fs.File, error) {
			return fakeFile{Reader: io.LimitReader(endless{}, size), size: said}, nil
		}
	}
	for name, c := range map[string]struct {
		open func(string) (fs.File, error)
		want string
	}{
		"at the limit": {file(maxPolicyFile, maxPolicyFile), ""},
		"above it":     {file(maxPolicyFile+1, maxPolicyFile+1), "it is larger than 64 MiB"},
		"above it, and not read": {func(string) (fs.File, error) {
			return fakeFile{Reader: broken{strings.NewReader("")}, size: maxPolicyFile + 1}, nil
		}, "it is larger than 64 MiB"},
		"above it without a say": {file(maxPolicyFile+1, 0), "it is larger than 64 MiB"},
		"without an end":         {func(string) (fs.File, error) { return fakeFile{Reader: endless{}}, nil }, "it is larger than 64 MiB"},
		"fails at once":          {func(string) (fs.File, error) { return fakeFile{Reader: broken{strings.NewReader("")}}, nil }, "input/output error"},
		"fails in the middle":    {func(string) (fs.File, error) { return fakeFile{Reader: broken{strings.NewReader("p, a")}}, nil }, "input/output error"},
	} {
		r := newPolicyReader(policyFiles{})
		r.open = c.open
		data, err := r.readFile("policy.csv", nil)
		if (err == nil) != (c.want == "") || (err != nil && err.Error() != c.want) || (err != nil && data != nil) {
			t.Errorf("%s: %d bytes, %v; want %q", name, len(data), err, c.want)
		}
	}
}

// TestWhatIsNoFileIsNotRead is about links to what can be opened and never ends.
func TestWhatIsNoFileIsNotRead(t *testing.T) {
	f := newPolicyFixture(t)
	for target, want := range map[string]string{"/dev/zero": "it is a device", "/dev/null": "it is a device", "/": "it is a directory"} {
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		if _, err := f.reader.readFile(link, nil); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %q", target, err, want)
		}
	}
	if _, err := f.reader.readFile(f.policy, nil); err != nil {
		t.Errorf("a file: %v", err)
	}
}

// TestFindingsOfBothFilesAreThere has neither model nor policy.
func TestFindingsOfBothFilesAreThere(t *testing.T) {
	f := newPolicyFixture(t)
	if err := errors.Join(os.Remove(f.model), os.Mkdir(f.model, 0o700), os.Remove(f.policy)); err != nil {
		t.Fatal(err)
	}
	c, whole := f.reader.read(content{})
	var got []string
	for _, finding := range c.unread {
		got = append(got, strings.TrimPrefix(finding.File, filepath.Dir(f.model)+"/")+": "+finding.Reason)
	}
	want := []string{"model.conf: the file cannot be read: it is a directory", "policy.csv: the file cannot be read: no such file or directory"}
	if !whole || !slices.Equal(got, want) {
		t.Errorf("unread: %q, want %q", got, want)
	}
}
