package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// parting is how long a process has to end after SIGTERM. Sallyport and the issuers need less than ten seconds.
const parting = 20 * time.Second

// process is a program that was started and writes into a file.
type process struct {
	name  string
	cmd   *exec.Cmd
	log   string
	ended chan struct{} // closed when it has ended
}

// start starts a program in dir. Its output goes to NAME.log there, and its environment is this one's without what could configure it,
// and env.
func start(ctx context.Context, name, dir string, env []string, program string, args ...string) (*process, error) {
	log, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // kc.sh is a script with a child
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = parting
	cmd.Dir = dir
	cmd.Env = append(without(os.Environ(), "SALLYPORT_", "KC_", "NODE_"), env...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{name: name, cmd: cmd, log: log.Name(), ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // why it ended is in its log
		close(p.ended)
	}()
	return p, nil
}

// stop ends the process, with what it has started, and waits for it. Stopping none, or a second time, does nothing.
func (p *process) stop() {
	if p == nil {
		return
	}
	select {
	case <-p.ended: // and its id may be somebody else's by now
		return
	default:
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(parting):
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.ended
	}
}

// until asks again and again until ready says yes, the process ends, or it has taken too long. The error has the end of the log.
func (p *process) until(ctx context.Context, limit time.Duration, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s has ended: %w\n%s", p.name, err, tail(p.log))
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %v: %w\n%s", p.name, limit, err, tail(p.log))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// tail is the end of a log.
func tail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(text[max(0, len(text)-4000):])
}

func without(environment []string, prefixes ...string) []string {
	var kept []string
next:
	for _, entry := range environment {
		for _, prefix := range prefixes {
			if strings.HasPrefix(entry, prefix) {
				continue next
			}
		}
		kept = append(kept, entry)
	}
	return kept
}

// freeAddrs returns loopback addresses with ports that nobody listens on, all different.
func freeAddrs(n int) ([]string, error) {
	var addrs []string
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close() // at the end, so that no port comes twice
		addrs = append(addrs, listener.Addr().String())
	}
	return addrs, nil
}
