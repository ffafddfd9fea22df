package command

import (
	"bytes"
	"os"
	"testing"
)

func TestPaint(t *testing.T) {
	on := Paint{on: true}
	for name, painted := range map[string]string{"32": on.Good("x"), "31": on.Bad("x"), "33": on.Odd("x"), "1": on.Strong("x"), "2": on.Quiet("x")} {
		if want := "\x1b[" + name + "mx\x1b[0m"; painted != want {
			t.Errorf("%q, want %q", painted, want)
		}
	}
	text := "DENIED at door two\n  DENIED here\nDENIED again\n"
	if got, want := on.Lines(text, "DENIED", on.Bad), "\x1b[31mDENIED\x1b[0m at door two\n  DENIED here\n\x1b[31mDENIED\x1b[0m again\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if (Paint{}).Lines(text, "DENIED", Paint{}.Bad) != text {
		t.Error("a text that is not painted is another one")
	}
	if on.Bad("") != "" {
		t.Error("nothing is painted, and something comes out")
	}
}

// TestPaintIsForTerminals asks for paint for everything that is none. That a terminal gets it is seen through /dev/ptmx, where
// there is one.
func TestPaintIsForTerminals(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	if PaintFor(&bytes.Buffer{}).on || PaintFor(file).on || PaintFor(null).on {
		t.Error("paint for a buffer, a file or nothing")
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Logf("there is no terminal to try: %v", err)
		return
	}
	defer func() { _ = terminal.Close() }()
	if !PaintFor(terminal).on {
		t.Error("no paint for a terminal")
	}
	for name, value := range map[string]string{"NO_COLOR": "1", "TERM": "dumb"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			if PaintFor(terminal).on {
				t.Error("paint all the same")
			}
		})
	}
}
