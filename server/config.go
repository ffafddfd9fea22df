package server

import (
	"io"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/sallyport-mcp/sallyport/authserver"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

const (
	// DefaultAddr is where the MCP endpoint listens unless told otherwise.
	DefaultAddr = "127.0.0.1:8080"
	// DefaultAdminAddr is where package cli lets health checks listen unless
	// told otherwise. The zero value of [Config] has no such listener.
	DefaultAdminAddr = "127.0.0.1:8081"
	// DefaultPath is the path of the MCP endpoint.
	DefaultPath = "/mcp"
	// DefaultModel is the model in the working directory that is read when
	// none is named.
	DefaultModel = "model.conf"
	// DefaultPolicy is the policy; see [DefaultModel].
	DefaultPolicy = "policy.csv"
	// RequestStateLifetime is how long a client may take to bring back the state
	// of a request that waits for input, from one round to the next.
	RequestStateLifetime = 15 * time.Minute
)

// Visibility says which operations a list shows to a caller.
type Visibility int

const (
	// VisibilityAttainable shows what the policy permits the caller, also if
	// the token's scopes do not suffice yet, so that a client can discover
	// what a further authorization would give it. It is the default.
	VisibilityAttainable Visibility = iota
	// VisibilityGranted shows only what the token in hand may call now.
	VisibilityGranted
)

// Denials says what a caller learns when the policy denies.
type Denials int

const (
	// DenialsExplain answers 403 and names the permission that is missing, so
	// that the caller knows whom to ask. It is the default.
	DenialsExplain Denials = iota
	// DenialsConceal answers exactly as if the operation did not exist.
	DenialsConceal
)

// Switch is a setting that is "on" or "off". Empty means [On], unless the setting
// says otherwise.
type Switch string

// The values of a [Switch].
const (
	On  Switch = "on"
	Off Switch = "off"
)

// Config describes one server. The zero value of every field is safe or
// refuses to start. New copies what it needs: later changes have no effect.
type Config struct {
	// Name identifies the server to clients, for example "notes". Required.
	Name string
	// Version is the server's own version. Empty means "dev".
	Version string
	// Instructions tell a model how to use the server. Every verified caller
	// reads the same ones, so they must not describe what only some may see.
	Instructions string

	// Tools, Resources and Prompts are all operations of the server.
	Tools     []tools.Tool
	Resources []tools.Resource
	Prompts   []tools.Prompt

	// Made is called once, by New, with the server that New is about to return. It
	// is how a program that leaves the making to package cli comes by its server,
	// whose Notify methods tell clients of changes. It runs before the first
	// request, must return, and must not close the server. Nil is never called.
	Made func(*Server)

	// Addr is the host:port of the MCP listener. Empty means [DefaultAddr].
	Addr string
	// PublicURL is the external base URL. The resource identifier (RFC 8707,
	// RFC 9728) and required audience of tokens are this plus the path of the
	// endpoint. Plain http is accepted for loopback addresses only. Empty
	// means http:// plus Addr, if that is a loopback address.
	PublicURL string
	// AdminAddr is the host:port of the listener for /healthz, /readyz and
	// /metrics (docs/metrics.md). Empty is off, and then no metrics are kept.
	// Whoever reaches it may read it: keep it off public networks.
	AdminAddr string
	// Issuers are the authorization servers whose tokens are accepted. With
	// several of them an empty Alias becomes the host of the issuer's URL, with
	// port and path, joined by dashes, as far as it takes to tell them apart.
	// Empty runs an embedded authorization server for development, which is
	// possible only if Addr and PublicURL are loopback addresses.
	Issuers []token.Issuer
	// Users are the people the embedded authorization server knows. Empty
	// means alice, bob and carol. Who has no Note gets one that names the roles
	// the policy gave at the start. They are not used with Issuers.
	Users []authserver.User
	// Model and Policy are the Casbin files. Empty means [DefaultModel] and
	// [DefaultPolicy] in the working directory; of these the model may be
	// missing, which means the textbook model. Each is a regular file of at most
	// 64 MiB. Edits take effect within a second while the server runs; files that
	// do not load change nothing and are an alarm.
	Model, Policy string
	// SealingKeys seal what clients carry for the server and bring back, as the
	// state of a request that waits for input. The first one seals and all of
	// them open, so that a key can be replaced; each is 32 random bytes. Replicas
	// of one server need the same. Nil makes a key for this process, and then
	// nothing that was sealed opens after a restart or in a replica.
	SealingKeys [][]byte
	// Store is where state is kept: "memory", which empty means too.
	Store string
	// Audit is where decisions are recorded: "stdout", "stderr" (which empty
	// means too) or "file:PATH". A file that is renamed or removed is followed by a
	// new one at its path.
	Audit string
	// AuditChain switches a chain of hashes through the lines of the audit, by which
	// `audit verify` finds lines that were edited, removed or moved later
	// (docs/audit.md). Empty means [Off]. On stderr there is none, since other lines
	// stand there in between.
	AuditChain Switch
	// AuditFailure says what happens while the audit cannot be written. Empty means
	// [AuditCount].
	AuditFailure AuditFailure
	// Limits switches all of Quotas, and the limits of the embedded authorization
	// server. The size of bodies and headers and the time to send them are
	// bounded regardless of it.
	Limits Switch
	// Quotas are how much a caller may ask for: messages a minute, calls at the
	// same time, time for each. What is zero has the default of
	// [transport.DefaultQuotas]. Each replica counts for itself.
	Quotas transport.Quotas
	// Legacy switches the protocol revisions before 2026-07-28: 2025-11-25 and
	// 2025-06-18. Off refuses their requests, GET and DELETE among them.
	Legacy Switch
	// Origins are the browser origins whose pages may use the endpoint and read
	// its answers, for example "https://app.example.com". Empty means the origin
	// of PublicURL.
	Origins []string
	// InitialScopes are the scopes a client without a token is told to ask
	// for. Nil means the scopes without placeholders of read-only tools that
	// are not marked Sensitive.
	InitialScopes []string
	// Visibility says which operations lists show.
	Visibility Visibility
	// Denials says what a caller learns when the policy denies.
	Denials Denials
	// MaxBody is the largest request body in bytes. Zero means 1 MiB.
	MaxBody int64

	// Logger takes what operators should know. Nil writes text to Stderr.
	Logger *slog.Logger
	// TracerProvider makes the spans of requests (docs/traces.md). Nil makes none.
	// It is the caller's: shut it down after the server, and give it a processor
	// that does not wait for its collector, for it is called on the way of every
	// request. Package cli makes one if the environment asks for it.
	TracerProvider trace.TracerProvider
	// Stdout and Stderr are written to by the audit and the start-up banner.
	// Nil means the process's own.
	Stdout, Stderr io.Writer
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}
