package seal

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const purpose = "test"

func secret(fill byte) []byte { return bytes.Repeat([]byte{fill}, KeySize) }

func newKeys(t testing.TB, secrets ...[]byte) *Keys {
	t.Helper()
	k, err := New(secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// The vectors of the specification, c2sp.org/XAES-256-GCM.
func TestKey_Vectors(t *testing.T) {
	tests := []struct {
		fill     byte
		ad, want string
	}{
		{1, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
		{3, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"},
	}
	for _, tt := range tests {
		k, err := newKey(secret(tt.fill))
		if err != nil {
			t.Fatal(err)
		}
		nonce := []byte("ABCDEFGHIJKLMNOPQRSTUVWX")
		got := k.aead(nonce).Seal(nil, nonce[saltSize:], []byte("XAES-256-GCM"), []byte(tt.ad))
		if hex.EncodeToString(got) != tt.want {
			t.Errorf("key %d: %x, want %s", tt.fill, got, tt.want)
		}
	}
}

func TestSealOpen(t *testing.T) {
	k := newKeys(t, secret(1))
	for _, plaintext := range [][]byte{nil, {}, {0}, []byte("hello"), bytes.Repeat([]byte{0xff}, MaxPlaintext)} {
		for _, bound := range [][]string{nil, {""}, {"a"}, {"a", "", "b"}} {
			sealed := k.Seal(purpose, plaintext, bound...)
			got, ok := k.Open(purpose, sealed, bound...)
			if !ok || !bytes.Equal(got, plaintext) {
				t.Errorf("%d bytes bound to %q: %d bytes, %t", len(plaintext), bound, len(got), ok)
			}
			if again := k.Seal(purpose, plaintext, bound...); again == sealed {
				t.Errorf("%d bytes bound to %q were sealed twice into the same text", len(plaintext), bound)
			}
		}
	}
	if _, ok := k.Open(purpose, k.Seal(purpose, make([]byte, MaxPlaintext+1))); ok {
		t.Error("more than MaxPlaintext was opened")
	}
}

func TestOpen_Foreign(t *testing.T) {
	k := newKeys(t, secret(1))
	sealed := k.Seal(purpose, []byte("hello"), "ab", "c")
	tests := []struct {
		name    string
		keys    *Keys
		purpose string
		bound   []string
		ok      bool
	}{
		{"the same", k, purpose, []string{"ab", "c"}, true},
		{"the same key in another process", newKeys(t, secret(1)), purpose, []string{"ab", "c"}, true},
		{"another purpose", k, "Test", []string{"ab", "c"}, false},
		{"no purpose", k, "", []string{"ab", "c"}, false},
		{"another bound string", k, purpose, []string{"ab", "d"}, false},
		{"a moved boundary", k, purpose, []string{"a", "bc"}, false},
		{"one string instead of two", k, purpose, []string{"abc"}, false},
		{"in another order", k, purpose, []string{"c", "ab"}, false},
		{"a string more", k, purpose, []string{"ab", "c", ""}, false},
		{"a string less", k, purpose, []string{"ab"}, false},
		{"no bound strings", k, purpose, nil, false},
		{"the purpose among the bound", k, "", []string{purpose, "ab", "c"}, false},
		{"a length written out", k, purpose, []string{"ab\x00\x00\x00\x00\x00\x00\x00\x01c"}, false},
		{"another key", newKeys(t, secret(2)), purpose, []string{"ab", "c"}, false},
		{"a random key", newKeys(t), purpose, []string{"ab", "c"}, false},
		{"no key at all", &Keys{}, purpose, []string{"ab", "c"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := tt.keys.Open(tt.purpose, sealed, tt.bound...)
			if ok != tt.ok || (string(got) == "hello") != tt.ok {
				t.Errorf("Open = %q, %t", got, ok)
			}
		})
	}
}

func TestOpen_Altered(t *testing.T) {
	k := newKeys(t, secret(1), secret(2))
	plaintext := []byte("hello, world")
	sealed := k.Seal(purpose, plaintext, "bound")
	refuse := func(what, altered string) {
		t.Helper()
		if got, ok := k.Open(purpose, altered, "bound"); ok || got != nil {
			t.Errorf("%s: opened %q", what, got)
		}
	}
	raw, ok := decode(sealed)
	if !ok {
		t.Fatal("the sealed text does not decode")
	}
	for i := range raw {
		for bit := range 8 {
			altered := bytes.Clone(raw)
			altered[i] ^= 1 << bit
			refuse(fmt.Sprintf("bit %d of byte %d", bit, i), encoding().EncodeToString(altered))
		}
		refuse(fmt.Sprintf("cut to %d bytes", i), encoding().EncodeToString(raw[:i]))
		refuse(fmt.Sprintf("without the first %d bytes", i+1), encoding().EncodeToString(raw[i+1:]))
	}
	for i := range sealed {
		refuse(fmt.Sprintf("text cut to %d", i), sealed[:i])
		for _, inserted := range []string{"\n", "\r", " ", "=", "+", "/", "A", "\x00"} {
			refuse(fmt.Sprintf("%q inserted at %d", inserted, i), sealed[:i]+inserted+sealed[i:])
		}
	}
	for _, tail := range []string{"\n", "\r\n", "=", "==", "A", "AA", "AAAA", " ", sealed} {
		refuse(fmt.Sprintf("%q at the end", tail), sealed+tail)
	}
	refuse("the padded spelling", sealed+strings.Repeat("=", 3-(len(sealed)+3)%4))
	refuse("other unused bits", otherBits(t, k))
	if got, ok := k.Open(purpose, sealed, "bound"); !ok || !bytes.Equal(got, plaintext) {
		t.Errorf("what was sealed: %q, %t", got, ok)
	}
}

// otherBits spells a text of a length that leaves bits unused so that they are not zero.
func otherBits(t *testing.T, k *Keys) string {
	t.Helper()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	sealed := k.Seal(purpose, []byte("123"), "bound") // 43 bytes in 58 characters: four bits are left over
	if _, ok := k.Open(purpose, sealed, "bound"); !ok {
		t.Fatal("the canonical spelling does not open")
	}
	last := strings.IndexByte(alphabet, sealed[len(sealed)-1])
	return sealed[:len(sealed)-1] + string(alphabet[last+1])
}

func TestRotation(t *testing.T) {
	before := newKeys(t, secret(1))
	during := newKeys(t, secret(2), secret(1))
	after := newKeys(t, secret(2))
	early, late := before.Seal(purpose, []byte("early")), during.Seal(purpose, []byte("late"))
	tests := []struct {
		name   string
		keys   *Keys
		sealed string
		ok     bool
	}{
		{"the old key opens its own", before, early, true},
		{"the new keys open what the old one sealed", during, early, true},
		{"the new keys open their own", during, late, true},
		{"the first key seals", before, late, false},
		{"a key that is gone opens nothing", after, early, false},
		{"the new key alone opens what it sealed", after, late, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, ok := tt.keys.Open(purpose, tt.sealed); ok != tt.ok {
				t.Errorf("Open = %t", ok)
			}
		})
	}
}

func TestNew_Size(t *testing.T) {
	for _, size := range []int{0, 16, 24, 31, 33, 64} {
		_, err := New(secret(1), bytes.Repeat([]byte{'s'}, size))
		if err == nil || !strings.Contains(err.Error(), "key 2") || strings.Contains(err.Error(), "ss") {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if _, err := New(secret(1), secret(2)); err != nil {
		t.Error(err)
	}
}

func TestKeys_KeepsNothing(t *testing.T) {
	own := secret(1)
	k := newKeys(t, own)
	clear(own)
	if _, ok := newKeys(t, secret(1)).Open(purpose, k.Seal(purpose, nil)); !ok {
		t.Error("the keys follow the caller's slice")
	}
}

func TestKeys_PrintNothing(t *testing.T) {
	k := newKeys(t, secret(1))
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "k", k, "v", *k)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "k", k, "v", *k)
	for _, text := range []string{fmt.Sprint(k), fmt.Sprintf("%+v", *k), fmt.Sprintf("%#v %#v", k, *k)} {
		log.WriteString(text)
		if !strings.HasPrefix(text, "seal.Keys") || strings.Contains(text, "0x") {
			t.Errorf("printed %q", text)
		}
	}
	if strings.Contains(log.String(), "subkey") {
		t.Error(log.String())
	}
}

func TestSeal_WithoutKeys(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the zero value sealed")
		}
	}()
	(&Keys{}).Seal(purpose, nil)
}

func FuzzOpen(f *testing.F) {
	k := newKeys(f, secret(1), secret(2))
	f.Add(k.Seal(purpose, []byte("hello"), "a"), "a")
	f.Add("", "")
	f.Add(strings.Repeat("A", 60), "a")
	f.Fuzz(func(t *testing.T, sealed, bound string) {
		plaintext, ok := k.Open(purpose, sealed, bound)
		if ok && string(plaintext) != "hello" {
			t.Errorf("opened %q, which was never sealed", plaintext)
		}
		if !ok && plaintext != nil {
			t.Error("a refusal with a plaintext")
		}
		again, ok := k.Open(purpose, k.Seal(purpose, []byte(sealed), bound), bound)
		if ok != (len(sealed) <= MaxPlaintext) || ok && string(again) != sealed {
			t.Error("what was sealed did not come back")
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	k, plaintext := newKeys(b, secret(1)), make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		k.Seal(purpose, plaintext, "https://issuer.example", "alice", "client")
	}
}

func BenchmarkOpen(b *testing.B) {
	k := newKeys(b, secret(1))
	sealed := k.Seal(purpose, make([]byte, 100), "https://issuer.example", "alice", "client")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := k.Open(purpose, sealed, "https://issuer.example", "alice", "client"); !ok {
			b.Fatal("did not open")
		}
	}
}
