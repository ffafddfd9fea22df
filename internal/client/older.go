package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// isOlder tells whether a server does not speak 2026-07-28 (MCP 2026-07-28, "Backward Compatibility"). One that does says so with
// error codes of its own, and has answered earlier requests.
func (s *session) isOlder(r *Refusal) bool {
	if s.era != modern || s.answered {
		return false
	}
	switch r.Code {
	case codeUnsupported:
		return slices.Contains(r.supported, olderRevision) || slices.Contains(r.supported, oldestRevision)
	case codeHeaderMismatch, codeMissingCapability, codeMethodNotFound, codeInvalidParams:
		return false
	}
	return slices.Contains([]int{http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotAcceptable}, r.Status)
}

// initialize begins a session of an older revision (MCP 2025-11-25, basic/lifecycle, "Initialization").
func (s *session) initialize(ctx context.Context) error {
	s.era = handshake
	result, err := s.exchange(ctx, message{method: "initialize", params: map[string]any{
		"protocolVersion": olderRevision, "capabilities": map[string]any{}, "clientInfo": s.client.info(),
	}})
	if err != nil {
		return err
	}
	var agreed struct {
		Version string `json:"protocolVersion"`
	}
	if err := strictjson.Unmarshal(result, &agreed); err != nil || agreed.Version != olderRevision && agreed.Version != oldestRevision {
		return fmt.Errorf("%s speaks revision %q of MCP, which is none of %s, %s and %s", clean(s.resource), clean(agreed.Version),
			revision, olderRevision, oldestRevision)
	}
	s.era, s.version = older, agreed.Version
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "method": "notifications/initialized"})
	if err != nil {
		return err
	}
	resp, err := s.send(ctx, http.MethodPost, http.Header{}, body)
	if err == nil {
		err = resp.Body.Close()
	}
	return err
}

// close ends a session of an older revision. Nothing depends on it: the server forgets the session in time.
func (s *session) close(ctx context.Context) {
	if s.era != older || s.id == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if resp, err := s.send(ctx, http.MethodDelete, http.Header{}, nil); err == nil {
		_ = resp.Body.Close()
	}
}
