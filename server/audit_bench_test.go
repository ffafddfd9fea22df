package server

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
)

// BenchmarkAudit is the record of one decision, its share of a write to a file included.
func BenchmarkAudit(b *testing.B) {
	sink, err := openSink("file:"+filepath.Join(b.TempDir(), "audit"), os.Stdout, os.Stderr, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	log := newAuditLog(sink, quiet())
	r := &record{
		time: time.Now(), requestID: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", method: "tools/call", name: "greet", allow: true, reason: "allowed",
		rule: "policy.csv:2", because: "user:alice > role:reader", revision: "0123456789ab", duration: 20 * time.Microsecond,
		who: authz.Principal{Issuer: "https://issuer.example", Subject: "alice", Client: "app", TokenID: "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
	}
	b.ReportAllocs()
	taken := 0
	for b.Loop() {
		log.add(r)
		if taken++; taken%1000 == 0 { // what a busy server takes in one flushDelay
			log.flush()
		}
	}
	log.close()
	if s := log.counts(); s.Records != s.Decisions {
		b.Fatalf("%+v", s)
	}
	if err := sink.Close(); err != nil {
		b.Fatal(err)
	}
}
