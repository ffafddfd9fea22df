package server

import (
	"strings"
	"testing"
	"unicode"
)

// TestL02_TheBannerMovesNoCursor: what stands in the configuration is shown and not obeyed. The twin is an ordinary name.
func TestL02_TheBannerMovesNoCursor(t *testing.T) {
	s, _ := served(t, func(c *Config) { c.Name, c.Version = "\x1b[2J\u202ename", "v\r\nMCP endpoint  https://evil" })
	banner := s.banner()
	if strings.ContainsFunc(banner, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) || !strings.Contains(banner, `\x1b[2J\u202ename`) {
		t.Errorf("%q", banner)
	}
	if plain, _ := served(t, func(c *Config) { c.Name = "caf\u00e9" }); !strings.Contains(plain.banner(), "caf\u00e9 dev, protected by Sallyport") {
		t.Errorf("%q", plain.banner())
	}
}
