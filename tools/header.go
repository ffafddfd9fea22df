package tools

import (
	"encoding/json"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/sallyport-mcp/sallyport/internal/paramheader"
)

// addHeader annotates a property, and keeps an integer within what JavaScript can
// hold, as the specification demands of such integers.
func addHeader(s *jsonschema.Schema, header string) {
	s.Extra = map[string]any{paramheader.Keyword: header}
	if s.Type != "integer" {
		return
	}
	if lowest := float64(-paramheader.MaxSafe); s.Minimum == nil {
		s.Minimum = &lowest
	}
	if highest := float64(paramheader.MaxSafe); s.Maximum == nil {
		s.Maximum = &highest
	}
}

// scanHeaders returns the header bindings of a schema and reports the annotations the
// specification forbids: a client must hide a tool that has one.
func scanHeaders(d declaration, raw json.RawMessage) map[string][]string {
	headers, mistakes, err := paramheader.Scan(raw)
	if err != nil {
		d.mistake("Handler", err.Error(), "correct the schema")
	}
	for _, m := range mistakes {
		d.mistake("Handler: header of "+strings.Join(m.Path, "."), m.Reason, m.Fix)
	}
	return headers
}
