package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/cli"
)

// seen is the file of an archive that holds what the person sees, and repaired the folder of what is written instead.
const (
	seen     = "seen"
	repaired = "repaired/"
)

// TestTeach makes the mistakes that people make most, each in an archive of its own in testdata/teach: what is typed
// behind "$", the files that are there, and what the person then sees. What is typed behind "repaired$", with the files
// below repaired/ in place of those with the mistake, is accepted. Read a text as somebody new to all this before it is
// written with -update: what is wrong, where, why, and what to write instead.
func TestTeach(t *testing.T) {
	paths, err := filepath.Glob("testdata/teach/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no mistakes: %v", err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		t.Run(name, func(t *testing.T) { newLesson(t, path, name).check() })
	}
}

// lesson is one mistake.
type lesson struct {
	t             *testing.T
	path, name    string
	archive       *txtar.Archive
	wrong, right  []string // lines that are typed
	taken         string   // an address at which something listens
	wrongs, fixed server.Config
}

func newLesson(t *testing.T, path, name string) *lesson {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	l := &lesson{t: t, path: path, name: name, archive: archive, taken: listener.Addr().String(), wrongs: config(), fixed: config()}
	if d, declared := declarations()[name]; declared {
		l.wrongs, l.fixed = d.wrong, d.right
	}
	for line := range strings.Lines(string(archive.Comment)) {
		if typed, is := strings.CutPrefix(line, "$ "); is {
			l.wrong = append(l.wrong, strings.TrimSpace(typed))
		} else if typed, is := strings.CutPrefix(line, "repaired$ "); is {
			l.right = append(l.right, strings.TrimSpace(typed))
		}
	}
	if len(l.wrong) == 0 || len(l.right) == 0 {
		t.Fatal("nothing is typed, or nothing repaired")
	}
	// What is not said, these say, so that two servers never meet.
	l.fixed.Addr, l.fixed.PublicURL, l.fixed.AdminAddr = "127.0.0.1:0", "http://127.0.0.1:8080", "127.0.0.1:0"
	return l
}

// widest is how long a line may be: three lines of a screen.
const widest = 3 * 80

func (l *lesson) check() {
	l.t.Helper()
	l.t.Chdir(l.t.TempDir())
	l.write("")
	code, text := l.run(l.wrongs, l.wrong)
	text = strings.ReplaceAll(text, l.taken, "$TAKEN") + fmt.Sprintf("(exit code %d)\n", code)
	l.compare(text)
	for line := range strings.Lines(text) {
		if len(line) > widest {
			l.t.Errorf("a line of %d characters, of which nobody reads the end: %s", len(line), line)
		}
	}
	if code == cli.ExitOK {
		l.t.Error("the mistake is accepted")
	}
	l.write(repaired)
	if code, text := l.run(l.fixed, l.right); code != cli.ExitOK {
		l.t.Errorf("repaired, it ends with %d:\n%s", code, text)
	}
}

// write writes the files of one folder of the archive, and a policy if it has none.
func (l *lesson) write(folder string) {
	l.t.Helper()
	if _, err := os.Stat("policy.csv"); errors.Is(err, fs.ErrNotExist) {
		l.file("policy.csv", []byte(everything))
	}
	for _, f := range l.archive.Files {
		name, inside := strings.CutPrefix(f.Name, folder)
		if inside && name != seen && !strings.Contains(name, "/") {
			l.file(name, f.Data)
		}
	}
}

func (l *lesson) file(name string, data []byte) {
	l.t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		l.t.Fatal(err)
	}
}

// run types lines and returns the exit code and the text of the last one.
func (l *lesson) run(cfg server.Config, lines []string) (int, string) {
	l.t.Helper()
	code, text := 0, ""
	for _, line := range lines {
		words := strings.Fields(strings.ReplaceAll(line, "$TAKEN", l.taken))
		var env []string
		for strings.Contains(words[0], "=") {
			env, words = append(env, words[0]), words[1:]
		}
		switch words[0] {
		case "rm":
			l.must(os.Remove(words[1]))
		case "mkdir":
			l.must(os.Mkdir(words[1], 0o700))
		case "chmod":
			mode, err := strconv.ParseUint(words[1], 8, 32)
			l.must(err)
			l.must(os.Chmod(words[2], fs.FileMode(mode)))
		case "demo":
			code, text = serveShortly(l.t, cfg, words[1:], env)
		default:
			l.t.Fatalf("nobody knows how to type %q", line)
		}
	}
	return code, text
}

func (l *lesson) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// serveShortly runs a command line, which a server that comes to serving is told to stop at once.
func serveShortly(t *testing.T, cfg server.Config, args, env []string) (int, string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	out := &untilServing{stop: stop}
	code := cli.Run(ctx, cfg, args, env, out, out)
	return code, out.text.String()
}

// untilServing keeps what is written, and stops a server at its banner.
type untilServing struct {
	mu   sync.Mutex // what serves logs in the background
	text bytes.Buffer
	stop func()
}

func (u *untilServing) Write(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if bytes.Contains(p, []byte("protected by Sallyport")) {
		u.stop()
	}
	return u.text.Write(p)
}

// compare compares what is seen with what the archive says, or writes it there.
func (l *lesson) compare(text string) {
	l.t.Helper()
	for i := range l.archive.Files {
		f := &l.archive.Files[i]
		if f.Name != seen || string(f.Data) == text {
			continue
		}
		if !*update {
			l.t.Errorf("%s (-written +seen)\n%s", l.name, cmp.Diff(string(f.Data), text))
			return
		}
		f.Data = []byte(text)
		l.must(os.WriteFile(l.path, txtar.Format(l.archive), 0o644))
		return
	}
	if l.archive.Files[len(l.archive.Files)-1].Name != seen {
		l.t.Error("the archive does not end in what is seen")
	}
}
