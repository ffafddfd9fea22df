package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/goleak"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
)

func TestTracesEndpoint(t *testing.T) {
	const base, own = otelEndpoint + "=http://collector:4318", otelTracesEndpoint + "=https://collector/here"
	for _, c := range []struct {
		env  []string
		want string
		why  string
	}{
		{nil, "", ""},
		{[]string{base}, "http://collector:4318/v1/traces", ""},
		{[]string{base + "/otlp/"}, "http://collector:4318/otlp/v1/traces", ""},
		{[]string{base, own}, "https://collector/here", ""},
		{[]string{own + "?", "broken", own}, "https://collector/here", ""},
		{[]string{base, otelExporter + "=otlp", otelProtocol + "=http/json", otelDisabled + "=no"}, "http://collector:4318/v1/traces", ""},
		{[]string{base, otelDisabled + "=TRUE"}, "", ""},
		{[]string{base, otelExporter + "=none"}, "", ""},
		{[]string{base, otelExporter + "=zipkin"}, "", "neither otlp"},
		{[]string{base, otelProtocol + "=grpc"}, "", "protocol"},
		{[]string{base, otelProtocol + "=grpc", otelTracesProtocol + "=http/protobuf"}, "http://collector:4318/v1/traces", ""},
		{[]string{otelEndpoint + "=collector:4318"}, "", "not an absolute"},
		{[]string{otelEndpoint + "=grpc://secret@collector"}, "", "not an absolute"},
		{[]string{otelTracesEndpoint + "=http://"}, "", "not an absolute"},
		{[]string{otelTracesEndpoint + "=http://%zz"}, "", "not an absolute"},
	} {
		got, why := tracesEndpoint((&program{env: c.env}).variables())
		if got != c.want || !strings.Contains(why, c.why) || (why == "") != (c.why == "") || strings.Contains(why, "secret") {
			t.Errorf("%q: %q, %q; want %q, %q", c.env, got, why, c.want, c.why)
		}
	}
}

// log is an output that several may write to.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// exporting returns a client of a server whose traces go to endpoint, and the
// function that ends the export.
func exporting(t *testing.T, endpoint string, out io.Writer) (*servertest.Client, func()) {
	t.Helper()
	policy := filepath.Join(t.TempDir(), "policy.csv")
	if err := os.WriteFile(policy, []byte("p, anyone, *, *, allow\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := server.Config{
		Name: "exporting", Policy: policy, Logger: slog.New(slog.NewTextHandler(out, nil)),
		Tools: []tools.Tool{{
			Name: "greet", Description: "Greet.", Scopes: []string{"greet:use"},
			Handler: tools.Typed(func(context.Context, struct{}) (string, error) { return "Hello", nil }),
		}},
	}
	p := &program{env: []string{otelEndpoint + "=" + endpoint}, stderr: out}
	flush := p.exportTraces(&cfg)
	srv := servertest.Start(t, cfg)
	return srv.Client(t, srv.Token(t, servertest.User("bob"), "greet:use")), flush
}

// TestTracesReachTheCollector reads what is sent, in which texts stand as they are.
func TestTracesReachTheCollector(t *testing.T) {
	type sent struct {
		path, key string
		body      []byte
	}
	arrived := make(chan sent, 10)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		arrived <- sent{r.URL.Path, r.Header.Get("Api-Key"), body}
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=secret")
	out := new(log)
	client, flush := exporting(t, collector.URL, out)
	if a := client.Call("greet", map[string]any{}); !a.OK() {
		t.Fatal(a)
	}
	if a := client.Send("tools/list", nil); !a.OK() { // so that the first span has ended
		t.Fatal(a)
	}
	flush()
	got := <-arrived
	if got.path != "/v1/traces" || got.key != "secret" {
		t.Errorf("sent to %s with key %q", got.path, got.key)
	}
	for _, text := range []string{"tools/call greet", "service.name", "exporting", "telemetry.sdk.name"} {
		if !bytes.Contains(got.body, []byte(text)) {
			t.Errorf("%q was not sent", text)
		}
	}
	if strings.Contains(out.String(), "traces") {
		t.Errorf("nothing was wrong, and yet:\n%s", out)
	}
}

// TestTheEnvironmentNamesTheService gives it the last word.
func TestTheEnvironmentNamesTheService(t *testing.T) {
	cfg := server.Config{Name: "mine"}
	for _, name := range []string{"", "theirs"} {
		t.Setenv("OTEL_SERVICE_NAME", name)
		want := "mine"
		if name != "" {
			want = name
		}
		if got := serviceOf(cfg).String(); !strings.Contains(got, "service.name="+want) {
			t.Errorf("%q became %s", name, got)
		}
	}
}

// TestF30_ADeadCollectorChangesNothing calls and stops while nobody takes spans.
func TestF30_ADeadCollectorChangesNothing(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for name, addr := range map[string]string{"silent": silent.Addr().String(), "closed": closed.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			before, out := goleak.IgnoreCurrent(), new(log)
			t.Run("calls", func(t *testing.T) {
				client, flush := exporting(t, "http://user:secret@"+addr+"/?key=secret", out)
				for range 20 {
					if a := client.Call("greet", map[string]any{}); !a.OK() {
						t.Fatal(a)
					}
				}
				began := time.Now()
				flush()
				if took := time.Since(began); took > flushTime+10*time.Second {
					t.Errorf("the stop waited %v for the collector", took)
				}
				if a := client.Call("greet", map[string]any{}); !a.OK() {
					t.Errorf("after the end of the export: %v", a)
				}
			})
			goleak.VerifyNone(t, before)
			if !strings.Contains(out.String(), "traces cannot be exported") || strings.Contains(out.String(), "secret") {
				t.Errorf("the log says:\n%s", out)
			}
		})
	}
}

