package server

import (
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestF13_ADiskThatIsFull writes to the device that always is.
func TestF13_ADiskThatIsFull(t *testing.T) {
	for _, chained := range []Switch{On, Off} {
		var alarms strings.Builder
		s := &Server{cfg: Config{Audit: "file:/dev/full", AuditChain: chained, Now: time.Now, Logger: slog.New(slog.NewTextHandler(&alarms, nil))}}
		wrong := &mistakes{}
		s.openAudit(wrong)
		if err := wrong.err(); err != nil {
			t.Fatal(err)
		}
		s.audit.writes("one", "two")
		if stats := s.audit.counts(); stats.Lost != 2 || stats.Records != 0 || !s.audit.down.Load() || !strings.Contains(alarms.String(), "no space left on device") {
			t.Errorf("%+v; the log says %s", stats, &alarms)
		}
		if err := s.sink.Close(); err != nil {
			t.Error(err)
		}
	}
	// The twin: the device that takes everything.
	s := &Server{cfg: Config{Audit: "file:/dev/null", AuditChain: On, Now: time.Now, Logger: quiet()}}
	s.openAudit(&mistakes{})
	s.audit.writes("one", "two")
	if stats := s.audit.counts(); stats.Lost != 0 || stats.Records != 2 {
		t.Errorf("%+v", stats)
	}
	_ = s.sink.Close()
}
