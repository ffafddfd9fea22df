package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// denier takes a right from bob while the example runs, for clients that look at the list before they call a tool and never send what it
// does not show. After it, door two is shut for everything bob could read. The policy is the stage's own copy.
type denier struct {
	policy string // path
	log    *journal
}

// ServeHTTP answers a POST once the example says that the changed policy is in force.
func (d *denier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := d.deny(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (d *denier) deny(ctx context.Context) error {
	had, err := os.ReadFile(d.policy)
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.policy, append(had, "\np, user:bob, notes, read, deny\n"...), 0o600); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for !d.log.has("the policy was replaced") {
		select {
		case <-ctx.Done():
			return errors.New("the example did not take the changed policy")
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// journal keeps what the example writes. Safe for concurrent use.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) has(part string) bool { return strings.Contains(j.String(), part) }

// String returns everything written so far.
func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}