// TestF30_AFullQueueDoesNotBlock makes more spans than there is room for.
func TestF30_AFullQueueDoesNotBlock(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	cfg := server.Config{Name: "full"}
	flush := (&program{env: []string{otelEndpoint + "=http://" + silent.Addr().String()}, stderr: io.Discard}).exportTraces(&cfg)
	defer flush()
	tracer, done := cfg.TracerProvider.Tracer("test"), make(chan struct{})
	go func() {
		defer close(done)
		for range 3 * sdktrace.DefaultMaxQueueSize {
			_, span := tracer.Start(t.Context(), "x")
			span.End()
		}
	}()
	timer := time.NewTimer(20 * time.Second) // a queue that waits does so until the collector's 10 s are over, batch by batch
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		t.Fatal("spans wait for the collector")
	}
}

// TestTracesThatAreNotWanted leaves everything as it is.
func TestTracesThatAreNotWanted(t *testing.T) {
	const endpoint = otelEndpoint + "=http://127.0.0.1:1"
	out := new(log)
	own := noop.NewTracerProvider()
	cfg := server.Config{TracerProvider: own}
	(&program{env: []string{endpoint}, stderr: out}).exportTraces(&cfg)()
	if cfg.TracerProvider != own || cfg.Logger != nil {
		t.Error("the program's own provider was replaced")
	}
	cfg = server.Config{}
	(&program{env: []string{otelProtocol + "=grpc"}, stderr: out}).exportTraces(&cfg)()
	if cfg.TracerProvider != nil || cfg.Logger != nil || out.String() != "" {
		t.Errorf("traces without an endpoint: %v", out)
	}
	(&program{env: []string{endpoint, otelProtocol + "=grpc"}, stderr: out}).exportTraces(&cfg)()
	if cfg.TracerProvider != nil || !strings.Contains(out.String(), "traces are not exported") {
		t.Errorf("a protocol we do not speak: %v", out)
	}
}

// failing is an exporter that fails with the errors it is given, one at a time.
type failing struct{ errs []error }

func (f *failing) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error {
	err := f.errs[0]
	f.errs = f.errs[1:]
	return err
}

func (f *failing) Shutdown(context.Context) error { return nil }

// TestTheExporterTellsOnce reads the log of a collector that comes and goes.
func TestTheExporterTellsOnce(t *testing.T) {
	timeout := &url.Error{Op: "Post", URL: "http://secret", Err: context.DeadlineExceeded}
	for _, c := range []struct {
		err error
		why string
	}{
		{timeout, "does not answer"},
		{&url.Error{Op: "Post", URL: "http://secret", Err: errors.New("secret")}, "cannot be reached"},
		{errors.New("401: secret"), "did not take them"},
		{context.Canceled, "the server stops"},
	} {
		out := new(log)
		e := newExporter(&failing{[]error{nil, c.err, c.err, nil, nil, c.err}}, slog.New(slog.NewTextHandler(out, nil)))
		for range 6 {
			if err := e.ExportSpans(t.Context(), nil); err != nil {
				t.Error(err)
			}
		}
		e.abandon()
		text := out.String()
		if strings.Count(text, c.why) != 2 || strings.Count(text, "\n") != 3 || strings.Contains(text, "secret") {
			t.Errorf("%v:\n%s", c.err, text)
		}
	}
}
