package server

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/sallyport-mcp/sallyport/internal/terminal"
)

const (
	// bannerWidth is how wide the banner is at most. Only an address that
	// leaves no choice is longer, for it must be copied as it is.
	bannerWidth = 80
	// bannerOperations is how many operations the banner names.
	bannerOperations = 12
)

// banner says what is protected by whom and how to connect to it.
func (s *Server) banner() string {
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	line("")
	line("%s", fit(fmt.Sprintf("%s %s, protected by Sallyport", s.cfg.Name, s.cfg.Version)))
	line("")
	line("  MCP endpoint  %s", s.at.resource)
	for _, text := range s.loginLines() {
		line("%s", text)
	}
	model, policy := s.policyWords()
	line("  policy        %s", policy)
	line("  model         %s", model)
	line("  audit         %s", s.cfg.Audit)
	if s.cfg.AdminAddr != "" {
		line("  health        http://%s/healthz, /readyz, /metrics", s.cfg.AdminAddr)
	}
	line("")
	b.WriteString(s.operationLines())
	line("")
	b.WriteString(s.connectLines())
	line("")
	return terminal.Shown(b.String()) // it holds what stands in the configuration
}

// loginLines says who may issue tokens and, if that is the embedded server, who
// can log in.
func (s *Server) loginLines() []string {
	if !s.cfg.embedded() {
		var lines []string
		for i, issuer := range s.cfg.Issuers {
			label := ""
			if i == 0 {
				label = "tokens from"
			}
			lines = append(lines, fmt.Sprintf("  %-13s %s%s", label, issuer.URL, alias(issuer.Alias)))
		}
		return lines
	}
	lines := []string{"  tokens from   the embedded authorization server, for development only"}
	var users []string
	for _, user := range s.cfg.Users {
		users = append(users, user.Name+alias(user.Note))
	}
	return append(lines, wrapped("  log in as     ", users)...)
}

// alias puts a remark in brackets, if there is one.
func alias(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// wrapped writes a list after a label, in as many lines as it needs.
func wrapped(label string, words []string) []string {
	lines, current := []string{}, label
	for i, word := range words {
		if i < len(words)-1 {
			word += ", "
		}
		if len(current)+len(strings.TrimRight(word, " ")) > bannerWidth && len(current) > len(label) {
			lines = append(lines, strings.TrimRight(current, " "))
			current = strings.Repeat(" ", len(label))
		}
		current += word
	}
	return append(lines, current)
}

// policyWords names the model and the policy in force.
func (s *Server) policyWords() (string, string) {
	inForce := s.store.policy()
	modelFile, policyFile := s.store.reader.files.paths()
	policy := policyFile + ", revision " + inForce.Revision()
	switch {
	case s.store.startModel == "":
		return "the textbook model, compiled", policy
	case evaluatorOf(inForce) == EvaluatorCompiled:
		return modelFile + " (textbook, compiled)", policy
	}
	return modelFile + " (Casbin; its cost grows with the policy)", policy
}

// operationLines lists what is protected and what it takes.
func (s *Server) operationLines() string {
	var b strings.Builder
	width := 0
	shown := s.ops.all[:min(len(s.ops.all), bannerOperations)]
	for _, o := range shown {
		width = max(width, len(o.kind)+1+len(o.name))
	}
	width = min(width, 36)
	for _, o := range shown {
		name := string(o.kind) + " " + o.name
		fmt.Fprintln(&b, fit(fmt.Sprintf("  %-*s  %s", width, name, needWords(o))))
	}
	if more := len(s.ops.all) - len(shown); more > 0 {
		fmt.Fprintf(&b, "  and %d more; the command \"tools\" lists all of them\n", more)
	}
	return b.String()
}

// needWords says what an operation takes.
func needWords(o *operation) string {
	if o.need.AnyPrincipal() {
		return "any valid token"
	}
	scopes, permissions := strings.Join(texts(o.need.Scopes()), " "), strings.Join(texts(o.need.Permissions()), " ")
	if scopes == permissions {
		return "scope and permission " + scopes
	}
	return "scope " + scopes + ", permission " + permissions
}

// connectLines are commands to be copied.
func (s *Server) connectLines() string {
	name, url := clientName(s.cfg.Name), s.at.resource
	var b strings.Builder
	command := func(title, start, rest string) {
		fmt.Fprintf(&b, "  %s\n", title)
		if len(start)+len(rest)+5 <= bannerWidth {
			fmt.Fprintf(&b, "    %s %s\n", start, rest)
			return
		}
		indent := strings.Repeat(" ", max(4, min(6, bannerWidth-len(rest))))
		fmt.Fprintf(&b, "    %s \\\n%s%s\n", start, indent, rest)
	}
	command("Claude Code", "claude mcp add --transport http", name+" "+url)
	command("VS Code", "code --add-mcp", fmt.Sprintf(`'{"name":"%s","type":"http","url":"%s"}'`, name, url))
	command("MCP Inspector", "npx @modelcontextprotocol/inspector --transport http", "--server-url "+url)
	command("a shell", "sallyport login", url)
	return b.String()
}

// clientName is the server's name as a word that no shell takes apart.
func clientName(name string) string {
	word := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '-'
	}, name)
	return cmp.Or(strings.Trim(word, "-"), "server")
}

// fit cuts a line of the banner at its width.
func fit(line string) string {
	runes := []rune(line)
	if len(runes) <= bannerWidth {
		return line
	}
	return string(runes[:bannerWidth-3]) + "..."
}
