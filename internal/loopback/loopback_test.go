package loopback

import "testing"

func TestIs(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.8.9.1": true, "::1": true, "::ffff:127.0.0.1": true,
		"": false, "LOCALHOST": false, "localhost.": false, "localhost.example.com": false, "notes.localhost": false,
		"127.1": false, "2130706433": false, "0x7f.0.0.1": false, "127.0.0.01": false, "0.0.0.0": false, "::": false,
		"128.0.0.1": false, "::2": false, "[::1]": false, "127.0.0.1:80": false, "::ffff:10.0.0.1": false, "169.254.1.1": false,
	} {
		if got := Is(host); got != want {
			t.Errorf("%q: %t, want %t", host, got, want)
		}
	}
}
