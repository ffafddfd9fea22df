package server

import (
	"context"
	"time"
)

// withdrawInterval is how often it is looked whether rights were withdrawn, from
// requests that run and streams that are open. Looking costs two loads.
const withdrawInterval = 50 * time.Millisecond

// withdraw has what runs checked again whenever the policy was replaced or tokens
// were revoked, until ctx ends.
func (s *Server) withdraw(ctx context.Context, at *mounted) {
	ticker := time.NewTicker(withdrawInterval)
	defer ticker.Stop()
	policy, revocations := s.store.policy(), s.revocationCount(at)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		policyNow, revocationsNow := s.store.policy(), s.revocationCount(at)
		if policyNow != policy || revocationsNow != revocations {
			policy, revocations = policyNow, revocationsNow
			at.endpoint.Recheck()
		}
	}
}
