package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

func withAdmin(c *server.Config) { c.AdminAddr = "127.0.0.1:1" } // nobody listens: tests ask the handler

// scrape returns what /metrics shows: every series with its value.
func (f *fixture) scrape(t *testing.T) (map[string]float64, string) {
	t.Helper()
	recorder := httptest.NewRecorder()
	f.Server.Server().AdminHandler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8081/metrics", nil))
	if recorder.Code != http.StatusOK {
		t.Fatalf("/metrics: %d %s", recorder.Code, recorder.Body)
	}
	series := map[string]float64{}
	for line := range strings.Lines(recorder.Body.String()) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		cut := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(strings.TrimSpace(line[cut+1:]), 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		series[line[:cut]] = value
	}
	return series, recorder.Body.String()
}

// own keeps the series of this project.
func own(series map[string]float64) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(series)), func(name string) bool { return !strings.HasPrefix(name, "sallyport_") })
}

// decided returns the decisions that were counted, as "deny token_missing".
func decided(series map[string]float64) (map[string]float64, float64) {
	label := regexp.MustCompile(`^sallyport_decisions_total\{decision="(\w+)",reason="(\w+)"\}$`)
	counted, sum := map[string]float64{}, 0.0
	for name, n := range series {
		if m := label.FindStringSubmatch(name); m != nil && n > 0 {
			counted[m[1]+" "+m[2]] += n
			sum += n
		}
	}
	return counted, sum
}

// fates is what became of decisions.
type fates struct{ records, aggregated, lost, pending float64 }

// moody is a writer that can be told to refuse.
type moody struct {
	mu      sync.Mutex
	refuses bool
	text    bytes.Buffer
}

func (m *moody) refuse(refuses bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refuses = refuses
}

func (m *moody) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refuses {
		return 0, errors.New("not now")
	}
	return m.text.Write(p)
}

// TestL03_MetricsEqualTheAudit sends mixed traffic to a server whose audit fails
// for a while. In every scrape, records plus aggregated plus lost plus pending
// equal the decisions; in the end nothing is pending, and the decisions by
// reason are those that were sent.
func TestL03_MetricsEqualTheAudit(t *testing.T) {
	out := &moody{}
	f := start(t, withAdmin, func(c *server.Config) { c.Audit, c.Stdout = "stdout", out })
	bob := f.as(t, "bob", "echo:use")
	kinds := map[string]func(){
		"allow allowed":           func() { bob.Call("echo", map[string]any{"text": "x"}) },
		"allow any_principal":     func() { bob.Call("whoami", nil) },
		"allow listed":            func() { bob.Tools() },
		"allow valid_token":       func() { bob.Send("server/discover", nil) },
		"deny scope_missing":      func() { bob.Call("query", map[string]any{"table": "public"}) },
		"deny permission_missing": func() { bob.Call("secret", nil) },
		"deny client_denied": func() {
			f.Client(t, f.Token(t, servertest.Caller{Subject: "bob", Client: "evil"}, "echo:use")).Call("echo", nil)
		},
		"deny unknown_operation": func() { bob.Call("nothing", nil) },
		"deny unknown_method":    func() { bob.Send("no/such/method", nil) },
		"deny malformed_message": func() { bob.SendRaw(nil, []byte("[]")) },
		"deny token_missing":     func() { f.Client(t, "").Send("tools/list", nil) },
		"deny token_malformed":   func() { f.Client(t, "bad").Send("tools/list", nil) },
		"deny origin":            func() { bob.With("Origin", "https://evil.example").Send("tools/list", nil) },
	}
	equal := func(when string) fates {
		t.Helper()
		series, text := f.scrape(t)
		is := fates{
			records: series["sallyport_audit_records_total"], aggregated: series["sallyport_audit_aggregated_total"],
			lost: series["sallyport_audit_lost_total"], pending: series["sallyport_audit_pending"],
		}
		if _, sum := decided(series); sum != is.records+is.aggregated+is.lost+is.pending || is.pending < 0 {
			t.Errorf("%s: %v decisions, %+v\n%s", when, sum, is, text)
		}
		return is
	}
	const rounds = 12
	for round := range rounds {
		out.refuse(round < rounds/2)
		var group sync.WaitGroup
		for _, send := range kinds {
			group.Go(send)
		}
		equal("under load")
		group.Wait()
		if round == rounds/2-1 {
			f.until(t, func(s map[string]float64) bool { return s["sallyport_audit_lost_total"] > 0 })
		}
	}
	f.Server.Server().Close()
	is := equal("in the end")
	if is.records == 0 || is.aggregated == 0 || is.lost == 0 || is.pending != 0 {
		t.Errorf("%+v; want some of each but nothing pending", is)
	}
	want := map[string]float64{}
	for kind := range kinds {
		want[kind] = rounds
	}
	series, _ := f.scrape(t)
	got, sum := decided(series)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decisions by reason (-want +got):\n%s", diff)
	}
	stats := f.Server.Server().AuditStats()
	if float64(stats.Decisions) != sum || float64(stats.WriteErrors) != series["sallyport_audit_write_errors_total"] || stats.WriteErrors == 0 {
		t.Errorf("%+v, the metrics say %v decisions, %v write errors", stats, sum, series["sallyport_audit_write_errors_total"])
	}
	if written := out.tell(t); written != is {
		t.Errorf("the sink holds %+v, the metrics say %+v", written, is)
	}
}

