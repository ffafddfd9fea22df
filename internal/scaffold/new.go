package scaffold

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"
)

// The templates of a new server.
const (
	// Minimal has one tool.
	Minimal = "minimal"
	// Full has three tools, a resource template, a prompt, and a row of every kind in its policy.
	Full = "full"
)

// NewOptions says what server to write.
type NewOptions struct {
	// Parent is the directory in which the server's own is made.
	Parent string
	// Name is that of the directory, the binary and the server.
	Name string
	// Module is the module path; empty means Name.
	Module string
	// Template is [Minimal], which empty means too, or [Full].
	Template string
	// Issuer is the URL of the issuer to trust; empty means the embedded authorization server.
	Issuer string
	// Framework is where the framework comes from.
	Framework Framework
}

// Created is what [New] has written.
type Created struct {
	// Dir is the new directory.
	Dir string
	// Files are the paths of its files, by name, with slashes.
	Files []string
	// Complete tells that go.mod and go.sum name all modules. If not, `go mod tidy` has to be run first.
	Complete bool
}

// starter is what the templates of a new server are filled in with.
type starter struct {
	Name, Module, Title, Image, Issuer, Checkout, Go string
	Full, Complete                                   bool
	// Admin, Editor and Reader are the users of the policy, Group and Client its group and its client.
	Admin, Editor, Reader, Group, Client string
}

// User is a subject of the policy with the comma behind it, as wide as the widest.
func (s starter) User(name string) string {
	width := max(len(s.Admin), len(s.Editor), len(s.Reader))
	return fmt.Sprintf("%-*s", len("user:,")+width, "user:"+name+",")
}

// New writes a server into a directory of its own, all of it or nothing. The error is a [Mistake] if the options are why not.
func New(o NewOptions) (Created, error) {
	o.Module, o.Template = cmp.Or(o.Module, o.Name), cmp.Or(o.Template, Minimal)
	if err := o.check(); err != nil {
		return Created{}, err
	}
	files, complete, err := o.render()
	if err != nil {
		return Created{}, err
	}
	if err := o.checkApart(files); err != nil {
		return Created{}, err
	}
	created := Created{Dir: filepath.Join(o.Parent, o.Name), Complete: complete}
	if err := place(created.Dir, files); err != nil {
		return Created{}, err
	}
	for _, file := range files {
		created.Files = append(created.Files, file.path)
	}
	return created, nil
}

func (o NewOptions) check() error {
	if err := checkName(o.Name); err != nil {
		return err
	}
	if err := checkModule(o.Module); err != nil {
		return err
	}
	if o.Template != Minimal && o.Template != Full {
		return mistake("write minimal or full", "there is no template %q", o.Template)
	}
	if err := checkIssuer(o.Issuer); err != nil {
		return err
	}
	return checkFree(filepath.Join(o.Parent, o.Name))
}

func (o NewOptions) render() ([]rendered, bool, error) {
	m, err := modulesOf(o.Module, o.Framework)
	if err != nil {
		return nil, false, err
	}
	files := []rendered{{"go.mod", m.mod}}
	if m.sum != "" {
		files = append(files, rendered{"go.sum", m.sum})
	}
	for _, tree := range []string{"new/common", "new/" + o.Template} {
		more, err := renderTree(tree, o.starter(m))
		if err != nil {
			return nil, false, err
		}
		files = append(files, more...)
	}
	return files, m.complete, nil
}

func (o NewOptions) starter(m modules) starter {
	release := strings.Split(goVersion([]byte(m.mod)), ".")
	s := starter{
		Name: o.Name, Module: o.Module, Issuer: o.Issuer, Full: o.Template == Full, Complete: m.complete,
		Title: strings.ToUpper(o.Name[:1]) + o.Name[1:], Image: strings.ToLower(o.Name), Go: strings.Join(release[:2], "."),
		Admin: "alice", Editor: "bob", Reader: "carol", Group: "staff", Client: "nightly-report",
	}
	if o.Framework.Version == "" {
		s.Checkout = o.Framework.Source
	}
	if o.Issuer != "" {
		// Somebody at a real issuer may be called alice. Nobody is called this; the policy says what to write instead.
		s.Admin, s.Editor, s.Reader = "SUB-OF-AN-ADMIN", "SUB-OF-AN-EDITOR", "SUB-OF-A-READER"
		s.Group, s.Client = "NAME-OF-A-GROUP", "ID-OF-A-CLIENT"
	}
	return s
}

// checkApart refuses a name that something in the server has: the binary is called so as well, and git and docker pass over that.
func (o NewOptions) checkApart(files []rendered) error {
	for _, file := range files {
		if top, _, _ := strings.Cut(file.path, "/"); strings.EqualFold(top, o.Name) {
			return mistake("choose another name", "a server called %s would have %s in it", o.Name, top)
		}
	}
	return nil
}
