package seal

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
)

const (
	// KeySize is the length of a key in bytes.
	KeySize = 32
	// MaxPlaintext is how many bytes Open gives back at most. A longer plaintext
	// is sealed into a text that does not open: who seals what a stranger may
	// have made long checks its length first.
	MaxPlaintext = 256 << 10

	overhead = nonceSize + tagSize
)

// encoding has one spelling for every text, except that it passes over line
// breaks, which unseal therefore looks for itself.
func encoding() *base64.Encoding { return base64.RawURLEncoding.Strict() }

// Keys seals texts and opens them. It is immutable and safe for concurrent use,
// and prints as its name only. The zero value opens nothing and panics when it
// should seal; make one with [New].
type Keys struct {
	keys []*key
}

// New returns Keys that seal with the first key and open with all of them, so
// that a key is replaced by putting the new one in front and taking the old one
// away when nothing sealed by it matters any more. Each key is [KeySize] random
// bytes; they are not kept or modified. Without any key New makes a random one:
// then nothing opens in another process or after a restart. The error names a
// key by its place, counted from 1, never by its content.
func New(keys ...[]byte) (*Keys, error) {
	if len(keys) == 0 {
		own := make([]byte, KeySize)
		_, _ = rand.Read(own) // never fails: it ends the process instead
		keys = [][]byte{own}
	}
	k := &Keys{}
	for i, secret := range keys {
		if len(secret) != KeySize {
			return nil, fmt.Errorf("key %d has %d bytes, and must have %d", i+1, len(secret), KeySize)
		}
		derived, err := newKey(secret)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		k.keys = append(k.keys, derived)
	}
	return k, nil
}

// String returns a fixed text, so that no key is ever printed.
func (Keys) String() string { return "seal.Keys" }

// GoString returns a fixed text, so that no key is ever printed.
func (Keys) GoString() string { return "seal.Keys" }

// Seal returns plaintext as an opaque text in the alphabet of base64url without
// padding (RFC 4648, section 5), which is that of HTTP header values and URLs
// too. It is four thirds as long as the plaintext and 40 bytes more. Two calls
// never return the same text.
//
// The purpose says what kind of text it is, such as "session"; the bound
// strings say for whom and for what it is. Neither is in the text. [Keys.Open]
// needs the same ones in the same order: "ab", "c" are not "a", "bc".
func (k *Keys) Seal(purpose string, plaintext []byte, bound ...string) string {
	sealed := make([]byte, nonceSize, overhead+len(plaintext))
	_, _ = rand.Read(sealed) // never fails: it ends the process instead
	nonce := sealed[:nonceSize]
	return encoding().EncodeToString(k.keys[0].aead(nonce).Seal(sealed, nonce[saltSize:], plaintext, associated(purpose, bound)))
}

// Open returns what was sealed, if sealed is exactly a text that [Keys.Seal]
// made, under one of these keys, for this purpose and these bound strings.
// Otherwise it returns nil and false, and does not say what was wrong: nobody
// who is told could do anything good with it.
func (k *Keys) Open(purpose, sealed string, bound ...string) ([]byte, bool) {
	raw, ok := decode(sealed)
	if !ok {
		return nil, false
	}
	nonce, ciphertext, with := raw[:nonceSize], raw[nonceSize:], associated(purpose, bound)
	for _, candidate := range k.keys {
		// The destination is nil because a failed attempt clears it, and that
		// would be the ciphertext that the next key needs.
		plaintext, err := candidate.aead(nonce).Open(nil, nonce[saltSize:], ciphertext, with)
		if err == nil {
			return plaintext, true
		}
	}
	return nil, false
}

// decode accepts one spelling of every text.
func decode(sealed string) ([]byte, bool) {
	if len(sealed) > encoding().EncodedLen(overhead+MaxPlaintext) || strings.ContainsAny(sealed, "\r\n") {
		return nil, false
	}
	raw, err := encoding().DecodeString(sealed)
	if err != nil || len(raw) < overhead {
		return nil, false
	}
	return raw, true
}

// associated is what is authenticated without being carried. Every string comes
// with its length, so that no two lists of strings look alike.
func associated(purpose string, bound []string) []byte {
	size := 8 + len(purpose)
	for _, s := range bound {
		size += 8 + len(s)
	}
	data := make([]byte, 0, size)
	data = binary.BigEndian.AppendUint64(data, uint64(len(purpose)))
	data = append(data, purpose...)
	for _, s := range bound {
		data = binary.BigEndian.AppendUint64(data, uint64(len(s)))
		data = append(data, s...)
	}
	return data
}
