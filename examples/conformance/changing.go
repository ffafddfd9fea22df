package main

import (
	"context"
	"strconv"
	"sync/atomic"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/tools"
)

const (
	watched       = "test://watched-resource"
	triggerTool   = "test_trigger_tool_change"
	triggerPrompt = "test_trigger_prompt_change"
)

// changing is what announces changes: its tools when they are called, of
// themselves, and of the resource that counts the calls.
type changing struct {
	server atomic.Pointer[server.Server] // set before the first call
	calls  atomic.Int64
}

// made is for [server.Config.Made].
func (c *changing) made(s *server.Server) { c.server.Store(s) }

// tools returns the tools that announce that a list has changed. None has:
// what a server declares is fixed, and only the policy changes what a caller
// sees of it. Clients are told and list again all the same.
func (c *changing) tools() []tools.Tool {
	return []tools.Tool{
		c.announcing(triggerTool, "Tell who listens that the tools have changed.", func(s *server.Server) { s.NotifyToolsChanged(triggerTool) }),
		c.announcing(triggerPrompt, "Tell who listens that the prompts have changed.", func(s *server.Server) { s.NotifyPromptsChanged() }),
	}
}

func (c *changing) announcing(name, description string, announce func(*server.Server)) tools.Tool {
	return tools.Tool{
		Name:        name,
		Description: description,
		Handler: tools.Typed(func(context.Context, nothing) (string, error) {
			c.calls.Add(1)
			s := c.server.Load()
			announce(s)
			s.NotifyResourceUpdated(watched)
			return "The change was announced.", nil
		}),
	}
}

// resource returns the resource that clients subscribe to.
func (c *changing) resource() tools.Resource {
	return tools.Resource{
		URI:         watched,
		Name:        "watched-resource",
		Description: "How often a change was announced.",
		MIMEType:    "text/plain",
		Scopes:      []string{read, "mcp:conformance:resources:watched"},
		Read: func(context.Context, tools.ResourceRequest) (tools.Contents, error) {
			return tools.Text(strconv.FormatInt(c.calls.Load(), 10)), nil
		},
	}
}
