package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "browse" { // how the clients that open a browser themselves reach bob
		os.Exit(browse(os.Getenv("INTEROP_PERSON"), os.Args[2]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ok, err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// browse has bob open an address and returns an exit code.
func browse(person, address string) int {
	resp, err := (&http.Client{}).Post(person, "text/plain", strings.NewReader(address))
	if err != nil {
		fmt.Fprintln(os.Stderr, "interop: bob cannot be reached")
		return 1
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 1
	}
	return 0
}

// options is the command line; ./run fills in all but the last two.
type options struct {
	example, root, node, drivers, python1, python2 string
	missing                                        string // why there is no Python
	allowMissing                                   bool
	only                                           string
	update                                         bool
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("interop", flag.ContinueOnError)
	flags.StringVar(&o.example, "example", "", "the built examples/notes")
	flags.StringVar(&o.root, "root", "", "the repository")
	flags.StringVar(&o.node, "node", "", "Node 22")
	flags.StringVar(&o.drivers, "drivers", "", "the folder of the drivers")
	flags.StringVar(&o.python1, "python1", "", "a Python that has version 1 of the SDK")
	flags.StringVar(&o.python2, "python2", "", "a Python that has version 2 of the SDK")
	flags.StringVar(&o.missing, "python-missing", "", "why the Python SDK is not run")
	flags.BoolVar(&o.allowMissing, "allow-missing", false, "succeed although a client was not run")
	flags.StringVar(&o.only, "only", "", "run only clients whose name contains this, and show the transcript")
	flags.BoolVar(&o.update, "update", false, "write what was seen into docs/interop.md")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.example == "" || o.root == "" || o.node == "" || o.drivers == "" {
		return o, errors.New("normally started by ./run, which says where things are")
	}
	return o, nil
}

// run drives every client, prints the table, and says whether all is as it must be.
func run(ctx context.Context, args []string) (bool, error) {
	o, err := parse(args)
	if err != nil {
		return false, err
	}
	work, err := os.MkdirTemp("", "sallyport-interop-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(work)
	if err := writeBrowser(work); err != nil {
		return false, err
	}
	rep := report{out: os.Stdout, transcripts: o.only != ""}
	for _, c := range clients(o.node, o.drivers, o.python1, o.python2) {
		if !strings.Contains(c.id, o.only) {
			continue
		}
		if c.needs == "python" && o.missing != "" {
			rep.notRun(c, o.missing)
			continue
		}
		seen, err := drive(ctx, c, o, filepath.Join(work, c.id), filepath.Join(work, "browser"))
		rep.add(c, seen, err)
	}
	doc := filepath.Join(o.root, "docs", "interop.md")
	if err := rep.compare(doc, o.update); err != nil {
		return false, err
	}
	return rep.finish(o.allowMissing), nil
}

// writeBrowser writes the browser that clients are told to open: it hands the address to bob.
func writeBrowser(dir string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	script := fmt.Sprintf("#!/bin/sh\nexec '%s' browse \"$1\"\n", self)
	return os.WriteFile(filepath.Join(dir, "browser"), []byte(script), 0o700)
}

// transcript writes what passed, one exchange a line.
func transcript(out io.Writer, seen []exchange) {
	var b bytes.Buffer
	for _, e := range seen {
		fmt.Fprintln(&b, "   ", e)
	}
	_, _ = out.Write(b.Bytes())
}
