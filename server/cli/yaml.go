package cli

import (
	"errors"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
)

// oneDocument reads YAML of which nothing goes unread: the parser alone would
// pass over every document but the first without a word.
type oneDocument struct{ *yaml.YAML }

// Unmarshal implements koanf's Parser.
func (p oneDocument) Unmarshal(data []byte) (map[string]any, error) {
	begun := false
	for _, line := range strings.FieldsFunc(string(data), isLineBreak) {
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

// isLineBreak tells what ends a line for the parser.
func isLineBreak(r rune) bool { return strings.ContainsRune("\n\r\u0085\u2028\u2029", r) }

// isMarker tells whether a line starts or ends a document. Nothing else may
// stand at the start of a line like that (YAML 1.2.2 section 9.1).
func isMarker(line, marker string) bool {
	rest, found := strings.CutPrefix(line, marker)
	return found && (rest == "" || rest[0] == ' ' || rest[0] == '\t')
}
