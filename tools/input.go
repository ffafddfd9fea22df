package tools

import (
	"errors"

	"github.com/mark3labs/mcp-go/mcp"
)

var errNoResult = errors.New("the handler returned no result and no error")

// markAsking makes the type of a result agree with what is in it, so that whoever comes
// later has one place to look at: a result that asks for input says so, and one that
// says so asks for something (MCP 2026-07-28, basic/patterns/mrtr, "Server
// Requirements").
func markAsking(result *mcp.Result, rounds *mcp.MultiRoundTripResult) error {
	asks := len(rounds.InputRequests) > 0 || rounds.RequestState != ""
	says := result.ResultType == mcp.ResultTypeInputRequired
	switch {
	case asks && !says && result.ResultType != "":
		return errors.New("the handler returned a result that asks for input and says that it does not")
	case says && !asks:
		return errors.New("the handler returned a result that asks for input, with neither requests nor a state")
	case asks:
		result.ResultType = mcp.ResultTypeInputRequired
	}
	return nil
}
