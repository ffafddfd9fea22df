package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// stage is a running example, the recorder in front of it, and bob at a browser.
type stage struct {
	origin   string // of the recorder, which the example takes for its own
	person   string // where to POST an address for bob to open
	deny     string // where to POST to take a right from bob
	recorder *recorder
	bob      *person
	log      *journal
	closers  []func()
}

// setStage starts the example anew, so that no client finds what another has registered or consented to. The caller closes it.
func setStage(ctx context.Context, example, root, dir string) (*stage, error) {
	backend, err := freeAddr()
	if err != nil {
		return nil, err
	}
	bob, err := newPerson("bob")
	if err != nil {
		return nil, err
	}
	s := &stage{recorder: newRecorder(&url.URL{Scheme: "http", Host: backend}), bob: bob}
	if s.origin, err = s.serve(s.recorder); err != nil {
		return nil, err
	}
	if s.person, err = s.serve(bob); err != nil {
		s.close()
		return nil, err
	}
	d := &denier{policy: filepath.Join(dir, "policy.csv"), log: &journal{}}
	s.log = d.log
	if s.deny, err = s.serve(d); err != nil {
		s.close()
		return nil, err
	}
	if err := s.startExample(ctx, example, root, backend, d); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// close ends the example first and the listeners last.
func (s *stage) close() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
}

// serve opens a loopback listener on a free port and returns its origin.
func (s *stage) serve(handler http.Handler) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	s.closers = append(s.closers, func() { _ = server.Close() })
	return "http://" + listener.Addr().String(), nil
}

func (s *stage) startExample(ctx context.Context, example, root, addr string, d *denier) error {
	policy, err := os.ReadFile(filepath.Join(root, "policy.csv"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.policy, policy, 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, example)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 15 * time.Second
	cmd.Dir = root
	cmd.Env = append(without(os.Environ(), "SALLYPORT_"), "SALLYPORT_ADDR="+addr, "SALLYPORT_PUBLIC_URL="+s.origin,
		"SALLYPORT_POLICY="+d.policy,
		"SALLYPORT_ADMIN_ADDR=", "SALLYPORT_AUDIT=file:"+os.DevNull)
	cmd.Stdout, cmd.Stderr = d.log, d.log
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	s.closers = append(s.closers, func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	if err := waitUntilUp(ctx, "http://"+addr); err != nil {
		s.close()
		s.closers = nil
		return fmt.Errorf("the example does not answer: %w\n%s", err, d.log)
	}
	return nil
}

func without(environment []string, prefixes ...string) []string {
	var kept []string
	for _, entry := range environment {
		if !hasAnyPrefix(entry, prefixes) {
			kept = append(kept, entry)
		}
	}
	return kept
}

func hasAnyPrefix(entry string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(entry, prefix) {
			return true
		}
	}
	return false
}

func freeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// waitUntilUp asks for the backend's address as such, so that nothing of it is recorded.
func waitUntilUp(ctx context.Context, origin string) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "tcp", strings.TrimPrefix(origin, "http://"))
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
