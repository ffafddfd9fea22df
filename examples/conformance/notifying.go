package main

import (
	"context"
	"time"

	"github.com/sallyport-mcp/sallyport/tools"
)

// pace is how long a tool works between two notifications; the suite asks for about this much.
const pace = 50 * time.Millisecond

// notifying returns the tools that tell the client something before they answer.
func notifying() []tools.Tool {
	return []tools.Tool{
		{
			Name:        "test_tool_with_progress",
			Description: "Report progress three times.",
			Handler: tools.Typed(func(ctx context.Context, _ nothing) (string, error) {
				for _, done := range []float64{0, 50, 100} {
					tools.Progress(ctx, done, 100, "")
					if err := work(ctx); err != nil {
						return "", err
					}
				}
				return "Progress was reported.", nil
			}),
		},
		logging("test_tool_with_logging"),
		logging("test_logging_tool"),
	}
}

// logging returns a tool that logs three times, to clients that asked for it.
func logging(name string) tools.Tool {
	return tools.Tool{
		Name:        name,
		Description: "Send three log messages.",
		Handler: tools.Typed(func(ctx context.Context, _ nothing) (string, error) {
			for _, message := range []string{"Tool execution started", "Tool processing data", "Tool execution completed"} {
				tools.Log(ctx, tools.LevelInfo, message)
				if err := work(ctx); err != nil {
					return "", err
				}
			}
			return "Messages were logged.", nil
		}),
	}
}

func work(ctx context.Context) error {
	select {
	case <-time.After(pace):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
