package cli

import (
	"cmp"
	"context"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/sallyport-mcp/sallyport/server"
)

// flushTime bounds how long a stop waits for a collector.
const flushTime = 2 * time.Second

// The variables of OpenTelemetry that decide whether traces are exported, and
// whither. Everything else is read by its SDK.
const (
	otelDisabled       = "OTEL_SDK_DISABLED"
	otelExporter       = "OTEL_TRACES_EXPORTER"
	otelEndpoint       = "OTEL_EXPORTER_OTLP_ENDPOINT"
	otelTracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	otelProtocol       = "OTEL_EXPORTER_OTLP_PROTOCOL"
	otelTracesProtocol = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
)

// exportTraces gives cfg a provider that exports over OTLP, if the environment
// asks for one and the program has none of its own. The returned function ends
// the export; it waits no longer than flushTime for spans to leave.
//
// The variables belong to the platform and not to this program, so what is wrong
// with them is logged and costs the traces, never the start: a gate must not
// stay shut because of its telemetry.
func (p *program) exportTraces(cfg *server.Config) func() {
	nothing := func() {}
	if cfg.TracerProvider != nil {
		return nothing
	}
	endpoint, why := tracesEndpoint(p.variables())
	if endpoint == "" && why == "" {
		return nothing
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(p.stderr, nil))
	}
	if why != "" {
		cfg.Logger.Warn("traces are not exported", "why", why)
		return nothing
	}
	client, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpointURL(endpoint))
	if err != nil {
		cfg.Logger.Warn("traces are not exported", "why", "the settings of the exporter contradict each other")
		return nothing
	}
	exporter := newExporter(client, cfg.Logger)
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter), // its queue is bounded, and what finds no room is dropped
		sdktrace.WithResource(serviceOf(*cfg)),
	)
	cfg.TracerProvider = provider
	return func() { endTraces(provider, exporter, cfg.Logger) }
}

// endTraces flushes what the collector takes in time.
func endTraces(provider *sdktrace.TracerProvider, exporter *exporter, logger *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	// What is on its way when time is up is cut off, so that nothing of it outlives
	// the server.
	defer context.AfterFunc(ctx, exporter.abandon)()
	if err := provider.Shutdown(ctx); err != nil {
		exporter.abandon()
		logger.Warn("spans were lost at the stop")
	}
}

// serviceOf says which service the spans are of. What the environment says counts
// more (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES).
func serviceOf(cfg server.Config) *resource.Resource {
	// The error says that a part of the environment could not be read; the rest of
	// the resource is there.
	service, _ := resource.New(context.Background(),
		resource.WithTelemetrySDK(),
		resource.WithAttributes(
			attribute.String("service.name", cmp.Or(cfg.Name, "server")),
			attribute.String("service.version", cmp.Or(cfg.Version, "dev")),
		),
		resource.WithFromEnv(),
	)
	return service
}

// variables returns the environment by name. The last value of a name counts.
func (p *program) variables() map[string]string {
	all := map[string]string{}
	for _, one := range p.env {
		if name, value, ok := strings.Cut(one, "="); ok {
			all[name] = value
		}
	}
	return all
}

// tracesEndpoint returns the URL that traces go to, empty if they go nowhere.
// The second result says why, if somebody seems to want them. It repeats nothing
// of the environment, in which there are passwords.
func tracesEndpoint(env map[string]string) (string, string) {
	raw, path := env[otelTracesEndpoint], ""
	if raw == "" {
		raw, path = env[otelEndpoint], "v1/traces" // OTLP, "Endpoint URLs for OTLP/HTTP"
	}
	if raw == "" || strings.EqualFold(env[otelDisabled], "true") || env[otelExporter] == "none" {
		return "", ""
	}
	if exporter := env[otelExporter]; exporter != "" && exporter != "otlp" {
		return "", otelExporter + " is neither otlp nor none"
	}
	switch cmp.Or(env[otelTracesProtocol], env[otelProtocol]) {
	case "", "http/protobuf", "http/json":
	default:
		return "", "the protocol is neither http/protobuf nor http/json; set " + otelTracesProtocol
	}
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return "", "the endpoint is not an absolute http or https URL"
	}
	if path != "" {
		u = u.JoinPath(path)
	}
	return u.String(), ""
}
