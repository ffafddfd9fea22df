package server

import (
	"context"
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"
)

// given returns what the handler may know of earlier rounds: what the gate has
// opened, whatever the request itself says. For a client of an older revision
// mcp-go asks for the input and calls the handler again by itself; then the
// state is one that the guard has just sealed, and is opened here. It takes the turn
// of the allow; the second result is false if there is none.
func (a *allow) given(sent mcp.MultiRoundTripParams) (mcp.MultiRoundTripParams, bool) {
	if !a.take(sent.RequestState) {
		return mcp.MultiRoundTripParams{}, false
	}
	brought := a.input
	if sent.RequestState != "" && sent.RequestState != brought.sealed {
		responses, err := json.Marshal(sent.InputResponses)
		if err != nil {
			return mcp.MultiRoundTripParams{}, false
		}
		again, why := a.receive(sent.RequestState, responses)
		if why != nil {
			return mcp.MultiRoundTripParams{}, false
		}
		brought = again
	}
	return mcp.MultiRoundTripParams{InputResponses: brought.responses, RequestState: brought.state}, true
}

// ask checks and seals a result that asks the client for input; any other it
// leaves alone.
func (g *guard) ask(ctx context.Context, op *operation, a *allow, asks bool, rounds *mcp.MultiRoundTripResult) error {
	if !asks {
		return nil
	}
	if err := answerable(ctx, a.can, rounds.InputRequests); err != nil {
		return err
	}
	sealed, err := a.seal(rounds)
	if err != nil {
		g.logger.ErrorContext(ctx, "the state of a request could not be sealed", "operation", op.title(), "error", err)
		return errNotAdmitted
	}
	rounds.RequestState = sealed
	a.leave(sealed)
	return nil
}
