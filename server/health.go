package server

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"

	"github.com/sallyport-mcp/sallyport/internal/loopback"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// readiness is the answer of /readyz. It holds nothing secret: it may be read
// by whoever reaches the admin listener.
type readiness struct {
	Ready bool `json:"ready"`
	// Reasons say why the server is not ready.
	Reasons []string `json:"reasons,omitempty"`
	// Notes are worth an operator's look but do not take a replica out of
	// service: all of them would be gone at once.
	Notes []string `json:"notes,omitempty"`
	// PolicyRevision is that of the policy in force.
	PolicyRevision string `json:"policy_revision"`
	// PolicyEvaluator is what decides door two under it.
	PolicyEvaluator Evaluator `json:"policy_evaluator"`
}

// readiness tells whether requests can be decided.
func (s *Server) readiness() readiness {
	policy := s.store.policy()
	r := readiness{PolicyRevision: policy.Revision(), PolicyEvaluator: evaluatorOf(policy)}
	if s.stopping.Load() {
		r.Reasons = append(r.Reasons, "stopping")
	}
	for _, err := range flatten(s.verifier().Ready()) {
		r.Reasons = append(r.Reasons, err.Error())
	}
	if why := s.store.alarm.note(); why != "" {
		r.Notes = append(r.Notes, "policy stale: "+why+"; the last good policy is in force")
	}
	switch {
	case !s.audit.down.Load():
	case s.audit.strict:
		r.Reasons = append(r.Reasons, "the audit cannot be written")
	default:
		r.Notes = append(r.Notes, "the audit cannot be written")
	}
	if s.AuditStats().Lost > 0 {
		r.Notes = append(r.Notes, "audit records were lost")
	}
	r.Ready = len(r.Reasons) == 0
	return r
}

// verifier returns the verifier of the endpoint as it is mounted now.
func (s *Server) verifier() *token.Verifier { return s.mountedAt().verifier }

// keyStates returns the state of every issuer's keys.
func (s *Server) keyStates() []token.KeyState { return s.verifier().KeyStates() }

// adminHandler serves /healthz, /readyz and, if there is an admin listener,
// /metrics. Every other path is 404, and nothing behind it reaches the MCP
// endpoint. On a loopback address it answers to names of this machine only.
func (s *Server) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		state := s.readiness()
		status := http.StatusOK
		if !state.Ready {
			status = http.StatusServiceUnavailable
		}
		writeJSON(w, status, state)
	})
	mux.Handle("/revocations", s.administered(http.HandlerFunc(s.serveRevocations)))
	if s.metrics != nil {
		mux.Handle("GET /metrics", s.metrics.handler(s.cfg.Logger))
	}
	return s.endpoint().Aside(s.adminHost, mux)
}

// adminHost tells whether the admin listener answers to a Host. What listens on
// loopback means to be for this machine, but a page in a browser there can have a name
// of its own resolved to it. Where it listens is for others to reach, there is no
// telling by what names they know it. Probes without a Host are no pages.
func (s *Server) adminHost(host string) bool {
	listens, _, err := net.SplitHostPort(s.cfg.AdminAddr)
	if host == "" || err != nil || !loopback.Is(listens) {
		return true
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return loopback.Is(strings.Trim(host, "[]"))
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the caller is gone if this fails
}
