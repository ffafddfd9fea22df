package transport_test

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/sallyport-mcp/sallyport/transport"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata")

// record200 serves one request without a network and returns the status.
func record200(handler http.Handler, r *http.Request) int {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Code
}

// TestTranscripts replays the requests in testdata and compares the answers
// byte by byte, headers included. -update rewrites them: read the diff.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err, "no transcripts")
	}
	h := start(t, func(h *harness) {
		h.tool("steps", progress(2))
		h.config.Resource = "http://notes.example:8080/mcp"
	})
	handler, err := transport.New(h.config)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i+1 < len(archive.Files); i += 2 {
				got := replay(t, handler, archive.Files[i].Data)
				if *update {
					archive.Files[i+1].Data = got
				}
				if diff := cmp.Diff(string(archive.Files[i+1].Data), string(got)); diff != "" {
					t.Errorf("%s (-want +got)\n%s", archive.Files[i].Name, diff)
				}
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// replay sends one request as it is written, lines ending in LF, with the
// Content-Length filled in.
func replay(t *testing.T, handler http.Handler, request []byte) []byte {
	t.Helper()
	head, body, _ := strings.Cut(string(request), "\n\n")
	body = strings.TrimSuffix(body, "\n")
	wire := strings.ReplaceAll(head, "\n", "\r\n") + fmt.Sprintf("\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(wire)))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	response := w.Result()
	defer response.Body.Close()
	response.ContentLength = -1
	dump, err := httputil.DumpResponse(response, true)
	if err != nil {
		t.Fatal(err)
	}
	dump = bytes.ReplaceAll(dump, []byte("\r\n"), []byte("\n"))
	dump = bytes.Replace(dump, []byte("Connection: close\n"), nil, 1)
	return append(bytes.TrimRight(dump, "\n"), '\n')
}