// tell counts the decisions in what was written.
func (m *moody) tell(t *testing.T) fates {
	t.Helper()
	var written fates
	for line := range strings.Lines(m.text.String()) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		is := decode[struct{ Count, Lost float64 }](t, line)
		switch {
		case is.Lost > 0:
			written.lost += is.Lost
		case is.Count > 0:
			written.aggregated += is.Count
		default:
			written.records++
		}
	}
	return written
}

// TestHostileRequestsMakeNoSeries sends a marker wherever a caller can write, and
// expects neither a new series nor the marker. The twins, without the marker,
// are counted.
func TestHostileRequestsMakeNoSeries(t *testing.T) {
	f := start(t, withAdmin, func(c *server.Config) { c.Issuers = server.Issuers("https://one.test", "https://two.test") }, func(c *server.Config) {
		writeFile(t, c.Policy, "p, user:one.test/bob, echo, use, allow\n")
	})
	good := f.Token(t, servertest.User("bob"), "echo:use")
	bob := f.Client(t, good)
	before, _ := f.scrape(t)
	const marker = "zqx"
	for i := range 100 {
		name := fmt.Sprintf("%s%d", marker, i)
		bob.Call(name, map[string]any{name: name})
		bob.Call("echo", map[string]any{"text": name})
		bob.Send(name, map[string]any{name: name})
		bob.Send("resources/read", map[string]any{"uri": "app://" + name})
		bob.With("Origin", "https://"+name+".example").Send("tools/list", nil)
		bob.With("Traceparent", fmt.Sprintf("00-%032x-%016x-01", i+1, i+1)).With("User-Agent", name).Send("tools/list", nil)
		bob.With("Mcp-Protocol-Version", name).Send("tools/list", nil)
		f.Client(t, name).Send("tools/list", nil)
		f.Client(t, reissue(t, good, "https://"+name+".example")).Send("tools/list", nil)
		f.Client(t, f.Token(t, servertest.Caller{Subject: name, Client: name, Groups: []string{name}}, name, "echo:use")).Call("echo", nil)
	}
	after, text := f.scrape(t)
	if diff := cmp.Diff(own(before), own(after)); diff != "" {
		t.Errorf("series before and after (-before +after):\n%s", diff)
	}
	if strings.Contains(text, marker) || strings.Contains(text, good) {
		t.Error("what a caller sent is in the metrics")
	}
	counted, sum := decided(after)
	if sum < 1000 || counted["allow allowed"] != 100 || counted["deny issuer"] != 100 || counted["deny other"]+counted["allow other"] != 0 {
		t.Errorf("%v decisions: %v", sum, counted)
	}
	for _, issuer := range []string{"https://one.test", "https://two.test"} {
		if after[`sallyport_issuer_ready{issuer="`+issuer+`"}`] != 1 {
			t.Errorf("%s is not ready:\n%s", issuer, text)
		}
	}
}

