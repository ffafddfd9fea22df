package transport

import (
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"
)

// New returns the handler of one protected MCP server: the MCP endpoint at the
// path of Config.Resource, and the protected resource metadata at its two
// well-known locations. Every other path is 404. The handler is safe for
// concurrent use and starts nothing of its own. The error joins all mistakes of
// the Config.
//
// The MCP endpoint takes a POST for every message, and for the older revisions,
// unless they are switched off, a GET for a stream and a DELETE for the end of a
// session (MCP 2026-07-28 and 2025-11-25, "Streamable HTTP"). A request is checked in this order: Host and Origin, token, method, media
// types, size, message, revision and mirrored headers, decision; nothing runs
// before all of it has passed. Pages of Config.Origins can read every answer of
// the endpoint after the check of the Host, and pages of any origin the metadata
// (Fetch, "CORS protocol"); a preflight is answered where the token is asked for
// otherwise.
func New(c Config) (*Endpoint, error) {
	s, err := c.check()
	if err != nil {
		return nil, err
	}
	e := &endpoint{
		settings: s, metadata: encodeMetadata(s), pulse: newPulse(), drain: newFlag(), halt: newFlag(),
		sessions: newSessions(s.Seal, s.Resource, s.Now), hub: newHub(),
	}
	return &Endpoint{handler: closeIfDoubtful(hurryIfUseless(e.identify(e.routes()))), inner: e}, nil
}

// endpoint is what is behind the handler.
type endpoint struct {
	settings
	metadata []byte
	pulse    *pulse
	drain    *flag // streams end
	halt     *flag // calls end
	running  running
	sessions *sessions
	hub      *hub
}

// routes puts the middlewares in the order of the checks.
func (e *endpoint) routes() http.Handler {
	r := chi.NewRouter()
	own := func(host string) bool { return slices.Contains(e.Hosts, host) }
	r.Use(secureHeaders, e.recoverPanics, e.checkHost(own))
	mcp := chi.Chain(e.checkOrigin, e.answerPreflight, e.authenticate, e.checkMethod).HandlerFunc(e.serveMCP)
	r.NotFound(e.notFound)
	r.MethodNotAllowed(e.methodUnknown(mcp))
	r.HandleFunc(e.metadataRoot, e.serveMetadata)
	if e.metadataPath != e.metadataRoot {
		r.HandleFunc(e.metadataPath, e.serveMetadata)
	}
	r.Handle(e.path, mcp)
	return r
}

func (e *endpoint) notFound(w http.ResponseWriter, r *http.Request) {
	e.refuse(w, r, nil, plain(http.StatusNotFound, CodeInvalidRequest, "not found", "unknown_path"))
}

// methodUnknown answers a method that the router has never heard of, whatever
// the path. Such a method is no way around the checks of the MCP endpoint.
func (e *endpoint) methodUnknown(mcp http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.EscapedPath() {
		case e.path:
			mcp.ServeHTTP(w, r)
		case e.metadataRoot, e.metadataPath:
			e.refuse(w, r, nil, methodNotAllowed(metadataMethods))
		default:
			e.notFound(w, r)
		}
	}
}
