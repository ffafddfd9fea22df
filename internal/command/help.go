package command

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// screen is how many columns help takes at most.
const screen = 80

// writeHelp writes what a command does, how it is called, an example, what is below it, and its flags. Flags that every command
// has are listed by the program's own help alone, so that what is particular to a command is on one screen.
func writeHelp(cmd *cobra.Command, _ []string) {
	cmd.InitDefaultHelpFlag()
	cmd.Flags().Lookup("help").Hidden = true // whoever reads this knows it
	about := cmd.Long
	if about == "" {
		about = cmd.Short + "."
	}
	parts := []string{reflowed(about), "Usage: " + usage(cmd)}
	if cmd.Example != "" {
		parts = append(parts, "Examples:\n"+cmd.Example)
	}
	if list := commandLines(cmd); list != "" {
		parts = append(parts, "Commands:\n"+list)
	}
	if flags := cmd.LocalFlags(); flags.HasAvailableFlags() {
		parts = append(parts, "Flags:\n"+flagLines(flags))
	}
	if cmd.HasAvailableInheritedFlags() {
		parts = append(parts, "The settings are flags too: "+cmd.Root().Name()+" --help")
	}
	for i, part := range parts {
		parts[i] = strings.TrimRight(part, " \n")
	}
	cmd.Println(strings.Join(parts, "\n\n"))
}

// reflowed writes the paragraphs of a text in lines of the screen. One with lines that are indented stays as it is.
func reflowed(text string) string {
	paragraphs := strings.Split(strings.Trim(text, "\n"), "\n\n")
	for i, paragraph := range paragraphs {
		if words := strings.Fields(paragraph); len(words) > 0 && !strings.Contains(paragraph, "\n ") {
			paragraphs[i] = flowed(words[0], words[1:], 0)
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

// usage is how a command is called.
func usage(cmd *cobra.Command) string {
	if cmd.HasAvailableSubCommands() {
		return cmd.CommandPath() + " [COMMAND] [flags]"
	}
	return cmd.UseLine()
}

// commandLines lists the commands below one.
func commandLines(cmd *cobra.Command) string {
	var b strings.Builder
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			b.WriteString("  " + sub.Name() + strings.Repeat(" ", max(1, cmd.NamePadding()-len(sub.Name())+1)) + sub.Short + "\n")
		}
	}
	return b.String()
}

// flagLines lists flags with what stands behind each and what it is for.
func flagLines(flags *pflag.FlagSet) string {
	var heads, texts []string
	widest := 0
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, about := pflag.UnquoteUsage(f)
		head := strings.TrimRight("  --"+f.Name+" "+value, " ")
		if f.Shorthand != "" {
			head = strings.Replace(head, "--", "-"+f.Shorthand+", --", 1)
		}
		// A usage may begin with nothing but the name of the value, which stands in front already.
		about = strings.TrimPrefix(about, value+": ")
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "[]" {
			about += " (default " + f.DefValue + ")"
		}
		heads, texts, widest = append(heads, head), append(texts, about), max(widest, len(head))
	})
	var b strings.Builder
	for i, head := range heads {
		b.WriteString(flowed(head+strings.Repeat(" ", widest-len(head)+1), strings.Fields(texts[i]), widest+1) + "\n")
	}
	return b.String()
}

// flowed writes words behind a title, in lines of the screen, of which those but the first are indented.
func flowed(title string, words []string, indent int) string {
	line, text := title, ""
	for _, word := range words {
		if len(line)+1+len(word) > screen {
			text, line = text+line+"\n", strings.Repeat(" ", indent)
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return text + line
}
