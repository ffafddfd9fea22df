package server

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
)

// TestListenMistakes has an answer for what keeps a process from listening.
func TestListenMistakes(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{&net.OpError{Op: "listen", Err: os.NewSyscallError("bind", syscall.EADDRINUSE)}, "something listens there already; stop it, or choose another port"},
		{&net.OpError{Op: "listen", Err: os.NewSyscallError("bind", syscall.EADDRNOTAVAIL)}, "this machine has no such address; write one that it has, or 127.0.0.1"},
		{&net.OpError{Op: "listen", Err: os.NewSyscallError("bind", syscall.EACCES)}, "this process may not listen there; choose a port from 1024 on"},
		{&net.OpError{Op: "listen", Err: errors.New("no such host")}, "no such host; choose another address"},
		{errors.New("odd"), "odd; choose another address"},
	} {
		if reason, fix := listenMistake(tt.err); reason+"; "+fix != tt.want {
			t.Errorf("%v: %s; %s, want %s", tt.err, reason, fix, tt.want)
		}
	}
}
