package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// patience is how long all of it may take.
const patience = 15 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ok, err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "issuers:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// options is the command line; ./run fills in all but the last three.
type options struct {
	gate, root, node, keycloak   string
	nodeMissing, keycloakMissing string // why there is none
	nodeVersion, keycloakVersion string
	allowMissing                 bool
	only                         string
	update                       bool
	keep                         string
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("issuers", flag.ContinueOnError)
	flags.StringVar(&o.gate, "gate", "", "the built e2e/issuers/gate")
	flags.StringVar(&o.root, "root", "", "the repository")
	flags.StringVar(&o.node, "node", "", "Node 22, which runs oidc-provider")
	flags.StringVar(&o.nodeVersion, "oidc-provider-version", "", "the version of oidc-provider")
	flags.StringVar(&o.nodeMissing, "oidc-provider-missing", "", "why oidc-provider is not run")
	flags.StringVar(&o.keycloak, "keycloak", "", "the folder of Keycloak, built")
	flags.StringVar(&o.keycloakVersion, "keycloak-version", "", "its version")
	flags.StringVar(&o.keycloakMissing, "keycloak-missing", "", "why Keycloak is not run")
	flags.BoolVar(&o.allowMissing, "allow-missing", false, "succeed although an issuer was not run")
	flags.StringVar(&o.only, "only", "", "run only issuers whose name contains this")
	flags.BoolVar(&o.update, "update", false, "write what their tokens look like into transport/token/testdata/profiles")
	flags.StringVar(&o.keep, "keep", "", "a folder in which logs and audits are left")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.gate == "" || o.root == "" {
		return o, errors.New("normally started by ./run, which says where things are")
	}
	return o, nil
}

// run tries every issuer, prints what was checked, and says whether all is as it must be.
func run(ctx context.Context, args []string) (bool, error) {
	o, err := parse(args)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	rep := &report{out: os.Stdout}
	for _, one := range []struct {
		name, version, missing string
		try                    func(context.Context, options, *report, string) error
	}{
		{"oidc-provider", o.nodeVersion, o.nodeMissing, tryOIDCProvider},
		{"keycloak", o.keycloakVersion, o.keycloakMissing, tryKeycloak},
	} {
		if !strings.Contains(one.name, o.only) {
			continue
		}
		rep.begin(one.name, one.version)
		if one.missing != "" {
			rep.notRun(one.missing)
			continue
		}
		if err := inFolder(o.keep, one.name, func(dir string) error { return one.try(ctx, o, rep, dir) }); err != nil {
			rep.check("the run comes to its end", err)
		}
	}
	return rep.finish(o.allowMissing), nil
}

// inFolder gives work a folder of its own: one that is removed, or keep/name.
func inFolder(keep, name string, work func(dir string) error) error {
	if keep != "" {
		dir, err := filepath.Abs(filepath.Join(keep, name))
		if err != nil {
			return err
		}
		return errors.Join(os.MkdirAll(dir, 0o700), work(dir))
	}
	dir, err := os.MkdirTemp("", "sallyport-issuers-")
	if err != nil {
		return err
	}
	return errors.Join(work(dir), os.RemoveAll(dir))
}

func (o options) files(name string) string { return filepath.Join(o.root, "e2e", "issuers", name) }

func (o options) fixtures() string {
	return filepath.Join(o.root, "transport", "token", "testdata", "profiles")
}
