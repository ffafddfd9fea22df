package doctor_test

import (
	"encoding/base64"
	"testing"

	"go.uber.org/goleak"

	"github.com/sallyport-mcp/sallyport/internal/doctor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func decode(part string) string {
	text, _ := base64.RawURLEncoding.DecodeString(part)
	return string(text)
}

// TestGoodServer finds nothing to say about a server that is right in everything, with and without TLS.
func TestGoodServer(t *testing.T) {
	for _, secure := range []bool{false, true} {
		f := fake{secure: secure}
		report := examine(t, &f)
		for _, found := range report.Findings {
			if found.Severity > doctor.OK {
				t.Errorf("secure %t: %s: %v: %s", secure, found.ID, found.Severity, found.Seen)
			}
		}
		if report.Posture != doctor.PostureClosed || report.Unseen != 0 {
			t.Errorf("%s, %d unseen", report.Posture, report.Unseen)
		}
	}
}
