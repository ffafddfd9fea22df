package terminal

import "testing"

func TestL02_Shown(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		"a line\nand \"another\" 'one'": "a line\nand \"another\" 'one'",
		"caf\u00e9 \u65e5\u672c":        "caf\u00e9 \u65e5\u672c",
		"\x1b[2J\r\x00\x7f":             `\x1b[2J\r\x00\x7f`,
		"\u202e\u200b\u2028\u0085":      `\u202e\u200b\u2028\u0085`,
		"\U000e0041":                    `\U000e0041`,
		"\xff":                          "\ufffd",
		"a\tb":                          "a\tb",
	} {
		if got := Shown(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}
