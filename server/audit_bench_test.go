package server

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
)

// benchLog is a log that writes to a file.
func benchLog(b *testing.B, chained Switch) (*auditLog, *record) {
	b.Helper()
	s := &Server{cfg: Config{Audit: "file:" + filepath.Join(b.TempDir(), "audit"), AuditChain: chained, Now: time.Now, Logger: quiet()}}
	wrong := &mistakes{}
	s.openAudit(wrong)
	if err := wrong.err(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		s.audit.close()
		if stats := s.audit.counts(); stats.Records != stats.Decisions {
			b.Errorf("%+v", stats)
		}
		if err := s.sink.Close(); err != nil {
			b.Error(err)
		}
	})
	return s.audit, &record{
		time: time.Now(), requestID: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", method: "tools/call", name: "greet", allow: true, reason: "allowed",
		rule: "policy.csv:2", because: "user:alice > role:reader", revision: "0123456789ab", duration: 20 * time.Microsecond,
		who: authz.Principal{Issuer: "https://issuer.example", Subject: "alice", Client: "app", TokenID: "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
	}
}

// BenchmarkAudit is the record of one decision, its share of a write to a file included.
func BenchmarkAudit(b *testing.B) {
	for name, chained := range map[string]Switch{"plain": Off, "chained": On} {
		b.Run(name, func(b *testing.B) {
			log, r := benchLog(b, chained)
			b.ReportAllocs()
			taken := 0
			for b.Loop() {
				log.add(r)
				if taken++; taken%1000 == 0 { // what a busy server takes in one flushDelay
					log.flush()
				}
			}
		})
	}
}

// BenchmarkAuditCommit is the wait for a record, of callers that come one by one and of many at once.
func BenchmarkAuditCommit(b *testing.B) {
	for name, callers := range map[string]int{"one": 0, "many": 64} {
		for _, chained := range []Switch{Off, On} {
			b.Run(name+"/chain="+string(chained), func(b *testing.B) {
				log, r := benchLog(b, chained)
				log.strict = true
				go log.run(b.Context())
				if callers == 0 {
					for b.Loop() {
						log.commit(r)
					}
					return
				}
				b.SetParallelism(callers)
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						log.commit(r)
					}
				})
			})
		}
	}
}
