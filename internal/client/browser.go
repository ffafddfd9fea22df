package client

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
)

// OpenBrowser shows an address in the browser of the person: the program that BROWSER names, or else the one of the system. It
// does not wait for it to end. The address is handed over as one argument; no shell reads it.
func OpenBrowser(ctx context.Context, address string) error {
	command := []string{"xdg-open", address}
	switch browser := os.Getenv("BROWSER"); {
	case browser != "":
		command[0] = browser
	case runtime.GOOS == "darwin":
		command[0] = "open"
	case runtime.GOOS == "windows":
		command = []string{"rundll32", "url.dll,FileProtocolHandler", address}
	case os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "":
		return errors.New("there is no display")
	}
	// The end of the login is not the end of the browser.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), command[0], command[1:]...) //nolint:gosec // what the person has set, and an http address
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}
