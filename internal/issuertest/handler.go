package issuertest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
)

// Fault is a way in which an issuer fails to serve its keys.
type Fault string

// The faults. All but the last three are about the key set only.
const (
	FaultNone          Fault = ""
	FaultEmpty         Fault = "empty"          // 200 with no keys
	FaultEmptyObject   Fault = "empty object"   // 200 with {}
	FaultHTML          Fault = "html"           // 200 with a page
	FaultTruncated     Fault = "truncated"      // 200 with the first half
	FaultDuplicate     Fault = "duplicate"      // 200 with two members "keys"
	FaultHuge          Fault = "huge"           // 200 with 50 MB
	FaultGzipBomb      Fault = "gzip bomb"      // 200 with 50 MB, compressed to little
	FaultRedirect      Fault = "redirect"       // 302 to the target
	FaultDown          Fault = "down"           // 503 for everything
	FaultHang          Fault = "hang"           // no answer to anything until the client gives up
	FaultOtherIssuer   Fault = "other issuer"   // metadata of somebody else
	FaultForeignKeys   Fault = "foreign keys"   // metadata with the target as jwks_uri
	FaultOAuthMetadata Fault = "oauth metadata" // only RFC 8414 metadata, no fault at all
)

const hugeBody = 50 << 20

// Break switches a fault on, FaultNone switches it off. The target is the URL for
// FaultRedirect and FaultForeignKeys, relative or absolute.
func (i *Issuer) Break(fault Fault, target string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fault, i.target = fault, target
}

// Requests returns how often metadata was asked for, and how often keys.
func (i *Issuer) Requests() (int, int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.discoveries, i.fetches
}

// Handler serves the metadata (OpenID Connect Discovery, RFC 8414) and the keys.
func (i *Issuer) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		isKeys := strings.HasSuffix(r.URL.Path, "/jwks.json")
		i.mu.Lock()
		fault, target := i.fault, i.target
		if isKeys {
			i.fetches++
		} else {
			i.discoveries++
		}
		i.mu.Unlock()
		switch {
		case fault == FaultDown:
			http.Error(w, "down", http.StatusServiceUnavailable)
		case fault == FaultHang:
			<-r.Context().Done()
		case isKeys:
			i.serveKeys(w, r, fault, target)
		default:
			i.serveMetadata(w, r, fault, target)
		}
	})
}

func (i *Issuer) serveMetadata(w http.ResponseWriter, r *http.Request, fault Fault, target string) {
	isOpenID := strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration")
	isOAuth := strings.Contains(r.URL.Path, "/.well-known/oauth-authorization-server")
	if !isOpenID && !isOAuth || isOpenID && fault == FaultOAuthMetadata {
		http.NotFound(w, r)
		return
	}
	url := i.URL()
	metadata := map[string]any{"issuer": url, "jwks_uri": strings.TrimSuffix(url, "/") + "/jwks.json"}
	switch fault {
	case FaultOtherIssuer:
		metadata["issuer"] = url + "/"
	case FaultForeignKeys:
		metadata["jwks_uri"] = target
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(must(json.Marshal(metadata)))
}

func (i *Issuer) serveKeys(w http.ResponseWriter, r *http.Request, fault Fault, target string) {
	body := must(i.JWKS(r.Context()))
	switch fault {
	case FaultEmpty:
		body = []byte(`{"keys":[]}`)
	case FaultEmptyObject:
		body = []byte(`{}`)
	case FaultHTML:
		body = []byte(`<!doctype html><title>Sign in</title>`)
	case FaultTruncated:
		body = body[:len(body)/2]
	case FaultDuplicate:
		body = append([]byte(`{"keys":[],`), body[1:]...)
	case FaultHuge:
		body = append(body, bytes.Repeat([]byte(" "), hugeBody)...)
	case FaultGzipBomb:
		w.Header().Set("Content-Encoding", "gzip")
		body = compress(append(body, bytes.Repeat([]byte(" "), hugeBody)...))
	case FaultRedirect:
		if r.URL.RawQuery == "" { // so that a redirect to here ends here
			http.Redirect(w, r, target, http.StatusFound)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

func compress(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_ = must(z.Write(data))
	must(struct{}{}, z.Close())
	return b.Bytes()
}

// Client returns a client whose requests the handler answers in memory, wherever
// they go: for tests in a bubble of testing/synctest, where nothing may wait for a
// network. It does not decompress.
func (i *Issuer) Client() *http.Client { return &http.Client{Transport: inMemory{i.Handler()}} }

type inMemory struct{ handler http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	m.handler.ServeHTTP(recorder, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	response := recorder.Result()
	response.Request = r
	return response, nil
}
