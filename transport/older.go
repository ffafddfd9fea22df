package transport

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/transport/message"
)

// olderSession is what mcp-go sees of one request of a revision before
// 2026-07-28. Beyond what a session is, it can ask the client, on the stream of
// the request, and keeps what the client said earlier.
type olderSession struct {
	*session
	live *live
}

// Compile-time proof that mcp-go finds what it asks for.
var (
	_ mcpserver.SessionWithLogging                  = (*olderSession)(nil)
	_ mcpserver.SessionWithSampling                 = (*olderSession)(nil)
	_ mcpserver.SessionWithElicitation              = (*olderSession)(nil)
	_ mcpserver.SessionWithRoots                    = (*olderSession)(nil)
	_ mcpserver.SessionWithResourceSubscriptionsErr = (*olderSession)(nil)
	_ mcpserver.SessionWithProtocolVersion          = (*olderSession)(nil)
)

func newOlderSession(s *session, l *live) *olderSession {
	s.live = l
	return &olderSession{session: s, live: l}
}

// ask is a request of the server on its way to the stream. What becomes of it is
// sent back once.
type ask struct {
	body []byte
	sent chan<- bool
}

var (
	errUnasked    = errors.New("the client does not read the stream on which it could be asked")
	errIncapable  = errors.New("the client did not declare that it can do this")
	errTooManyURI = errors.New("too many subscriptions")
)

// rpcRequest is a JSON-RPC request of the server.
type rpcRequest struct {
	JSONRPC string `json:"jsonrpc"`
	ID      string `json:"id"`
	Method  string `json:"method"`
	Params  any    `json:"params,omitempty"`
}

// request asks the client and waits for its answer. The id cannot be guessed, and
// is good for an answer from this session only.
func (s *olderSession) request(ctx context.Context, needs message.Capabilities, method mcp.MCPMethod, params, result any) error {
	if !s.live.peer.can.Has(needs) {
		return errIncapable
	}
	r := rpcRequest{JSONRPC: "2.0", ID: rand.Text(), Method: string(method), Params: params}
	body, err := encode(r)
	if err != nil {
		return err
	}
	id, err := encode(r.ID)
	if err != nil {
		return err
	}
	answer := s.live.expect(string(id))
	defer s.live.giveUp(string(id))
	if err := s.send(ctx, body); err != nil {
		return err
	}
	select {
	case response := <-answer:
		if response.Error != nil {
			return errors.New("the client answered with an error")
		}
		if err := fits(method, response.Result); err != nil {
			return err
		}
		return json.Unmarshal(response.Result, result)
	case <-s.closed:
		return errUnasked
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// send puts a request on the stream of the answer.
func (s *olderSession) send(ctx context.Context, body []byte) error {
	sent := make(chan bool, 1)
	select {
	case s.asks <- ask{body: body, sent: sent}:
	case <-s.closed:
		return errUnasked
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if !<-sent {
		return errUnasked
	}
	return nil
}

// RequestSampling asks the client for a completion of its model.
func (s *olderSession) RequestSampling(ctx context.Context, request mcp.CreateMessageRequest) (*mcp.CreateMessageResult, error) {
	needs := message.CanSample
	if len(request.Tools) > 0 || request.ToolChoice != nil {
		needs |= message.CanSampleWithTools
	}
	result := new(mcp.CreateMessageResult)
	if err := s.request(ctx, needs, mcp.MethodSamplingCreateMessage, request.CreateMessageParams, result); err != nil {
		return nil, err
	}
	content, err := mcp.ParseSamplingContent(result.Content)
	if err != nil {
		return nil, fmt.Errorf("the completion cannot be read: %w", err)
	}
	result.Content = content
	return result, nil
}

// RequestElicitation asks the person at the client.
func (s *olderSession) RequestElicitation(ctx context.Context, request mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	needs := message.CanElicit
	if request.Params.Mode == mcp.ElicitationModeURL {
		needs = message.CanElicitByURL
	}
	result := new(mcp.ElicitationResult)
	if err := s.request(ctx, needs, mcp.MethodElicitationCreate, request.Params, result); err != nil {
		return nil, err
	}
	return result, nil
}

// ListRoots asks the client for its roots.
func (s *olderSession) ListRoots(ctx context.Context, _ mcp.ListRootsRequest) (*mcp.ListRootsResult, error) {
	result := new(mcp.ListRootsResult)
	if err := s.request(ctx, message.CanListRoots, mcp.MethodListRoots, nil, result); err != nil {
		return nil, err
	}
	return result, nil
}

// SetLogLevel keeps what logging/setLevel asks for.
func (s *olderSession) SetLogLevel(level mcp.LoggingLevel) { s.live.setLevel(level) }

// GetLogLevel returns it.
func (s *olderSession) GetLogLevel() mcp.LoggingLevel { return s.live.logLevel() }

// SubscribeToResourceErr keeps what resources/subscribe asks for.
func (s *olderSession) SubscribeToResourceErr(uri string) error {
	if s.live.subscribe(uri) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reported = &HandlerError{Code: CodeInvalidParams, Message: "the session has too many subscriptions; end some of them"}
	return errTooManyURI
}

// SubscribeToResource is SubscribeToResourceErr for who does not look.
func (s *olderSession) SubscribeToResource(uri string) { _ = s.live.subscribe(uri) }

// UnsubscribeFromResource undoes it.
func (s *olderSession) UnsubscribeFromResource(uri string) { s.live.unsubscribe(uri) }

// SubscribedResources returns what was subscribed to.
func (s *olderSession) SubscribedResources() []string { return s.live.subscriptions() }

// IsSubscribedToResource reports whether one was.
func (s *olderSession) IsSubscribedToResource(uri string) bool { return s.live.subscribed(uri) }

// ProtocolVersion returns the revision that was agreed on.
func (s *olderSession) ProtocolVersion() string { return s.live.peer.revision }
