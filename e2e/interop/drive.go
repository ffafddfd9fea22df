package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// patience bounds one client's whole story.
const patience = 2 * time.Minute

// step is one line of a driver.
type step struct {
	Step  string   `json:"step"`
	Tools []string `json:"tools"`
	OK    bool     `json:"ok"`
	Seen  string   `json:"seen"`
	Log   string   `json:"log"` // what a command wrote to the terminal beside its result
}

// outcome is all that is known of one client's run.
type outcome struct {
	steps []step
	wire  []exchange
	opens int    // how often bob was sent to a browser
	noise string // standard error of the driver
	wrote string // by the example
}

// step returns what a driver said of one step; the zero step if it said nothing.
func (o outcome) step(name string) step {
	for _, s := range o.steps {
		if s.Step == name {
			return s
		}
	}
	return step{}
}

// drive runs one client against an example of its own. What it returns beside an error is what was known by then.
func drive(ctx context.Context, c client, o options, home, browser string) (outcome, error) {
	var seen outcome
	if err := os.Mkdir(home, 0o700); err != nil {
		return seen, err
	}
	s, err := setStage(ctx, o.example, o.root, home)
	if err != nil {
		return seen, err
	}
	defer s.close()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.command[0], c.command[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that what a client leaves behind can be ended with it
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	cmd.Dir = home
	cmd.Env = append(without(os.Environ(), "SALLYPORT_", "MCP_", "DISPLAY=", "WAYLAND_DISPLAY=", "XDG_", "BROWSER=", "HOME=", "NODE_OPTIONS="),
		"HOME="+home, "XDG_CONFIG_HOME="+home, "BROWSER="+browser, "NO_COLOR=1", "PYTHONDONTWRITEBYTECODE=1",
		"MCP_REMOTE_CONFIG_DIR="+home, "MCP_INSPECTOR_SECRET_STORE=file", "INTEROP_URL="+s.origin+"/mcp", "INTEROP_PERSON="+s.person, "INTEROP_DENY="+s.deny, "INTEROP_MODE="+c.mode)
	var out, noise bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &noise
	if err = cmd.Start(); err != nil {
		return seen, err
	}
	err = cmd.Wait()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it may have left running
	seen.wire, seen.wrote, seen.noise = s.recorder.all(), s.log.String(), tidy(noise.String(), s.origin, home)
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		var said step
		if json.Unmarshal([]byte(line), &said) == nil {
			said.Seen, said.Log = tidy(said.Seen, s.origin, home), tidy(said.Log, s.origin, home)
			seen.steps = append(seen.steps, said)
		}
	}
	if err != nil {
		return seen, fmt.Errorf("the driver: %w", err)
	}
	var wrong error
	seen.opens, wrong = s.bob.history()
	return seen, wrong
}

var (
	loopback = regexp.MustCompile(`(127\.0\.0\.1|localhost):\d+`)
	number   = regexp.MustCompile(`(id\\?"):\d+`) // of a JSON-RPC message, perhaps inside a string
	query    = regexp.MustCompile(`(/authorize\?)\S+`)
)

// tidy takes out of a client's words what differs from run to run, so that they can be written down and compared.
func tidy(text, origin, home string) string {
	text = strings.ReplaceAll(text, origin, "http://127.0.0.1:8080")
	text = strings.ReplaceAll(text, home, "~")
	text = loopback.ReplaceAllStringFunc(text, func(address string) string {
		if address == "127.0.0.1:8080" {
			return address
		}
		host, _, _ := strings.Cut(address, ":")
		return host + ":PORT"
	})
	text = number.ReplaceAllString(text, "$1:N")
	return strings.TrimSpace(query.ReplaceAllString(text, "${1}..."))
}
