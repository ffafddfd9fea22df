package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-mcp/sallyport/server/cli"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// run runs the command line in this process, in a directory with a policy.
func run(t *testing.T, args, env []string) (int, string, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := cli.Run(t.Context(), config(), args, env, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func inDirectory(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
}

const everything = "p, anyone, *, *, allow\n"

// banner is an output that tells when something was written to it.
type banner struct {
	once sync.Once
	seen chan struct{}
}

func (b *banner) Write(p []byte) (int, error) {
	b.once.Do(func() { close(b.seen) })
	return len(p), nil
}

func TestRunServesUntilItsContextEnds(t *testing.T) {
	inDirectory(t, map[string]string{"policy.csv": everything})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, ended := &banner{seen: make(chan struct{})}, make(chan int, 1)
	env := []string{"SALLYPORT_ADDR=" + addr, "SALLYPORT_ADMIN_ADDR="}
	go func() { ended <- cli.Run(ctx, config(), nil, env, io.Discard, out) }()
	<-out.seen
	cancel()
	if code := <-ended; code != cli.ExitOK {
		t.Errorf("exit code %d after a stop, want %d", code, cli.ExitOK)
	}
}

func TestRunExitCodes(t *testing.T) {
	inDirectory(t, map[string]string{
		"policy.csv": everything, "bad.csv": "p, user:bob, x, y, Deny\n", "wrong.yaml": "addr: 1\n", "unknown.yaml": "adr: x\n", "list.yaml": "issuers: [a, b]\norigins: [1]\n",
	})
	for _, row := range []struct {
		args []string
		env  []string
		code int
		want string
	}{
		{[]string{"policy", "check"}, nil, cli.ExitOK, "the policy loads"},
		{[]string{"policy"}, nil, cli.ExitOK, "check"},
		{[]string{"--help"}, nil, cli.ExitOK, "Exit codes"},
		{[]string{"policy", "check", "--policy", "bad.csv"}, nil, cli.ExitFailed, "bad.csv:1:"},
		{[]string{"policy", "check", "--config", "wrong.yaml"}, nil, cli.ExitUsage, "addr"},
		{[]string{"tools", "--config", "wrong.yaml"}, nil, cli.ExitUsage, "it is not text"},
		{[]string{"--config", "unknown.yaml"}, nil, cli.ExitUsage, `unknown.yaml:1: adr = "x": there is no such key`},
		{[]string{"--config", "list.yaml"}, nil, cli.ExitUsage, `issuers = "a"`},
		{[]string{"--store", "redis"}, nil, cli.ExitUsage, `store = "redis"`},
		{[]string{"--issuers", "https://a.example,https://b.example", "--public-url", "nowhere"}, nil, cli.ExitUsage, "--public-url = "},
		{nil, []string{"SALLYPORT_LEGACY=maybe", "sallyport_store=redis", "SALLYPORT_NEW=1", "broken"}, cli.ExitUsage, "SALLYPORT_LEGACY = "},
		{[]string{"--limits", "x", "--audit", "x"}, nil, cli.ExitUsage, "limits"},
		{[]string{"--no-such-flag"}, nil, cli.ExitUsage, "--no-such-flag"},
		{[]string{"no-such-command"}, nil, cli.ExitUsage, "no-such-command"},
		{[]string{"--addr", "192.0.2.1:1", "--public-url", "https://mcp.example", "--issuers", "https://a.example"}, nil, cli.ExitFailed, `addr = "192.0.2.1:1"`},
	} {
		code, stdout, stderr := run(t, row.args, row.env)
		if code != row.code || !strings.Contains(stdout+stderr, row.want) {
			t.Errorf("%q %q: exit code %d, want %d and %q in:\n%s%s", row.args, row.env, code, row.code, row.want, stdout, stderr)
		}
		if strings.Contains(stderr, "sallyport_store") || strings.Contains(stderr, "SALLYPORT_NEW") {
			t.Errorf("an unknown variable was taken for a mistake:\n%s", stderr)
		}
	}
}

// brokenPipe is an output that is gone.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestRunReportsAnOutputThatIsGone(t *testing.T) {
	inDirectory(t, map[string]string{"policy.csv": everything})
	for _, args := range [][]string{{"tools"}, {"policy", "check"}, {"policy", "matrix"}, {"policy", "matrix", "--csv"}, {"policy", "diff", "policy.csv"}, {"policy", "diff", "policy.csv", "--json"}} {
		if code := cli.Run(t.Context(), config(), args, nil, brokenPipe{}, &bytes.Buffer{}); code != cli.ExitFailed {
			t.Errorf("%v: exit code %d, want %d", args, code, cli.ExitFailed)
		}
	}
}

// The URLs say which issuers are trusted; what the program knows about their
// tokens stays.
func TestIssuersKeepTheirProfiles(t *testing.T) {
	inDirectory(t, map[string]string{"policy.csv": everything})
	cfg := config()
	cfg.Issuers = []token.Issuer{{URL: "https://a.example", Profile: token.Profile{Algorithms: []string{"HS256"}}}}
	for issuers, want := range map[string]string{
		"https://a.example,https://b.example": "HS256",                   // the program's profile, which is wrong
		"https://b.example":                   `--public-url = "nowhere`, // nothing of it
	} {
		var out strings.Builder
		code := cli.Run(t.Context(), cfg, []string{"--issuers", issuers, "--public-url", "nowhere"}, nil, &out, &out)
		if code != cli.ExitUsage || !strings.Contains(out.String(), want) || strings.Contains(out.String(), "HS256") != (want == "HS256") {
			t.Errorf("%s: exit code %d, want %q in:\n%s", issuers, code, want, &out)
		}
	}
}
