package transport_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/transport"
)

func TestParseTraceParent(t *testing.T) {
	const id, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for text, want := range map[string]transport.TraceParent{
		"00-" + id + "-" + span + "-01":                      {TraceID: id, SpanID: span, Sampled: true},
		"00-" + id + "-" + span + "-00":                      {TraceID: id, SpanID: span},
		"00-" + id + "-" + span + "-fe":                      {TraceID: id, SpanID: span}, // the other bits mean nothing yet
		"00-" + id + "-" + span + "-ff":                      {TraceID: id, SpanID: span, Sampled: true},
		"":                                                   {},
		"00-" + id + "-" + span:                              {},
		"00-" + id + "-" + span + "-1":                       {},
		"00-" + id + "-" + span + "-01-":                     {},
		"ff-" + id + "-" + span + "-01":                      {},
		"00-" + strings.ToUpper(id) + "-" + span + "-01":     {},
		"00-" + strings.Repeat("0", 32) + "-" + span + "-01": {},
	} {
		got, ok := transport.ParseTraceParent(text)
		if diff := cmp.Diff(want, got); diff != "" || ok != (want.TraceID != "") {
			t.Errorf("%q: %v (-want +got):\n%s", text, ok, diff)
		}
	}
}

// TestTraceContextOfTheRequest is about what goes with the trace id, whose own
// rules are those of TestTraceAndInfo.
func TestTraceContextOfTheRequest(t *testing.T) {
	h := start(t)
	const one, other = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	fits := "a=" + strings.Repeat("b", transport.MaxTracestate-2)
	for name, c := range map[string]struct {
		parents, states []string // headers
		meta            string   // members of _meta
		want            [2]string
	}{
		"header":          {[]string{one}, []string{"a=1"}, "", [2]string{one, "a=1"}},
		"several headers": {[]string{one}, []string{"a=1", "b=2"}, "", [2]string{one, "a=1,b=2"}},
		"two parents":     {[]string{one, one}, []string{"a=1"}, "", [2]string{}},
		"state alone":     {nil, []string{"a=1"}, "", [2]string{}},
		"_meta":           {nil, nil, `"traceparent":"` + other + `","tracestate":"b=2",`, [2]string{other, "b=2"}},
		"not mixed":       {[]string{one}, nil, `"traceparent":"` + other + `","tracestate":"b=2",`, [2]string{one, ""}},
		"bad header":      {[]string{"00-x"}, []string{"a=1"}, `"traceparent":"` + other + `",`, [2]string{other, ""}},
		"M-29 fits":       {[]string{one}, []string{fits}, "", [2]string{one, fits}},
		"M-29 too long":   {[]string{one}, []string{fits + "b"}, "", [2]string{one, ""}},
		"M-29 in _meta":   {nil, nil, `"traceparent":"` + other + `","tracestate":"` + fits + `b",`, [2]string{other, ""}},
		"no text":         {nil, nil, `"traceparent":"` + other + `","tracestate":{},`, [2]string{other, ""}},
	} {
		r := h.with(strings.Replace(callBody("allowed"), `"_meta":{`, `"_meta":{`+c.meta, 1))
		r.Header["Traceparent"], r.Header["Tracestate"] = c.parents, c.states
		h.accepted(t, r)
		info := h.gate.last().info
		if got := [2]string{info.Traceparent, info.Tracestate}; got != c.want || (info.TraceID == "") != (c.want[0] == "") {
			t.Errorf("%s: %q of trace %q, want %q", name, got, info.TraceID, c.want)
		}
	}
}
