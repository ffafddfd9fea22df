package cli_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/sallyport-mcp/sallyport/server/cli"
)

// TestL02_NoCommandMovesTheCursor has the commands read what is hostile to a terminal: policies, names on the command line, settings.
func TestL02_NoCommandMovesTheCursor(t *testing.T) {
	const evil = "\x1b[2J\u202e\u200b"
	inDirectory(t, map[string]string{
		"policy.csv":   everything,
		"evil.csv":     "p, role:" + evil + ", greet, use, allow\np, anyone, " + evil + ", use, " + evil + "\ng, user:" + evil + ", role:x\n" + evil + "\n",
		"evil.conf":    "[" + evil + "]\nm = " + evil + "\n",
		"evil.yaml":    "\"" + `\x1b[2J\u202e` + "\": \"" + `\x1b[2J` + "\"\n",
		evil + ".csv":  "p, anyone, greet, use, allow\n",
		evil + ".yaml": "tests: [{name: a, principal: {user: bob}, operation: version, expect: deny, reason: placeholder}]",
		evil + ".json": "{}",
		"evil.jsonl":   evil + "\n{\"time\":\"" + evil + "\"}\n",
	})
	for _, args := range [][]string{
		{"policy", "check", "--policy", "evil.csv"}, {"policy", "check", "--model", "evil.conf"}, {"policy", "check", "--policy", evil},
		{"policy", "matrix", "--policy", "evil.csv"}, {"policy", "diff", "evil.csv"}, {"policy", "diff", evil},
		{"policy", "explain", "--user", evil, evil}, {"policy", "explain", "--user", "bob", "--arg", evil + "=" + evil, "part"}, {"policy", "test", evil},
		{"audit", "verify", "evil.jsonl"}, {"audit", "verify", evil}, {"audit", "verify", "--expect", evil, "evil.jsonl"},
		{"tools", "--config", "evil.yaml"}, {"--addr", evil}, {"--audit", evil}, {"--audit-chain", evil}, {"--public-url", evil}, {"--issuers", evil}, {evil}, {"--" + evil},
		{"policy", "diff", evil + ".csv"}, {"policy", "check", "--policy", evil + ".csv", "--model", evil}, {"policy", "test", evil + ".yaml"}, {"audit", "verify", evil + ".json"},
		{"policy", "explain", "--policy", evil + ".csv", "--user", "bob", "part", "--arg", "name=x"}, {"policy", "test", "--policy", evil + ".csv", evil + ".yaml", "--cover"},
	} {
		code, stdout, stderr := run(t, args, nil)
		text := stdout + stderr
		if at := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); at >= 0 || code == cli.ExitOK || text == "" {
			t.Errorf("%q: exit code %d, %q", args, code, text)
		}
	}
}
