package server

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
)

const (
	// pollInterval is how often the policy files are looked at. An edit is
	// taken when two looks in a row read the same, so it takes effect well
	// within a second and a file that is still being written is left alone.
	pollInterval = 250 * time.Millisecond
)

// policyStore holds the policy that is in force and replaces it when its files
// change. Readers never wait, and never see half of a change.
type policyStore struct {
	files  policyFiles
	logger *slog.Logger

	startModel string // the model file the server started with, empty for none

	current atomic.Pointer[loadedPolicy]
	stale   atomic.Bool // the files hold something that does not load
	failed  atomic.Uint64

	// Only touched by the goroutine that watches.
	loaded    content // what current was compiled from
	candidate content // what the last look read
	complaint string  // what the last look could not read
	judged    bool    // the candidate was loaded or found bad already
}

// loadedPolicy is a policy with the time since when it is in force.
type loadedPolicy struct {
	policy *authz.Policy
	since  time.Time
}

// newPolicyStore loads the policy for the first time. The error is a
// [*authz.LintError].
func newPolicyStore(files policyFiles, logger *slog.Logger) (*policyStore, error) {
	s := &policyStore{files: files, logger: logger}
	policy, read, err := files.load()
	if err != nil {
		return nil, err
	}
	s.put(policy)
	s.startModel = read.model.Name
	s.loaded, s.candidate, s.judged = read, read, true
	return s, nil
}

// policy returns the policy in force.
func (s *policyStore) policy() *authz.Policy { return s.current.Load().policy }

// inForce returns the revision of the policy in force, and for how long it has
// been.
func (s *policyStore) inForce() (string, time.Duration) {
	loaded := s.current.Load()
	return loaded.policy.Revision(), time.Since(loaded.since)
}

func (s *policyStore) put(policy *authz.Policy) {
	s.current.Store(&loadedPolicy{policy: policy, since: time.Now()})
}

// watch looks at the files until ctx ends.
func (s *policyStore) watch(ctx context.Context) {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.look()
		}
	}
}

// look reads the files, and takes what it reads if the last look read the same.
// Their times and sizes are not asked first: an edit may keep both, as a file
// unpacked from an archive does, and reading a policy costs next to nothing.
func (s *policyStore) look() {
	read, err := s.files.read()
	if err != nil {
		s.unreadable(err)
		return
	}
	s.complaint = ""
	if !read.same(s.candidate) {
		s.candidate, s.judged = read, false
		return
	}
	if !s.judged {
		s.judge(read)
	}
}

// judge compiles what was read beside the policy in force and swaps it in if
// nothing is wrong with it.
func (s *policyStore) judge(read content) {
	s.judged = true
	if read.same(s.loaded) {
		if s.stale.Swap(false) {
			s.logger.Info("the policy files hold the policy in force again", "policy_revision", s.policy().Revision())
		}
		return
	}
	policy, err := authz.Compile(read.model, read.policy, s.files.options)
	if err != nil {
		s.alarm(err)
		return
	}
	before := s.policy().Revision()
	s.put(policy)
	s.loaded = read
	s.stale.Store(false)
	s.logger.Info("the policy was replaced", "policy_revision", policy.Revision(), "before", before)
	logWarnings(s.logger, policy)
}

// unreadable sounds the alarm about files that are there no more, once.
func (s *policyStore) unreadable(err error) {
	s.judged = false
	s.candidate = content{}
	if err.Error() == s.complaint {
		return
	}
	s.complaint = err.Error()
	s.alarm(err)
}

// alarm says what is wrong with the files. The policy in force stays.
func (s *policyStore) alarm(err error) {
	s.stale.Store(true)
	s.failed.Add(1)
	var lint *authz.LintError
	if !errors.As(err, &lint) {
		s.logger.Error("the policy files do not load; the last good policy stays in force", "error", err)
		return
	}
	for _, finding := range lint.Findings {
		s.logger.Error("the policy files do not load; the last good policy stays in force",
			"finding", finding.String(), "policy_revision", s.policy().Revision())
	}
}

// logWarnings tells the operator what is doubtful about a policy that loads.
func logWarnings(logger *slog.Logger, policy *authz.Policy) {
	for _, warning := range policy.Warnings() {
		logger.Warn("policy", "finding", warning.String())
	}
}
