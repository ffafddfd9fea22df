package cli

import (
	"cmp"
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/internal/command"
	"github.com/sallyport-mcp/sallyport/server"
)

// Exit codes of a server's binary.
const (
	// ExitOK is a server that was stopped, or a command that found nothing wrong.
	ExitOK = 0
	// ExitFailed is a server that stopped by itself, a policy with errors, a caller that is denied, two policies
	// whose answers differ, or an audit with faults.
	ExitFailed = 1
	// ExitUsage is a command line or a configuration with mistakes. Nothing was started.
	ExitUsage = 2
)

// Main is the whole main function of a server: it runs the command that the
// process's arguments name with cfg as the program's own settings, and exits
// with one of the exit codes above. Commands are
//
//	serve           serve until SIGINT or SIGTERM (the default)
//	tools           list the operations with the scopes and permissions they need
//	policy check    report every error and warning of the policy
//	policy explain  say why a caller may or may not use an operation
//	policy matrix   show who can call what
//	policy diff     show whose answers differ between two policies
//	policy test     run the tests beside the policy
//	audit verify    find lines of an audit that were edited, removed or moved
//	completion      write the script for completion in a shell
//
// An empty cfg.AdminAddr means [server.DefaultAdminAddr] here; to have no such
// listener, set SALLYPORT_ADMIN_ADDR or --admin-addr to nothing. A first signal
// stops gracefully, a second one at once.
//
// Traces are exported over OTLP if the environment names an endpoint for them
// (docs/traces.md) and cfg has no TracerProvider of its own.
func Main(cfg server.Config) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // gives the second signal its usual meaning
	os.Exit(Run(ctx, cfg, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// Run is [Main] with everything a process has passed in: the arguments without
// the program's name, the environment as "NAME=value", and the two outputs. It
// returns the exit code. The end of ctx stops a server gracefully. Of the
// variables of OpenTelemetry, env decides whether and whither traces are
// exported; the others its SDK reads from the process.
func Run(ctx context.Context, cfg server.Config, args, env []string, stdout, stderr io.Writer) int {
	p := &program{base: cfg, env: env, stdout: stdout, stderr: stderr}
	return command.Run(ctx, p.rootCommand(), args, stdout, stderr)
}

// program is one run of a command line.
type program struct {
	base           server.Config
	env            []string
	stdout, stderr io.Writer
	spelled        map[string]string // how the person writes the settings that were set, by key
}

// name is what the program is called in what it writes.
func (p *program) name() string { return cmp.Or(p.base.Name, "server") }

func (p *program) rootCommand() *cobra.Command {
	serve := p.serveCommand()
	root := &cobra.Command{
		Use:   p.name(),
		Short: "A protected MCP server",
		Long:  longHelp(),
		Example: p.examples(
			"--policy policy.csv --audit file:audit.jsonl",
			"policy check",
		),
		Args: cobra.NoArgs,
		RunE: serve.RunE,
	}
	addFlags(root)
	root.AddCommand(serve, p.toolsCommand(), p.policyCommand(), command.Audit(p.name()))
	return root
}

// usageError marks what the caller must repair before anything can start.
type usageError = command.UsageError
