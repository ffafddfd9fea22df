package message_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/transport/message"
)

// TestReadsWhatOlderRevisionsAndStreamsSay is the twin of the refusals of
// TestRefused: the same messages, whole.
func TestReadsWhatOlderRevisionsAndStreamsSay(t *testing.T) {
	cases := map[string]struct {
		body string
		get  func(*message.Message) any
		want any
	}{
		"a result": {
			`{"jsonrpc":"2.0","id":"s1","result":{"a":1}}`,
			func(m *message.Message) any { return string(m.Response.Result) }, `{"a":1}`,
		},
		"an error": {
			`{"jsonrpc":"2.0","id":"s1","error":{"code":1,"message":""}}`,
			func(m *message.Message) any { return string(m.Response.Error) }, `{"code":1,"message":""}`,
		},
		"a filter": {
			`{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true,"promptsListChanged":false,"resourceSubscriptions":["a:b","a:c","a:b"]}}}`,
			func(m *message.Message) any { return *m.Filter }, message.Filter{Tools: true, URIs: []string{"a:b", "a:c"}},
		},
		"a handshake": {
			`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"roots":{}},"clientInfo":{"name":"n","version":"1"}}}`,
			func(m *message.Message) any { return m.Handshake.ProtocolVersion }, `2025-11-25`,
		},
		"a cancellation": {
			`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`,
			func(m *message.Message) any { return string(m.Cancels) }, "7",
		},
		"a subscription": {
			`{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"a:b"}}`,
			func(m *message.Message) any { return m.Name }, "a:b",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m, err := message.Read([]byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, c.get(m)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestListenersNameNoMoreThanIsKept asks to be told of URIs of one byte too many,
// and of one less.
func TestListenersNameNoMoreThanIsKept(t *testing.T) {
	for more, want := range map[string]bool{"": true, "x": false} {
		uri := strings.Repeat("u", message.MaxSubscribed-3)
		_, err := message.Read([]byte(`{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["a:b","` +
			uri + more + `","a:b"]}}}`))
		if (err == nil) != want {
			t.Errorf("%q more: %v", more, err)
		}
	}
}

// TestListenToSoMany: one URI more than may be listened to is no filter.
func TestListenToSoMany(t *testing.T) {
	for _, n := range []int{message.MaxSubscriptions, message.MaxSubscriptions + 1} {
		uris := make([]string, n)
		for i := range uris {
			uris[i] = fmt.Sprintf(`"a:%d"`, i)
		}
		_, err := message.Read([]byte(`{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":[` +
			strings.Join(uris, ",") + `]}}}`))
		if (err == nil) != (n == message.MaxSubscriptions) {
			t.Errorf("%d: %v", n, err)
		}
	}
}
