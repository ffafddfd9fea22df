package transport_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport"
)

// waits registers a tool that says when it runs and returns when it is let go,
// whatever its context says.
func (h *harness) waits() {
	h.tool("waits", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		h.waiting <- "runs"
		<-h.release
		return mcp.NewToolResultText("late"), nil
	})
}

func TestLimitOfCallsAtTheSameTime(t *testing.T) {
	for name, row := range map[string]struct {
		quotas transport.Quotas
		reason string
		token  string
		free   string
	}{
		"of one principal": {transport.Quotas{CallsPerPrincipal: 1}, "calls_principal", "other", "bob"},
		"of all":           {transport.Quotas{Calls: 1}, "calls_total", "bob", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := limited(t, row.quotas)
			h.waits()
			first := make(chan answer)
			go func() { first <- send(t, h.toolWith("good", "waits")) }()
			<-h.waiting
			h.tooMany(t, h.toolWith(row.token, "allowed"), row.reason, "1")
			if row.free != "" {
				h.accepted(t, h.toolWith(row.free, "allowed"))
			}
			if got, want := h.config.Limits.Calls(), (transport.CallStats{Running: 1}); got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
			close(h.release)
			if a := <-first; a.status != http.StatusOK {
				t.Errorf("the first call: %d", a.status)
			}
			h.accepted(t, h.toolWith(row.token, "allowed"))
		})
	}
	t.Run("a refused one takes no place", func(t *testing.T) {
		h, _ := limited(t, transport.Quotas{Calls: 1})
		for range 3 {
			h.refused(t, h.toolWith("good", "forbidden"), 403, 403)
			h.refused(t, h.toolWith("good", "nowhere"), 400, -32602)
		}
		h.accepted(t, h.toolWith("good", "allowed"))
	})
}

// inBubble returns a handler with the harness's parts that uses the time of the
// synctest bubble it is called in.
func inBubble(t *testing.T, h *harness, q transport.Quotas) (http.Handler, *transport.Limits) {
	t.Helper()
	limits, err := transport.NewLimits(q, nil)
	if err != nil {
		t.Fatal(err)
	}
	config := h.config
	config.Limits, config.Now = limits, nil
	handler, err := transport.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return handler, limits
}

func (h *harness) serve(handler http.Handler, tool string) answer {
	r := h.toolWith("good", tool)
	r.Host = h.host
	r.RemoteAddr = "192.0.2.1:1"
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

// TestF09_HandlersThatNeverEnd: their clients get an answer in time, they keep
// their places, and there are no more of them than places.
func TestF09_HandlersThatNeverEnd(t *testing.T) {
	h := start(t)
	synctest.Test(t, func(t *testing.T) {
		const places, clients = 1000, 10_000
		plenty := transport.Rate{PerMinute: 1_000_000}
		handler, limits := inBubble(t, h, transport.Quotas{
			CallsPerPrincipal: places, CallTime: time.Minute, Principal: plenty, Tool: plenty, Client: plenty,
		})
		release := make(chan struct{})
		h.tool("stuck", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			<-release
			return mcp.NewToolResultText("late"), nil
		})
		began := time.Now()
		answers := make(chan answer, clients)
		for range clients {
			go func() { answers <- h.serve(handler, "stuck") }()
		}
		count := map[string]int{}
		for range clients {
			a := <-answers
			count[fmt.Sprintf("%d %d after %v", a.status, a.rpc(t).Error.Code, time.Since(began))]++
		}
		if count["429 429 after 0s"] != clients-places || count["200 -32603 after 1m0s"] != places {
			t.Errorf("answers: %v", count)
		}
		synctest.Wait()
		if got, want := limits.Calls(), (transport.CallStats{Running: places, Abandoned: places}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		if a := h.serve(handler, "allowed"); a.status != http.StatusTooManyRequests {
			t.Errorf("a call beside them: %d", a.status)
		}
		close(release)
		synctest.Wait()
		if got := limits.Calls(); got != (transport.CallStats{}) {
			t.Errorf("%+v are left", got)
		}
		if a := h.serve(handler, "allowed"); a.status != http.StatusOK {
			t.Errorf("a call after them: %d %s", a.status, a.body)
		}
	})
	if !strings.Contains(h.logs.String(), "reason=call_time") {
		t.Error("nobody was told")
	}
}

// TestLimitOfTime: a handler that heeds its context ends with it, and one that
// is done in time is not touched.
func TestLimitOfTime(t *testing.T) {
	h := start(t)
	synctest.Test(t, func(t *testing.T) {
		handler, limits := inBubble(t, h, transport.Quotas{CallTime: time.Minute})
		h.tool("heeds", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		h.tool("slow", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(time.Minute - 1):
				return mcp.NewToolResultText("in time"), nil
			}
		})
		a := h.serve(handler, "heeds")
		if e := a.rpc(t).Error; a.status != http.StatusOK || e == nil || e.Message != "the request ran longer than this server allows" {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := h.serve(handler, "slow"); a.status != http.StatusOK || !strings.Contains(a.body, "in time") {
			t.Errorf("twin: %d %s", a.status, a.body)
		}
		synctest.Wait()
		if got := limits.Calls(); got != (transport.CallStats{}) {
			t.Errorf("%+v are left", got)
		}
	})
}

// TestExpiryCountsBeforeTime: whichever ends first says why.
func TestExpiryCountsBeforeTime(t *testing.T) {
	h := start(t)
	synctest.Test(t, func(t *testing.T) {
		h.verifier.callers["good"] = authz.Principal{Issuer: "https://i", Subject: "alice", Expires: time.Now().Add(30 * time.Second)}
		handler, _ := inBubble(t, h, transport.Quotas{CallTime: time.Minute})
		h.tool("heeds", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		if a := h.serve(handler, "heeds"); a.status != http.StatusUnauthorized {
			t.Errorf("%d %s", a.status, a.body)
		}
		synctest.Wait()
	})
}
