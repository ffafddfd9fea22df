// Package server assembles a protected MCP server: what tools, resources and
// prompts need is declared beside them, a token says what the client was
// delegated, a policy says what the caller may do, and a call runs only if
// both allow it. Every decision is recorded.
//
// [New] checks a [Config] whole and returns every mistake in one error. [Run]
// serves on listeners of its own until its context ends; [Server.Handler] is
// for mounting in another server.
//
// A request comes from package transport with a verified caller. The gate
// decides about it by the row of its method and records the decision (gate.go,
// methods.go, completion.go, audit.go); mcp-go dispatches what was admitted; the
// guard, in front of every handler, checks that the context carries the allow
// for exactly this operation (guard.go, allow.go). What a handler leaves with the
// client while it waits for input is sealed by the guard and opened by the gate
// (rounds.go, responses.go, asking.go).
//
// Records are taken by audit.go and written by one goroutine (auditwriter.go), as
// links of a chain if that is asked for (auditchain.go), to a file that may be
// rotated (auditsink.go, auditfile.go). Where nothing may run without its record,
// the gate waits for that goroutine (auditcommit.go).
//
// Clients that listen are told of changes they may see (subscriptions.go,
// notify.go). When the policy changes or a token is revoked, everything that runs
// is asked again whether it may (withdraw.go).
//
// Run and what it holds its listeners to are in run.go and connections.go, the admin
// listener in health.go, metrics.go and administer.go.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/seal"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// Server is one protected MCP server. Use New to make one. All methods are safe
// for concurrent use.
type Server struct {
	cfg   Config
	ops   *operations
	mcp   *mcpserver.MCPServer
	store *policyStore
	audit *auditLog
	sink  io.Closer
	// sealing seals what clients carry for the server.
	sealing *seal.Keys
	// metrics are there if there is an admin listener to show them.
	metrics *metrics
	// traces are there if there is a provider of tracers.
	traces *traces

	limits      *transport.Limits // nil if they are off
	revocations *token.Revocations

	stopping atomic.Bool // told to stop: not ready any more
	ended    atomic.Bool // closed: nothing is served any more

	mu      sync.Mutex // guards what follows
	at      *mounted
	started bool
	closed  bool
	stop    context.CancelFunc
	jobs    sync.WaitGroup
}

// New checks cfg, the declarations in it and the policy files it names, and
// returns a server that is ready to be started. It reads the policy files and
// opens the audit, and nothing else outside cfg. The error is a [*ConfigError]
// with every mistake. Close a server that is neither run nor needed.
func New(cfg Config) (*Server, error) {
	wrong := &mistakes{}
	s := &Server{cfg: cfg.settle(wrong)}
	s.ops = compileOperations(&s.cfg, wrong)
	s.traces = newTraces(&s.cfg, s.ops)
	s.openAudit(wrong)
	s.loadPolicy(wrong)
	s.makeSealing(wrong)
	s.makeRevocations()
	if s.cfg.AdminAddr != "" {
		s.metrics = newMetrics(s)
	}
	s.assemble(wrong)
	if err := wrong.err(); err != nil {
		if s.sink != nil {
			_ = s.sink.Close() // nothing was written
		}
		return nil, err
	}
	if s.cfg.Made != nil {
		s.cfg.Made(s)
	}
	return s, nil
}

// makeSealing takes the keys out of the configuration, so that they are in one
// place.
func (s *Server) makeSealing(wrong *mistakes) {
	if wrong.names("sealing_keys") {
		return
	}
	keys, err := seal.New(s.cfg.SealingKeys...)
	wrong.adopt(err)
	s.sealing, s.cfg.SealingKeys = keys, nil
}

// loadPolicy reads the policy. Its findings name their own places.
func (s *Server) loadPolicy(wrong *mistakes) {
	files := policyFiles{
		model: s.cfg.Model, policy: s.cfg.Policy,
		options: authz.Options{Declared: s.ops.requirements(), Aliases: s.cfg.aliases()},
	}
	if wrong.names("issuers") {
		files.options.Aliases = nil // they are what is wrong
	}
	store, err := newPolicyStore(files, s.cfg.Logger)
	var lint *authz.LintError
	switch {
	case errors.As(err, &lint):
		for _, finding := range lint.Findings {
			wrong.adopt(errors.New(finding.String()))
		}
	default:
		wrong.adopt(err)
	}
	s.store = store
	if store != nil {
		describeUsers(s.cfg.Users, store.policy())
	}
}

