package doctor

import (
	"fmt"
	"strings"
)

// printable returns what another machine said in a way that a terminal and a log can bear: printable ASCII on one line, everything
// else spelled out, at most so long.
func printable(text string, length int) string {
	var b strings.Builder
	space := false
	for _, r := range text {
		if b.Len() > length {
			break
		}
		if r == ' ' || r == '\n' || r == '\r' || r == '\t' {
			space = b.Len() > 0
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		switch {
		case r > ' ' && r < 0x7f:
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	if out := b.String(); len(out) <= length {
		return out
	}
	return b.String()[:length-3] + "..."
}
