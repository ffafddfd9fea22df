//go:build unix

package server

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestP02_APipeKeepsNobodyWaiting puts a pipe and a socket in the place of the
// policy, and a pipe that only comes when a file was seen there.
func TestP02_APipeKeepsNobodyWaiting(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for name, c := range map[string]struct {
		path, want string
		open       func(string) (fs.File, error)
	}{
		"a pipe":             {pipe, "it is a pipe", openFile},
		"a pipe at the last": {pipe, "it is a pipe", openNow},
		"a socket":           {socket, "it is no regular file", openFile},
	} {
		f := newPolicyFixture(t)
		f.reader.open = c.open
		if err := os.Rename(f.policy, f.policy+".kept"); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(c.path, f.policy); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			f.settle()
		}()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: the watcher hangs", name)
		}
		f.alarmed(t, 1)
		if !strings.Contains(f.log.String(), c.want) {
			t.Errorf("%s: want %q in the log:\n%s", name, c.want, f.log)
		}
		if err := os.Rename(f.policy+".kept", f.policy); err != nil {
			t.Fatal(err)
		}
		f.settle()
		f.calm(t)
	}
}