// assemble puts the parts together for the default path, if the declarations
// allow it, so that a part's own check is heard before anything starts.
func (s *Server) assemble(wrong *mistakes) {
	if s.ops.catalogue == nil || s.store == nil || wrong.names("issuers", "MaxBody", "sealing_keys") {
		return
	}
	if s.cfg.embedded() && s.cfg.PublicURL == "" {
		return // the authorization server would only repeat that the URL is wrong
	}
	g := &guard{logger: s.cfg.Logger, traces: s.traces}
	g.wrap(s.ops)
	s.mcp = newMCP(&s.cfg, s.ops, g)
	s.limit(wrong)
	at, err := s.mount(DefaultPath)
	wrong.adopt(err)
	s.at = at
}

// limit makes the limits, unless they are off.
func (s *Server) limit(wrong *mistakes) {
	if s.cfg.Limits == Off {
		return
	}
	limits, err := transport.NewLimits(s.cfg.Quotas, s.cfg.Now)
	wrong.adopt(err)
	s.limits = limits
}

// Handler returns the handler of the endpoint at path, such as "/mcp", to be
// mounted at the root of a router: it serves the path, both locations of the
// resource metadata (RFC 9728 section 3.1) and, without issuers, the embedded
// authorization server; every other path is 404. The resource identifier is
// PublicURL plus path. The first call starts the work behind the handler (keys,
// audit, policy edits), which [Server.Close] ends; a later call for another
// path is an error, for tokens name the path.
func (s *Server) Handler(path string) (http.Handler, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.New("server: Handler after Close")
	}
	if path != s.at.path {
		if err := s.moveLocked(path); err != nil {
			return nil, err
		}
	}
	s.startLocked()
	return s.untilClosed(s.counted(s.traces.traced(s.at.handler))), nil
}

// untilClosed refuses what comes after Close: its decision would leave no
// record, and its token could not be known to be revoked.
func (s *Server) untilClosed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.ended.Load() {
			w.Header().Set("Cache-Control", "no-store") // what http.Error does not set
			http.Error(w, "the server has stopped", http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// moveLocked mounts the endpoint at another path than the default one.
func (s *Server) moveLocked(path string) error {
	if s.started {
		return fmt.Errorf("server: Handler(%q): the endpoint is at %s already; use one path", path, s.at.path)
	}
	if len(path) < 2 || path[0] != '/' || path[len(path)-1] == '/' || !cleanPath(path) {
		return fmt.Errorf("server: Handler(%q): not an absolute path of plain segments; use one like %s", path, DefaultPath)
	}
	at, err := s.mount(path)
	if err != nil {
		return err
	}
	s.at.close()
	s.at = at
	return nil
}

// startLocked begins the work in the background, once.
func (s *Server) startLocked() {
	if s.started {
		return
	}
	s.started = true
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.at.verifier.Start(ctx)
	s.jobs.Go(func() { s.audit.run(ctx) })
	s.jobs.Go(func() { s.store.watch(ctx) })
	at := s.at // it does not move once it has started
	s.jobs.Go(func() { s.withdraw(ctx, at) })
}

// Close ends the work in the background and writes what the audit still holds.
// Requests that come later get 503 (Service Unavailable). Those on their way
// are not waited for, as [Server.Run] does. It is safe to call more than once.
func (s *Server) Close() {
	s.stopping.Store(true)
	s.ended.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	s.at.endpoint.Drain()
	if s.stop != nil {
		s.stop()
	}
	s.at.close()
	s.jobs.Wait()
	s.audit.close()
	if err := s.sink.Close(); err != nil {
		s.cfg.Logger.Error("the audit could not be closed", "error", err)
	}
}

// AuditStats returns the counters of the audit.
func (s *Server) AuditStats() AuditStats { return s.audit.counts() }

// Calls returns how many requests run now, and how many of them for nobody.
func (s *Server) Calls() transport.CallStats { return s.endpoint().Calls() }

// endpoint returns the endpoint as it is mounted now.
func (s *Server) endpoint() *transport.Endpoint { return s.mountedAt().endpoint }

// PolicyRevision returns the revision of the policy in force.
func (s *Server) PolicyRevision() string { return s.store.policy().Revision() }
