package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/internal/command"
	"github.com/sallyport-mcp/sallyport/server"
)

// envPrefix is in front of every environment variable of ours.
const envPrefix = "SALLYPORT_"

// configKey names the YAML file. It is the one setting the file cannot hold.
const configKey = "config"

// setting is one switch of the command line, the environment and the file.
type setting struct {
	key   string // as in the YAML file; SALLYPORT_KEY and --key follow from it
	about string
	write string // what to write instead of what is not text, if quotes alone do not help
	list  bool   // several values, separated by commas or as a YAML sequence
	apply func(*server.Config, []string)
	// complete completes its value in a shell; without it nothing is proposed.
	complete cobra.CompletionFunc
	// elements, if set, takes a YAML sequence as it is: its elements may be more than
	// texts.
	elements func(*server.Config, []any) []server.Mistake
	// read, instead of apply, takes the name of a file that holds what no
	// command line and no environment should. It is asked once, for the name
	// that won.
	read func(*server.Config, string) error
}

// settings returns every setting, in the order in which help shows them.
func settings() []setting {
	return []setting{
		address("addr", "`HOST:PORT`: where MCP is served ("+server.DefaultAddr+")",
			func(c *server.Config) *string { return &c.Addr }),
		text("public_url", "`URL`: by which clients know the server (http:// and addr)",
			func(c *server.Config) *string { return &c.PublicURL }),
		address("admin_addr", "`HOST:PORT`: health and metrics; empty is off ("+server.DefaultAdminAddr+")",
			func(c *server.Config) *string { return &c.AdminAddr }),
		{
			key: "issuers", list: true,
			about:    "`URLS`: trusted issuers, comma separated (an embedded one)",
			apply:    func(c *server.Config, v []string) { c.Issuers = server.Issuers(v...) },
			elements: setIssuers,
		},
		text("model", "`FILE`: Casbin model ("+server.DefaultModel+", or the textbook's)",
			func(c *server.Config) *string { return &c.Model }).files("conf"),
		text("policy", "`FILE`: Casbin policy ("+server.DefaultPolicy+")",
			func(c *server.Config) *string { return &c.Policy }).files("csv"),
		{
			key:      "sealing_keys",
			about:    "`FILE`: keys that seal what clients carry (a random key)",
			read:     readSealingKeys,
			complete: anyFile,
		},
		text("store", "`memory`: where state is kept (memory)",
			func(c *server.Config) *string { return &c.Store }).words("memory"),
		text("audit", "`TO`: stdout, stderr or file:PATH, for decisions (stderr)",
			func(c *server.Config) *string { return &c.Audit }).words("stdout", "stderr", "file:"),
		onOff("audit_chain", "`on|off`: chain the records, for audit verify (off)",
			func(c *server.Config) *server.Switch { return &c.AuditChain }),
		setting{
			key: "audit_failure", about: "`WHAT`: count or refuse, if it cannot be written (count)",
			apply: func(c *server.Config, v []string) { c.AuditFailure = server.AuditFailure(v[0]) },
		}.words("count", "refuse"),
		onOff("limits", "`on|off`: rates, calls at once, time per call (on)",
			func(c *server.Config) *server.Switch { return &c.Limits }),
		list("origins", "`ORIGINS`: of browsers, comma separated (the server's own)",
			func(c *server.Config, v []string) { c.Origins = v }),
		onOff("legacy", "`on|off`: revisions before 2026-07-28 (on)",
			func(c *server.Config) *server.Switch { return &c.Legacy }),
	}
}

func text(key, about string, field func(*server.Config) *string) setting {
	return setting{key: key, about: about, apply: func(c *server.Config, v []string) { *field(c) = v[0] }}
}

func address(key, about string, field func(*server.Config) *string) setting {
	s := text(key, about, field)
	s.write = "write for example " + server.DefaultAddr
	return s
}

// anyFile leaves completion to the shell, which knows files.
func anyFile(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

// words are what the value is one of, or begins with.
func (s setting) words(list ...string) setting {
	s.complete = command.CompleteWords(list...)
	return s
}

// files are the extensions of the files of which the value is one.
func (s setting) files(extensions ...string) setting {
	s.complete = command.CompleteFiles(extensions...)
	return s
}

func onOff(key, about string, field func(*server.Config) *server.Switch) setting {
	s := setting{
		key: key, about: about, write: "write on or off",
		apply: func(c *server.Config, v []string) { *field(c) = server.Switch(v[0]) },
	}
	return s.words("on", "off")
}

func list(key, about string, apply func(*server.Config, []string)) setting {
	return setting{key: key, about: about, list: true, apply: apply}
}

// shown is what an error may repeat of a value. Where the name of a file is
// expected that holds secrets, somebody may have written the secret instead.
func (s setting) shown(raw any) string {
	if name, ok := raw.(string); s.read != nil && (!ok || isKey(name)) {
		return "(not shown)"
	}
	return fmt.Sprint(raw)
}

func (s setting) flag() string { return strings.ReplaceAll(s.key, "_", "-") }

func (s setting) variable() string { return envPrefix + strings.ToUpper(s.key) }

// addFlags declares a flag for every setting and for the file, on every command.
func addFlags(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.SortFlags, root.Flags().SortFlags = false, false
	flags.String(configKey, "", "`FILE`: YAML file with these settings ("+defaultFile+")")
	command.CompleteFlag(root, configKey, command.CompleteFiles("yaml", "yml"))
	for _, s := range settings() {
		flags.String(s.flag(), "", s.about)
		complete := s.complete
		if complete == nil {
			complete = cobra.NoFileCompletions
		}
		command.CompleteFlag(root, s.flag(), complete)
	}
}

// longHelp describes what flags alone do not.
func longHelp() string {
	return "A protected MCP server: a call runs only if the token's scopes and the caller's\n" +
		"roles both allow it.\n\n" +
		"Settings come from a YAML file, then the environment, then flags; the later one\n" +
		"wins. --public-url is SALLYPORT_PUBLIC_URL and the YAML key public_url. Defaults\n" +
		"are in parentheses.\n\n" +
		"Exit codes: 0 stopped or nothing wrong, 1 failed or policy errors, 2 wrong usage\n" +
		"or configuration."
}

// values takes a setting's value apart. A YAML sequence and a list separated
// by commas mean the same.
func (s setting) values(raw any) ([]string, error) {
	switch v := raw.(type) {
	case string:
		if s.list {
			return splitList(v), nil
		}
		return []string{v}, nil
	case []any:
		if s.list {
			return textElements(v)
		}
	}
	if s.list {
		return nil, fmt.Errorf("it is neither text nor a list of texts")
	}
	return nil, fmt.Errorf("it is not text")
}

func textElements(list []any) ([]string, error) {
	var values []string
	for _, element := range list {
		v, ok := element.(string)
		if !ok {
			return nil, fmt.Errorf("its element %v is not text", element)
		}
		values = append(values, v)
	}
	return values, nil
}

// splitList splits at commas and drops white space around the elements. An
// empty text is an empty list.
func splitList(list string) []string {
	if strings.TrimSpace(list) == "" {
		return nil
	}
	values := strings.Split(list, ",")
	for i := range values {
		values[i] = strings.TrimSpace(values[i])
	}
	return values
}

// knownKeys returns the keys of the file, for an error to list.
func knownKeys() []string {
	var keys []string
	for _, s := range settings() {
		keys = append(keys, s.key)
	}
	slices.Sort(keys)
	return keys
}
