package server

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sallyport-mcp/sallyport/transport/token"
)

// state reads for each scrape what the parts of the server know of themselves.
// The counters of the audit come from one moment, so that in every scrape
// decisions are records plus aggregated plus lost plus pending.
type state struct {
	server *Server

	decisions, records, aggregated, lost, pending, writeErrors, failing *prometheus.Desc
	running, abandoned                                                  *prometheus.Desc
	ready, keys, keyAge                                                 *prometheus.Desc
	policy, policyAge, stale, failedLoads                               *prometheus.Desc
}

func newState(s *Server) *state {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("sallyport_"+name, help, labels, nil)
	}
	return &state{
		server: s,

		decisions:   desc("decisions_total", "Decisions, refusals before a verified token included.", "decision", "reason"),
		records:     desc("audit_records_total", "Decisions written to the audit as a line of their own."),
		aggregated:  desc("audit_aggregated_total", "Decisions written to the audit within the count of a line."),
		lost:        desc("audit_lost_total", "Decisions that could not be written to the audit."),
		pending:     desc("audit_pending", "Decisions that are not written to the audit yet."),
		writeErrors: desc("audit_write_errors_total", "Writes to the audit that failed."),
		failing:     desc("audit_failing", "1 if the audit cannot be written: the last write failed, or does not end. Else 0."),

		running:   desc("calls_running", "Requests whose handlers have not returned, abandoned ones included."),
		abandoned: desc("calls_abandoned", "Those of them whose client has its answer, or is gone."),

		ready:  desc("issuer_ready", "1 if tokens of the issuer can be judged, else 0.", "issuer"),
		keys:   desc("issuer_keys", "Usable keys in the issuer's key set, 0 if there was none yet.", "issuer"),
		keyAge: desc("issuer_keys_age_seconds", "Time since the issuer's key set was asked for. Absent if there was none yet.", "issuer"),

		policy:      desc("policy_info", "Always 1; the labels are the revision of the policy in force and what decides door two.", "revision", "evaluator"),
		policyAge:   desc("policy_age_seconds", "Time since the policy in force was loaded."),
		stale:       desc("policy_stale", "1 if the policy files are not in force: they do not load, or cannot be looked at. Else 0."),
		failedLoads: desc("policy_reload_failures_total", "Edits of the policy files that did not load."),
	}
}

// Describe implements [prometheus.Collector].
func (c *state) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{
		c.decisions, c.records, c.aggregated, c.lost, c.pending, c.writeErrors, c.failing,
		c.running, c.abandoned, c.ready, c.keys, c.keyAge, c.policy, c.policyAge, c.stale, c.failedLoads,
	} {
		out <- desc
	}
}

// Collect implements [prometheus.Collector].
func (c *state) Collect(out chan<- prometheus.Metric) {
	c.collectAudit(out)
	c.collectPolicy(out)
	calls := c.server.Calls()
	out <- gauge(c.running, float64(calls.Running))
	out <- gauge(c.abandoned, float64(calls.Abandoned))
	for _, keys := range c.server.keyStates() {
		c.collectKeys(out, keys)
	}
}

func (c *state) collectAudit(out chan<- prometheus.Metric) {
	stats, outcomes := c.server.audit.snapshot()
	for key, n := range outcomes {
		out <- counter(c.decisions, n, decisionWord(key.allow), key.reason)
	}
	out <- counter(c.records, stats.Records)
	out <- counter(c.aggregated, stats.Aggregated)
	out <- counter(c.lost, stats.Lost)
	out <- counter(c.writeErrors, stats.WriteErrors)
	out <- gauge(c.failing, truth(c.server.audit.down.Load()))
	out <- gauge(c.pending, float64(stats.Decisions-stats.Records-stats.Aggregated-stats.Lost))
}

func (c *state) collectPolicy(out chan<- prometheus.Metric) {
	store := c.server.store
	policy, age := store.inForce()
	out <- gauge(c.policy, 1, policy.Revision(), string(evaluatorOf(policy)))
	out <- gauge(c.policyAge, age.Seconds())
	out <- gauge(c.stale, truth(store.alarm.stale()))
	out <- counter(c.failedLoads, store.alarm.failed.Load())
}

func (c *state) collectKeys(out chan<- prometheus.Metric, k token.KeyState) {
	issuer := strings.ToValidUTF8(k.Issuer, "?") // or the scrape would fail
	out <- gauge(c.ready, truth(k.Usable), issuer)
	out <- gauge(c.keys, float64(k.Keys), issuer)
	if k.Keys > 0 {
		out <- gauge(c.keyAge, k.Age.Seconds(), issuer)
	}
}

func counter(desc *prometheus.Desc, n uint64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n), labels...)
}

func gauge(desc *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
}

func truth(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}
