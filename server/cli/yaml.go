package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"

	"github.com/sallyport-mcp/sallyport/server"
)

// oneDocument reads YAML of which nothing goes unread: the parser alone would
// pass over every document but the first without a word.
type oneDocument struct {
	*yaml.YAML
	text string // what was read
}

// Unmarshal implements koanf's Parser.
func (p *oneDocument) Unmarshal(data []byte) (map[string]any, error) {
	p.text = string(data)
	begun := false
	for _, line := range strings.FieldsFunc(p.text, isLineBreak) {
		text := strings.TrimSpace(line)
		switch {
		case isMarker(line, "...") || begun && isMarker(line, "---"):
			return nil, errors.New("more than one YAML document, of which only the first would be read")
		case isMarker(line, "---") || text != "" && text[0] != '#' && text[0] != '%':
			begun = true
		}
	}
	return p.YAML.Unmarshal(data)
}

// place is a key of the file as a person finds it: with the line at whose start
// it stands, if it stands at one.
func (p *oneDocument) place(path, key string) string {
	number := 0
	for line := range strings.Lines(p.text) {
		number++
		name, _, found := strings.Cut(line, ":")
		if found && strings.Trim(name, "\"' \t") == key && !strings.HasPrefix(name, " ") {
			return fmt.Sprintf("%s:%d: %s", path, number, key)
		}
	}
	return path + ": " + key
}

// mistake is what keeps a file from being read. The parser's own words say what
// it wanted as a parser; people who write a file get theirs.
func (p *oneDocument) mistake(path string, err error) server.Mistake {
	const example = "write one setting to a line, for example addr: \"" + server.DefaultAddr + "\""
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		m := server.Mistake{Key: configKey, Value: path, Reason: "it cannot be read: " + at.Err.Error(), Fix: "name a YAML file that there is"}
		if errors.Is(err, fs.ErrPermission) {
			m.Fix = "let this process read it"
		}
		return m
	}
	number := 0
	for line := range strings.Lines(p.text) {
		number++
		if indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]; strings.Contains(indent, "\t") {
			return server.Mistake{Reason: fmt.Sprintf("%s:%d: a tab in front of a line, which YAML does not have", path, number), Fix: "put spaces there"}
		}
	}
	found := regexp.MustCompile(`line (\d+): (.*)`).FindStringSubmatch(err.Error()) // the parser's words for a place
	switch {
	case found == nil:
		return server.Mistake{Key: configKey, Value: path, Reason: "it cannot be read: " + err.Error(), Fix: example}
	case strings.HasPrefix(found[2], "cannot unmarshal"):
		found[2] = "it is not a setting with its value"
	}
	return server.Mistake{Reason: path + ":" + found[1] + ": " + found[2], Fix: example}
}

// isLineBreak tells what ends a line for the parser.
func isLineBreak(r rune) bool { return strings.ContainsRune("\n\r\u0085\u2028\u2029", r) }

// isMarker tells whether a line starts or ends a document. Nothing else may
// stand at the start of a line like that (YAML 1.2.2 section 9.1).
func isMarker(line, marker string) bool {
	rest, found := strings.CutPrefix(line, marker)
	return found && (rest == "" || rest[0] == ' ' || rest[0] == '\t')
}
