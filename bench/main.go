// Bench compares the same tools/call on a bare mcp-go server and on one behind the gate of Sallyport: the token is verified, the
// policy has ten rules, every decision goes to an audit file.
//
//	make bench                                            # from the root of the repository; exit code 1 if a bar is missed
//	cd bench && go run . -revision 2026-07-28 -rounds 9   # one revision only, no bar
//	cd bench && go run . -profile /tmp/profiles           # CPU and allocation profiles of both servers
//
// What is measured is the processor time of the server process alone (getrusage), and only the ratio of the two servers means something:
// rounds are interleaved, so that whatever else the machine does meets both. A revision that a server does not speak gets no figure.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
)

// options are what the command line says.
type options struct {
	rounds, requests, connections int
	revisions                     []string
	profiles                      string // folder, empty for none
	bar                           bool
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == serveCommand {
		exit(serveMain(os.Args[2:], os.Stdin, os.Stdout))
	}
	o, err := parseOptions(os.Args[1:], os.Stderr)
	if err != nil {
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err = run(ctx, o, os.Stdout)
	stop()
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// parseOptions reads the command line and tells w what is wrong with it.
func parseOptions(arguments []string, w io.Writer) (options, error) {
	var o options
	var only string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(w)
	flags.IntVar(&o.rounds, "rounds", 7, "interleaved rounds")
	flags.IntVar(&o.requests, "requests", 20_000, "requests to each server and revision in a round")
	flags.IntVar(&o.connections, "connections", 16, "keep-alive connections that send them")
	flags.StringVar(&only, "revision", "", "measure this revision only")
	flags.StringVar(&o.profiles, "profile", "", "write profiles of both servers into this folder: bare.pprof, bare-allocs.pprof and so on")
	flags.BoolVar(&o.bar, "bar", false, "exit with 1 if a ratio misses its bar or could not be measured")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	for _, b := range bars() {
		if only == "" || only == b.revision {
			o.revisions = append(o.revisions, b.revision)
		}
	}
	if err := o.check(); err != nil {
		fmt.Fprintln(w, err)
		return o, err
	}
	return o, nil
}

func (o options) check() error {
	var known []string
	for _, b := range bars() {
		known = append(known, b.revision)
	}
	switch {
	case len(o.revisions) == 0:
		return fmt.Errorf("-revision: use one of %s", strings.Join(known, ", "))
	case slices.Min([]int{o.rounds, o.requests, o.connections}) < 1:
		return fmt.Errorf("-rounds, -requests and -connections must be positive")
	case o.bar && (o.rounds < minRounds || o.requests < minRequests):
		return fmt.Errorf("-bar needs at least %d rounds of %d requests; with less the ratio says nothing", minRounds, minRequests)
	}
	return nil
}
