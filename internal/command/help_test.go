package command

import (
	"bytes"
	"testing"

	"github.com/spf13/cobra"
)

// TestHelp shows everything that a help can have.
func TestHelp(t *testing.T) {
	root := program(nil)
	root.Short = "Try things"
	root.PersistentFlags().String("addr", "", "`ADDR`: where it is")
	work := root.Commands()[0]
	work.Short, work.Long, work.Example = "Work", "Work on something.\n\nExit codes: 0 done.", "  demo work --fast"
	flags := work.Flags()
	flags.SortFlags = false
	flags.StringP("by", "b", "role", "what it goes by, which takes so many words that no line of a screen can hold all of them")
	flags.Int("count", 3, "`N` times")
	flags.String("secret", "", "for nobody")
	flags.Lookup("secret").Hidden = true
	work.AddCommand(&cobra.Command{Use: "hidden", Hidden: true, Run: func(*cobra.Command, []string) {}})
	for _, tt := range []struct{ args, want string }{
		{"work", `Work on something.

Exit codes: 0 done.

Usage: demo work [flags]

Examples:
  demo work --fast

Flags:
  --fast           be fast
  -b, --by string  what it goes by, which takes so many words that no line of a
                   screen can hold all of them (default role)
  --count N        N times (default 3)

The settings are flags too: demo --help
`},
		{"", `Try things.

Usage: demo [COMMAND] [flags]

Commands:
  completion  Write the script for completion in a shell
  work        Work

Flags:
  --addr ADDR  where it is
`},
	} {
		var stdout, stderr bytes.Buffer
		args := []string{"--help"}
		if tt.args != "" {
			args = []string{tt.args, "--help"}
		}
		root.ResetCommands()
		root.AddCommand(work)
		if code := Run(t.Context(), root, args, &stdout, &stderr); code != 0 || stdout.String() != tt.want {
			t.Errorf("%q: exit code %d, %s\n%s\nwant\n%s", tt.args, code, &stderr, &stdout, tt.want)
		}
	}
}
