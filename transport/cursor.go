package transport

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// cursorKey seals the cursors of lists. A cursor of mcp-go is the name of the
// last item shown; sealed, it is good for the caller, client and list it was
// made for, and for no other. The key lives as long as the process.
type cursorKey []byte

// macSize is the length of the seal. 16 bytes cannot be guessed.
const macSize = 16

// seal returns the cursor that is handed out. An empty cursor ends the list.
func (k cursorKey) seal(who authz.Principal, method, cursor string) string {
	if cursor == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(append(k.mac(who, method, cursor), cursor...))
}

// open returns the cursor that was sealed, and false for any other.
func (k cursorKey) open(who authz.Principal, method, sealed string) (string, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil || len(b) <= macSize {
		return "", false
	}
	cursor := string(b[macSize:])
	return cursor, hmac.Equal(b[:macSize], k.mac(who, method, cursor))
}

func (k cursorKey) mac(who authz.Principal, method, cursor string) []byte {
	h := hmac.New(sha256.New, k)
	for _, part := range []string{who.Issuer, who.Subject, who.Client, method, cursor} {
		// A hash never fails to be written to.
		_, _ = io.WriteString(h, part+"\x00")
	}
	return h.Sum(nil)[:macSize]
}

// dispatched returns the bytes to dispatch: the message with its cursor opened.
func (e *endpoint) dispatched(who authz.Principal, msg *message.Message) ([]byte, *Refusal) {
	if msg.Cursor == "" {
		return msg.Raw, nil
	}
	cursor, ok := e.cursors.open(who, msg.Method, msg.Cursor)
	if !ok {
		r := InvalidParams("the cursor is not one of this list")
		r.Reason = "foreign_cursor"
		return nil, r
	}
	return msg.WithCursor(cursor), nil
}
