package command

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/sallyport-mcp/sallyport/internal/terminal"
)

// WriteJSON writes a value in lines that a person can read too, as every command with --json does. A program gets every byte, a terminal no
// character that would do something to it.
func WriteJSON(w io.Writer, value any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // nothing of it is put into a page
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	out := text.String()
	if IsTerminal(w) {
		out = terminal.Shown(out)
	}
	_, err := io.WriteString(w, out)
	return err
}
