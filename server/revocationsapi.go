package server

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// maxRevocationBody is the largest body of a revocation, in bytes.
const maxRevocationBody = 16 << 10

// serveRevocations lists what is revoked, and takes one revocation more.
func (s *Server) serveRevocations(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		list := s.revocations.List()
		writeJSON(w, http.StatusOK, map[string]any{"revocations": append([]token.Revocation{}, list...)})
	case http.MethodPost:
		asked, status, err := readRevocation(r)
		if err != nil {
			writeProblem(w, status, err)
			return
		}
		done, err := s.Revoke(asked)
		switch {
		case errors.Is(err, token.ErrTooManyRevocations):
			writeProblem(w, http.StatusInsufficientStorage, err)
		case err != nil:
			writeProblem(w, http.StatusBadRequest, err)
		default:
			writeJSON(w, http.StatusCreated, done)
		}
	default:
		w.Header().Set("Allow", "GET, POST")
		writeProblem(w, http.StatusMethodNotAllowed, errors.New("use GET to list, POST to revoke"))
	}
}

// readRevocation reads the body strictly: a member that is misspelled would
// otherwise leave another revocation than was meant.
func readRevocation(r *http.Request) (token.Revocation, int, error) {
	var asked token.Revocation
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return asked, http.StatusUnsupportedMediaType, errors.New("send application/json")
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxRevocationBody))
	if err != nil {
		return asked, http.StatusRequestEntityTooLarge, errors.New("the body is too large or did not arrive")
	}
	if err := strictjson.UnmarshalKnown(body, &asked); err != nil {
		return asked, http.StatusBadRequest, err
	}
	if !asked.Until.IsZero() {
		return asked, http.StatusBadRequest, errors.New("until is worked out here; leave it out")
	}
	return asked, http.StatusOK, nil
}

// writeProblem answers an administrator, who may know what is wrong.
func writeProblem(w http.ResponseWriter, status int, err error) {
	writeJSON(w, status, map[string]string{"error": err.Error()})
}
