package authserver

import (
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

const (
	formType = "application/x-www-form-urlencoded"
	maxForm  = 16 << 10 // bytes of a form, and of the query of an authorization request
	maxJSON  = 64 << 10 // bytes of a registration
)

// oauthError is an error answer of RFC 6749, section 5.2. Its description is
// fixed text: nothing the caller sent comes back in it.
type oauthError struct {
	status      int
	code        string
	description string
}

func badRequest(code, description string) *oauthError {
	return &oauthError{http.StatusBadRequest, code, description}
}

// write sends the error. 401 names the scheme a client may use.
func (e *oauthError) write(w http.ResponseWriter) {
	if e.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="token"`)
	}
	writeJSON(w, e.status, map[string]string{"error": e.code, "error_description": e.description})
}

// writeJSON sends an answer that may hold secrets: never cached (RFC 6749,
// section 5.1).
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client went away
}

// readForm reads a posted form: at most maxForm bytes, no parameter twice and
// none without a value (RFC 6749, section 3.2), nothing in the URL.
func readForm(r *http.Request) (url.Values, *oauthError) {
	if !hasType(r, formType) {
		return nil, badRequest("invalid_request", "the body must be "+formType)
	}
	if r.URL.RawQuery != "" {
		return nil, badRequest("invalid_request", "parameters belong in the body, not in the URL")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	if err != nil || len(body) > maxForm {
		return nil, badRequest("invalid_request", "the body is too large or cut off")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, badRequest("invalid_request", "the body is malformed")
	}
	if repeated(form, "resource") {
		return nil, badRequest("invalid_request", "a parameter is repeated")
	}
	dropEmpty(form)
	return form, nil
}

// hasType reports whether the body is declared as the given media type.
func hasType(r *http.Request, want string) bool {
	got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && strings.EqualFold(got, want)
}

// repeated reports whether a parameter other than the excepted ones occurs more
// than once.
func repeated(v url.Values, except string) bool {
	for name, values := range v {
		if len(values) > 1 && name != except {
			return true
		}
	}
	return false
}

// dropEmpty removes parameters without a value: they count as omitted (RFC 6749,
// sections 3.1 and 3.2).
func dropEmpty(v url.Values) {
	maps.DeleteFunc(v, func(_ string, values []string) bool { return len(values) == 1 && values[0] == "" })
}

func splitScopes(s string) []string { return strings.Fields(s) }
