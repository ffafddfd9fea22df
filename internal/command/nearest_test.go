package command

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"addr", "audit", "issuers", "store", "run"}
	for written, want := range map[string]string{
		"adr": "addr", "address": "", "issuer": "issuers", "isusers": "issuers", "audit": "audit", "sotre": "store",
		"": "", "x": "", "rnu": "", "runs": "run", "polcy": "",
	} {
		if got := Nearest(written, known); got != want {
			t.Errorf("%q: %q, want %q", written, got, want)
		}
	}
}
