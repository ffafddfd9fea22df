package transport

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"
)

// readBody returns the body of a POST: JSON in UTF-8, uncompressed, of at most
// MaxBody bytes, and sent within BodyTimeout.
func (e *endpoint) readBody(w http.ResponseWriter, r *http.Request) ([]byte, *Refusal) {
	if why := mediaTypes(r.Header); why != nil {
		return nil, why
	}
	if r.ContentLength > e.MaxBody {
		return nil, tooLarge()
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(BodyTimeout))
	var body bytes.Buffer
	if r.ContentLength > 0 {
		body.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := io.Copy(&body, http.MaxBytesReader(innermost(w), r.Body, e.MaxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		// net/http would read on, in the hope of keeping the connection.
		_ = control.SetReadDeadline(time.Unix(1, 0))
		return nil, tooLarge()
	}
	if err != nil {
		return nil, incomplete(err)
	}
	// The connection is watched for a disconnect while the request runs, and
	// that must not end with the deadline of the body.
	_ = control.SetReadDeadline(time.Time{})
	return body.Bytes(), nil
}

// innermost returns the writer of net/http itself. MaxBytesReader tells it that
// the limit was hit, and the connection is then closed in a way that lets the
// client read the answer first.
func innermost(w http.ResponseWriter) http.ResponseWriter {
	for {
		wrapped, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = wrapped.Unwrap()
	}
}

// incomplete answers a body that did not arrive, or whose chunks are malformed.
// Either way nobody can tell where the next request starts.
func incomplete(err error) *Refusal {
	why := plain(http.StatusBadRequest, CodeInvalidRequest, "the body is badly framed", "body_framing")
	if _, ok := errors.AsType[net.Error](err); ok || errors.Is(err, io.ErrUnexpectedEOF) {
		why = plain(http.StatusRequestTimeout, CodeInvalidRequest, "the body did not arrive", "body_incomplete")
	}
	why.hangUp = true
	return why
}

func tooLarge() *Refusal {
	why := plain(http.StatusRequestEntityTooLarge, CodeInvalidRequest, "the body is too large", "body_too_large")
	why.hangUp = true
	return why
}

// mediaTypes refuses a body that is not declared as JSON in UTF-8 (a web page
// can send any other type without preflight), and a client that could not read
// the answer. The specification asks for an Accept header with both
// application/json and text/event-stream; a missing one, wildcards and
// application/json alone are accepted, since clients send them.
func mediaTypes(h http.Header) *Refusal {
	if !jsonInUTF8(h.Values("Content-Type")) || len(h.Values("Content-Encoding")) > 0 {
		return plain(http.StatusUnsupportedMediaType, CodeInvalidRequest,
			"the body must be application/json in UTF-8", "content_type")
	}
	if !accepts(h, "application", "json") {
		return plain(http.StatusNotAcceptable, CodeInvalidRequest,
			"the answer is application/json or text/event-stream", "accept")
	}
	return nil
}

func jsonInUTF8(values []string) bool {
	if len(values) != 1 {
		return false
	}
	if values[0] == "application/json" {
		return true // what nearly every client sends
	}
	mediaType, parameters, err := mime.ParseMediaType(values[0])
	charset, ok := parameters["charset"]
	return err == nil && mediaType == "application/json" && (!ok || strings.EqualFold(charset, "utf-8"))
}

// accepts reports whether the Accept header allows a media type. A missing
// header allows everything (RFC 9110, section 12.5.1).
func accepts(h http.Header, kind, subtype string) bool {
	values := h.Values("Accept")
	if len(values) == 0 {
		return true
	}
	for item := range strings.SplitSeq(strings.Join(values, ","), ",") {
		if strings.TrimLeft(item, " ") == kind+"/"+subtype {
			return true // what nearly every client sends
		}
		mediaType, parameters, err := mime.ParseMediaType(item)
		if err != nil || strings.Trim(parameters["q"], "0.") == "" && parameters["q"] != "" {
			continue
		}
		switch mediaType {
		case "*/*", kind + "/*", kind + "/" + subtype:
			return true
		}
	}
	return false
}
