package cli_test

import (
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/server/cli"
)

// TestCompletion asks as a shell does what may be typed next.
func TestCompletion(t *testing.T) {
	inDirectory(t, map[string]string{
		"policy.csv":  "p, role:reader, crm, read, allow\ng, user:alice, role:reader\ng, user:bob, role:reader\np, client:ide, crm, *, deny\n",
		"broken.yaml": "adr: 1\n",
	})
	const words, more, files = ":4", ":6", ":8" // nothing else; the same without a space behind; files with these extensions
	for typed, want := range map[string]string{
		"--audit |s":                  "stdout stderr " + words,
		"--audit |f":                  "file: " + more,
		"--limits |":                  "on off " + words,
		"serve --legacy |of":          "off " + words,
		"--store |":                   "memory " + words,
		"--policy |":                  "csv " + files,
		"policy check --model |":      "conf " + files,
		"--config |":                  "yaml yml " + files,
		"--addr |":                    words,
		"--sealing-keys |":            ":0",
		"policy diff |":               "csv " + files,
		"policy test |":               "yaml yml " + files,
		"policy matrix --by |":        "role user group client scope " + words,
		"policy explain |inv":         "invoices_approve invoices_list " + words,
		"policy explain |prompt":      "prompt:summary " + words,
		"policy explain summary |":    words,
		"policy explain --user |":     "alice bob " + words,
		"policy explain --client |":   "ide " + words,
		"policy explain --scope |crm": "crm:read crm:write " + words,
		"policy explain --arg |":      "table= " + more,
		"policy explain --issuer |":   words,
		"policy explain --config broken.yaml --user |": words,
		"completion |": "bash zsh fish powershell " + words,
	} {
		before, last, _ := strings.Cut(typed, "|")
		var out, errs strings.Builder
		args := append(append([]string{"__completeNoDesc"}, strings.Fields(before)...), last)
		code := cli.Run(t.Context(), office(), args, nil, &out, &errs)
		if got := strings.Join(strings.Fields(out.String()), " "); code != 0 || got != want {
			t.Errorf("%s: exit code %d, %q, want %q\n%s", typed, code, got, want, &errs)
		}
	}
}
