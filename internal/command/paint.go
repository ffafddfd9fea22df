package command

import (
	"io"
	"os"
	"strings"
)

// Paint colours words for a person who reads them in a terminal, and leaves them as they are for everybody else. No meaning is
// in the colour alone: what is painted reads the same without it. The zero value paints nothing.
type Paint struct{ on bool }

// PaintFor returns the paint for what is written to w. It paints if w is a terminal, NO_COLOR is not set
// (https://no-color.org) and TERM is not "dumb".
func PaintFor(w io.Writer) Paint {
	return Paint{on: IsTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// The colours are the terminal's own sixteen, which its owner has made readable on its background, light or dark.

// Good paints what is as it should be.
func (p Paint) Good(text string) string { return p.with("32", text) }

// Bad paints what is wrong.
func (p Paint) Bad(text string) string { return p.with("31", text) }

// Odd paints what deserves a look.
func (p Paint) Odd(text string) string { return p.with("33", text) }

// Strong paints what a reader looks for first.
func (p Paint) Strong(text string) string { return p.with("1", text) }

// Quiet paints what explains the rest.
func (p Paint) Quiet(text string) string { return p.with("2", text) }

// Lines paints a word wherever a line begins with it.
func (p Paint) Lines(text, word string, colour func(string) string) string {
	if !p.on {
		return text
	}
	text = strings.ReplaceAll("\n"+text, "\n"+word, "\n"+colour(word))
	return text[1:]
}

func (p Paint) with(code, text string) string {
	if !p.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
