package command

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// shells are those that cobra writes a script for.
func shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

// completionCommand writes the script that has a shell ask the program for what may be typed next.
func completionCommand(program string) *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Write the script for completion in a shell",
		Long: "Write the script with which bash, zsh, fish or powershell completes commands,\nflags and their values." +
			"\n\nExit codes: 0 written, 1 it could not be written, 2 wrong usage.",
		Example: strings.ReplaceAll("  source <(PROGRAM completion bash)\n"+
			"  PROGRAM completion zsh > \"${fpath[1]}/_PROGRAM\"\n"+
			"  PROGRAM completion fish > ~/.config/fish/completions/PROGRAM.fish\n"+
			"  PROGRAM completion powershell | Out-String | Invoke-Expression", "PROGRAM", program),
		ValidArgs: shells(),
		Args:      oneShell,
		RunE: func(cmd *cobra.Command, args []string) error {
			return writeScript(cmd.Root(), args[0], cmd.OutOrStdout())
		},
	}
}

func oneShell(_ *cobra.Command, args []string) error {
	known := strings.Join(shells(), ", ")
	switch {
	case len(args) != 1:
		return UsageError{errors.New("name one shell: " + known)}
	case !strings.Contains(" "+strings.Join(shells(), " ")+" ", " "+args[0]+" "):
		return UsageError{fmt.Errorf("there is no script for %q; name one of %s", args[0], known)}
	}
	return nil
}

func writeScript(root *cobra.Command, shell string, w io.Writer) error {
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(w, true)
	case "zsh":
		return root.GenZshCompletion(w)
	case "fish":
		return root.GenFishCompletion(w, true)
	}
	return root.GenPowerShellCompletionWithDesc(w)
}

// CompleteFiles completes the names of files with one of the extensions, which are written without a dot.
func CompleteFiles(extensions ...string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return extensions, cobra.ShellCompDirectiveFilterFileExt
	}
}

// CompleteWords completes one of the words. Behind a word that ends in a colon more is to be typed.
func CompleteWords(words ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		directive := cobra.ShellCompDirectiveNoFileComp
		var fit []string
		for _, word := range words {
			if !strings.HasPrefix(word, typed) {
				continue
			}
			fit = append(fit, word)
			if strings.HasSuffix(word, ":") || strings.HasSuffix(word, "=") {
				directive |= cobra.ShellCompDirectiveNoSpace
			}
		}
		return fit, directive
	}
}

// CompleteFlag has a flag of the command completed. The command must have it.
func CompleteFlag(cmd *cobra.Command, flag string, complete cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(err) // a slip in the name
	}
}
