package authserver

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// refreshPrefix marks refresh tokens, so that secret scanners and people can
// tell what they found.
const refreshPrefix = "rt_"

// refreshTokens makes and reads refresh tokens: the grant, the generation, and
// a MAC over both. Nothing of a token is stored, any generation can be told from
// an invented one, and the same generation is always the same token, which is
// what lets a lost response be answered again with the same replacement.
type refreshTokens struct{ key [32]byte }

func (t refreshTokens) make(grantID string, generation uint32) string {
	body := binary.BigEndian.AppendUint32(nil, generation)
	body = append(body, grantID...)
	return refreshPrefix + base64.RawURLEncoding.EncodeToString(append(body, t.mac(body)...))
}

// refreshToken is what a refresh token says.
type refreshToken struct {
	grant      string
	generation uint32
}

// read returns what a refresh token says, and false if this server did not make
// it.
func (t refreshTokens) read(token string) (refreshToken, bool) {
	encoded, ok := strings.CutPrefix(token, refreshPrefix)
	if !ok {
		return refreshToken{}, false
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || len(data) < 4+sha256.Size {
		return refreshToken{}, false
	}
	body, mac := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	if !hmac.Equal(mac, t.mac(body)) {
		return refreshToken{}, false
	}
	return refreshToken{string(body[4:]), binary.BigEndian.Uint32(body)}, true
}

func (t refreshTokens) mac(body []byte) []byte {
	h := hmac.New(sha256.New, t.key[:])
	h.Write([]byte("refresh\x00"))
	h.Write(body)
	return h.Sum(nil)
}