// TestExpositionIsWellFormed has the format and the names checked by those who
// made them.
func TestExpositionIsWellFormed(t *testing.T) {
	f := start(t, withAdmin)
	f.as(t, "bob", "echo:use").Call("echo", map[string]any{"text": "x"})
	series, text := f.scrape(t)
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", err, problems)
	}
	if _, err := promlint.New(strings.NewReader("sallyport_x{ 1\n")).Lint(); err == nil {
		t.Error("the check accepts what is malformed")
	}
	for _, name := range []string{"go_goroutines", "process_start_time_seconds"} {
		if series[name] == 0 {
			t.Errorf("%s is missing", name)
		}
	}
	recorder := httptest.NewRecorder()
	f.Server.Server().AdminHandler().ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8081/metrics", nil))
	if recorder.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST /metrics: %d", recorder.Code)
	}
}

// TestMetricsMove follows what is no counter of the audit.
func TestMetricsMove(t *testing.T) {
	const inFlight, open = "sallyport_requests_in_flight", "sallyport_streams_open"
	var f *fixture
	var within map[string]float64
	f = start(t, withAdmin, func(c *server.Config) {
		c.Tools = append(c.Tools, tools.Tool{
			Name: "look", Description: "Looks at the metrics.", AnyPrincipal: true,
			Handler: tools.Typed(func(context.Context, struct{}) (string, error) {
				within, _ = f.scrape(t)
				return "", nil
			}),
		})
	})
	bob := f.as(t, "bob", "echo:use")
	bob.Call("look", nil)
	if within[inFlight] != 1 || within[open] != 0 {
		t.Errorf("within a request: %v in flight, %v streams", within[inFlight], within[open])
	}
	revision := `sallyport_policy_info{evaluator="compiled",revision="` + f.Server.Server().PolicyRevision() + `"}`
	if within[revision] != 1 || within["sallyport_policy_stale"] != 0 || within["sallyport_policy_age_seconds"] <= 0 {
		t.Errorf("the policy: %v", within)
	}
	issuer := `{issuer="` + servertest.DefaultIssuer + `"}`
	if within["sallyport_issuer_ready"+issuer] != 1 || within["sallyport_issuer_keys"+issuer] == 0 || within["sallyport_issuer_keys_age_seconds"+issuer] <= 0 {
		t.Errorf("the issuer: %v", within)
	}
	for stage, want := range map[string]float64{"token": 1, "message": 1, "decision": 1, "handler": 0} {
		if got := within[`sallyport_stage_duration_seconds_count{stage="`+stage+`"}`]; got != want {
			t.Errorf("stage %s was observed %v times, want %v", stage, got, want)
		}
	}
	f.until(t, func(s map[string]float64) bool {
		return s[inFlight] == 0 && s[`sallyport_stage_duration_seconds_count{stage="handler"}`] == 1
	})
	writeFile(t, f.policy, "p, nonsense\n")
	f.until(t, func(s map[string]float64) bool {
		return s["sallyport_policy_stale"] == 1 && s["sallyport_policy_reload_failures_total"] == 1 && s[revision] == 1
	})
	writeFile(t, f.policy, fixturePolicy+"p, role:member, more, use, allow\n")
	f.until(t, func(s map[string]float64) bool {
		_, old := s[revision]
		return s["sallyport_policy_stale"] == 0 && s["sallyport_policy_reload_failures_total"] == 1 && !old
	})
}

// until scrapes until something holds.
func (f *fixture) until(t *testing.T, holds func(map[string]float64) bool) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for {
		series, text := f.scrape(t)
		if holds(series) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("it never came to be:\n%s", text)
		}
	}
}

// TestAnIssuerWithoutKeysHasNoAge starts with an issuer that is down.
func TestAnIssuerWithoutKeysHasNoAge(t *testing.T) {
	f := start(t, withAdmin, func(c *server.Config) {
		c.Issuers = []token.Issuer{{URL: "https://down.test", Keys: func(context.Context) ([]byte, error) { return nil, errors.New("down") }}}
	})
	series, text := f.scrape(t)
	const issuer = `{issuer="https://down.test"}`
	if series["sallyport_issuer_ready"+issuer] != 0 || series["sallyport_issuer_keys"+issuer] != 0 {
		t.Errorf("without keys:\n%s", text)
	}
	if _, ok := series["sallyport_issuer_ready"+issuer]; !ok {
		t.Error("the issuer is missing")
	}
	if _, ok := series["sallyport_issuer_keys_age_seconds"+issuer]; ok {
		t.Error("keys that never came have an age")
	}
}
