package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// served returns a server with its handler in place, and that handler.
func served(t *testing.T, change ...func(*Config)) (*Server, http.Handler) {
	t.Helper()
	cfg := goodConfig(t)
	for _, c := range change {
		c(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	handler, err := s.Handler(DefaultPath)
	if err != nil {
		t.Fatal(err)
	}
	return s, handler
}

func withMetrics(c *Config) { c.AdminAddr = DefaultAdminAddr }

// TestDocumentedMetrics compares the table in docs/metrics.md with the registry:
// names, types and labels.
func TestDocumentedMetrics(t *testing.T) {
	text, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `(sallyport_\\w+)` \\| (\\w+) \\| ([^|]*) ?\\| [^|]+ \\|$")
	var documented []string
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		documented = append(documented, fmt.Sprintf("%s %s %s", m[1], m[2], strings.TrimSpace(strings.NewReplacer("`", "", ",", "").Replace(m[3]))))
	}
	s, _ := served(t, withMetrics)
	families, err := s.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var registered []string
	for _, family := range families {
		if !strings.HasPrefix(family.GetName(), "sallyport_") {
			continue
		}
		var labels []string
		for _, label := range family.GetMetric()[0].GetLabel() {
			labels = append(labels, label.GetName())
		}
		registered = append(registered, fmt.Sprintf("%s %s %s", family.GetName(), strings.ToLower(family.GetType().String()), strings.Join(labels, " ")))
	}
	slices.Sort(documented)
	slices.Sort(registered)
	if diff := cmp.Diff(registered, documented); diff != "" {
		t.Errorf("registry (-) and docs/metrics.md (+):\n%s", diff)
	}
	var stages []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z]+)` \\| [^|]+ \\|$").FindAllStringSubmatch(string(text), -1) {
		stages = append(stages, m[1])
	}
	var want []string
	for _, stage := range transport.Stages() {
		want = append(want, stage.String())
	}
	if diff := cmp.Diff(want, stages); diff != "" {
		t.Errorf("stages (-want +documented):\n%s", diff)
	}
}

// TestDescriptionsHold lets a stricter registry compare what is described with
// what is collected.
func TestDescriptionsHold(t *testing.T) {
	s, _ := served(t, withMetrics)
	strict := prometheus.NewPedanticRegistry()
	strict.MustRegister(newState(s))
	if _, err := strict.Gather(); err != nil {
		t.Error(err)
	}
}

// TestWithoutAdminListenerThereAreNoMetrics looks for anything that a request
// would pay for. Its twin has the listener.
func TestWithoutAdminListenerThereAreNoMetrics(t *testing.T) {
	for _, on := range []bool{false, true} {
		s, _ := served(t, func(c *Config) {
			if on {
				withMetrics(c)
			}
		})
		next := http.NewServeMux()
		counted := s.counted(next)
		if (s.metrics != nil) != on || (s.observer() != nil) != on || (counted != http.Handler(next)) != on {
			t.Errorf("listener %v: registry %v, observer %v, middleware %v", on, s.metrics != nil, s.observer() != nil, counted != http.Handler(next))
		}
		recorder := httptest.NewRecorder()
		s.adminHandler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8081/metrics", nil))
		if (recorder.Code == http.StatusOK) != on || (!on && recorder.Code != http.StatusNotFound) {
			t.Errorf("listener %v: /metrics is %d", on, recorder.Code)
		}
	}
}

// TestTwoServersHaveTheirOwnMetrics starts both in one process.
func TestTwoServersHaveTheirOwnMetrics(t *testing.T) {
	one, handler := served(t, withMetrics)
	two, _ := served(t, withMetrics)
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/mcp", nil))
	show := func(s *Server) string {
		recorder := httptest.NewRecorder()
		s.adminHandler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8081/metrics", nil))
		return recorder.Body.String()
	}
	const line = `sallyport_decisions_total{decision="deny",reason="host"} `
	if !strings.Contains(show(one), line+"1\n") || !strings.Contains(show(two), line+"0\n") {
		t.Errorf("one:\n%s\ntwo:\n%s", show(one), show(two))
	}
}

// TestObservingAllocatesNothing holds what a request pays to what it should.
func TestObservingAllocatesNothing(t *testing.T) {
	s, _ := served(t, withMetrics)
	denied, counts := &record{reason: "signature"}, newTally()
	n := testing.AllocsPerRun(100, func() {
		for _, stage := range transport.Stages() {
			s.metrics.Took(t.Context(), stage, time.Millisecond)
		}
		s.metrics.Took(t.Context(), -1, time.Millisecond) // no stage: not observed, and no harm
		s.metrics.Took(t.Context(), 99, time.Millisecond)
		s.metrics.Streams(1)
		s.metrics.Streams(-1)
		counts.count(denied)
	})
	if n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// TestAnIssuerThatIsNoTextDoesNotBreakTheScrape gives the metrics an issuer whose
// URL is not UTF-8, which a label must be.
func TestAnIssuerThatIsNoTextDoesNotBreakTheScrape(t *testing.T) {
	s, _ := served(t, withMetrics)
	out := make(chan prometheus.Metric, 3)
	newState(s).collectKeys(out, token.KeyState{Issuer: "https://a.example/\xff", Keys: 1})
	if len(out) != 3 {
		t.Errorf("%d metrics, want 3", len(out))
	}
}

// BenchmarkObserver is what the metrics add to one call: four stages with a clock
// read at both ends of each, and the request that is in flight.
func BenchmarkObserver(b *testing.B) {
	m, now, stages, ctx := newMetrics(&Server{}), time.Now, transport.Stages(), b.Context()
	b.ReportAllocs()
	for b.Loop() {
		m.inFlight.Inc()
		for _, stage := range stages {
			began := now()
			m.Took(ctx, stage, now().Sub(began))
		}
		m.inFlight.Dec()
	}
}

func BenchmarkTally(b *testing.B) {
	counts, r := newTally(), &record{allow: true, reason: "allowed"}
	b.ReportAllocs()
	for b.Loop() {
		counts.count(r)
	}
}

// slowCollector is a collector that waits.
type slowCollector struct{ entered, release chan struct{} }

func (s slowCollector) Describe(chan<- *prometheus.Desc) {}

func (s slowCollector) Collect(chan<- prometheus.Metric) {
	s.entered <- struct{}{}
	select {
	case <-s.release:
	case <-time.After(10 * time.Second): // so that one too many is told of
	}
}

// TestScrapesAreBounded: one scrape more than may run at a time is sent away.
func TestScrapesAreBounded(t *testing.T) {
	cfg := goodConfig(t)
	cfg.AdminAddr = DefaultAdminAddr
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	waits := slowCollector{make(chan struct{}, 2*maxScrapes), make(chan struct{})}
	s.metrics.registry.MustRegister(waits)
	admin := s.adminHandler()
	scrape := func() int {
		recorder := httptest.NewRecorder()
		admin.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8081/metrics", nil))
		return recorder.Code
	}
	answers := make(chan int)
	for range maxScrapes {
		go func() { answers <- scrape() }()
		<-waits.entered
	}
	if got := scrape(); got != http.StatusServiceUnavailable {
		t.Errorf("one too many: %d", got)
	}
	close(waits.release)
	for range maxScrapes {
		if got := <-answers; got != http.StatusOK {
			t.Errorf("twin: %d", got)
		}
	}
}
