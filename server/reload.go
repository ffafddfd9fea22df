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
	// pollInterval is how often the policy files are looked at.
	pollInterval = 250 * time.Millisecond
	// calmLooks is how many looks in a row have to find the same before it
	// counts: a file that somebody is writing is left alone.
	calmLooks = 2
	// cutLooks is how many it takes if what they find may be cut off. The last of
	// them comes 750 ms after the edit at the latest.
	cutLooks = 3
	// restlessLooks is after how many looks that never find the same twice
	// somebody should know: ten seconds of them.
	restlessLooks = 40
)

// policyStore holds the policy that is in force and replaces it when its files
// change. Readers never wait, and never see half of a change.
type policyStore struct {
	reader   *policyReader
	compile  compiler
	logger   *slog.Logger
	interval time.Duration // between looks

	startModel string // the model file the server started with, empty for none

	current atomic.Pointer[loadedPolicy]
	alarm   policyAlarm

	// Only touched by the goroutine that watches.
	loaded   content // what current was compiled from
	refused  content // what the alarm is about
	found    content // what the last look found
	looks    int     // how many in a row have found it
	needed   int     // how many it takes
	tried    attempt // at compiling it
	restless int     // looks since it was enough of them
}

// loadedPolicy is a policy with the time since when it is in force.
type loadedPolicy struct {
	policy *authz.Policy
	since  time.Time
}

// attempt is what compiling came to.
type attempt struct {
	policy *authz.Policy
	err    error
}

// newPolicyStore loads the policy for the first time. The error is a
// [*authz.LintError], unless this program is at fault.
func newPolicyStore(files policyFiles, logger *slog.Logger) (*policyStore, error) {
	s := &policyStore{reader: newPolicyReader(files), compile: authz.Compile, logger: logger, interval: pollInterval}
	read := s.reader.once()
	policy, err := read.compile(s.compile, files.options)
	if err != nil {
		return nil, err
	}
	s.put(policy, read)
	s.found, s.needed, s.startModel = read, calmLooks, read.model.Name
	s.alarm.looked()
	return s, nil
}

// policy returns the policy in force.
func (s *policyStore) policy() *authz.Policy { return s.current.Load().policy }

// inForce returns the policy in force, and for how long it has been.
func (s *policyStore) inForce() (*authz.Policy, time.Duration) {
	loaded := s.current.Load()
	return loaded.policy, time.Since(loaded.since)
}

// put has a policy take effect.
func (s *policyStore) put(policy *authz.Policy, read content) {
	s.current.Store(&loadedPolicy{policy: policy, since: time.Now()})
	s.loaded, s.refused = read, content{}
	s.reader.needModel = s.reader.needModel || read.model.Name != ""
}

// watch looks at the files until ctx ends. It goes by a timer alone and asks for
// no time of day, neither the clock's nor that of a file.
func (s *policyStore) watch(ctx context.Context) {
	s.alarm.looked()
	timer := time.NewTimer(s.interval)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		read, whole := s.reader.read(s.found)
		timer.Reset(s.interval) // the time it takes to compile is time for the files to rest
		s.consider(read, whole)
		s.alarm.looked()
	}
}

// consider takes what a look found if enough looks have found the same. It is
// compiled beside the policy in force before that is known, so that a large one
// is ready when its time has come.
func (s *policyStore) consider(read content, whole bool) {
	if !whole || !read.same(s.found) {
		s.found, s.looks, s.tried = read, 0, attempt{}
	}
	if whole {
		s.looks++
	}
	switch s.looks {
	case 1:
		s.try(read)
	case s.needed:
		s.judge(read)
	}
	s.restless++
	if s.looks >= s.needed {
		s.restless = 0
	}
	if s.restless == restlessLooks {
		s.refused = content{}
		s.alarm.sound(s.logger, errors.New("they change all the time"), s.policy())
	}
}

// try compiles what is seen for the first time, unless it is known.
func (s *policyStore) try(read content) {
	s.needed = calmLooks
	if read.mayBeCut(s.loaded) {
		s.needed = cutLooks
	}
	if !read.same(s.loaded) && !read.same(s.refused) {
		s.tried = s.attempt(read)
	}
}

func (s *policyStore) attempt(read content) attempt {
	policy, err := read.compile(s.compile, s.reader.files.options)
	return attempt{policy, err}
}

// judge swaps in what has come to rest, or sounds the alarm.
func (s *policyStore) judge(read content) {
	switch {
	case read.same(s.loaded):
		s.refused = content{}
		s.mended("the policy files hold the policy in force again")
		return
	case read.same(s.refused):
		return // it is no news: somebody has written the same once more
	}
	tried := s.tried
	s.tried = attempt{}
	if tried.policy == nil && tried.err == nil {
		tried = s.attempt(read)
	}
	if tried.err != nil {
		s.refused = read
		s.alarm.sound(s.logger, tried.err, s.policy())
		return
	}
	s.replace(tried.policy, read)
}

func (s *policyStore) replace(policy *authz.Policy, read content) {
	before := s.policy().Revision()
	s.put(policy, read)
	s.logger.Info("the policy was replaced", "policy_revision", policy.Revision(), "before", before, "policy_evaluator", evaluatorOf(policy))
	s.mended("the policy files load again")
	logWarnings(s.logger, policy)
}

// mended ends the alarm, if there is one.
func (s *policyStore) mended(how string) {
	if s.alarm.end() {
		s.logger.Warn("the alarm about the policy files is over", "reason", how, "policy_revision", s.policy().Revision())
	}
}

// logWarnings tells the operator what is doubtful about a policy that loads.
func logWarnings(logger *slog.Logger, policy *authz.Policy) {
	for _, warning := range policy.Warnings() {
		logger.Warn("policy", "finding", warning.String())
	}
}
