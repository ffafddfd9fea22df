package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The two kinds of server.
const (
	kindBare = "bare"
	kindGate = "gate"
)

// child is a server in a process of its own. It is used by one goroutine.
type child struct {
	kind    string
	address string
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

// startChild runs this program again as a server.
func startChild(ctx context.Context, kind, folder, issuer, profiles string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	arguments := []string{serveCommand, "-kind", kind, "-folder", folder, "-issuer", issuer}
	if profiles != "" {
		arguments = append(arguments, "-profile", filepath.Join(profiles, kind+profileSuffix))
	}
	c := &child{kind: kind, command: exec.CommandContext(ctx, self, arguments...)}
	c.command.Stderr = os.Stderr
	c.in, err = c.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	if err := c.command.Start(); err != nil {
		return nil, err
	}
	line, err := c.out.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the %s server did not start: %w", kind, c.stop())
	}
	c.address = strings.TrimSpace(line)
	return c, nil
}

// usage asks the process what it has used so far.
func (c *child) usage() (usage, error) {
	var used usage
	if _, err := io.WriteString(c.in, "\n"); err != nil {
		return used, fmt.Errorf("the %s server is gone: %w", c.kind, err)
	}
	line, err := c.out.ReadBytes('\n')
	if err != nil {
		return used, fmt.Errorf("the %s server is gone: %w", c.kind, err)
	}
	return used, json.Unmarshal(line, &used)
}

// stop lets the process finish what it writes, and waits for its end.
func (c *child) stop() error {
	_ = c.in.Close() // the end of its input is the end of the server
	return c.command.Wait()
}
