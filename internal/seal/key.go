package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"fmt"
)

const (
	saltSize  = 12                      // the part of the nonce that the value's key is derived from
	nonceSize = saltSize + gcmNonceSize // random, in front of the ciphertext
	tagSize   = 16

	gcmNonceSize = 12
)

// key is one long-lived key of XAES-256-GCM. It encrypts nothing itself: it
// derives the keys that do.
type key struct {
	block  cipher.Block
	subkey [aes.BlockSize]byte // K1 of CMAC (NIST SP 800-38B, section 6.1)
}

// newKey prepares what is the same for all values.
func newKey(secret []byte) (*key, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, fmt.Errorf("the cipher: %w", err)
	}
	k := &key{block: block}
	block.Encrypt(k.subkey[:], k.subkey[:])
	double(&k.subkey)
	return k, nil
}

// double multiplies by x in the field of CMAC, without a branch on the secret.
func double(block *[aes.BlockSize]byte) {
	const reduction = 0x87
	carry := byte(0)
	for i := len(block) - 1; i >= 0; i-- {
		b := block[i]
		block[i] = b<<1 | carry
		carry = b >> 7
	}
	block[len(block)-1] ^= -carry & reduction // -1 is all ones
}

// aead returns the cipher of the one value with this nonce: AES-256-GCM under
// the key that CMAC, as a key derivation function in counter mode (NIST SP
// 800-108), makes of the first part of the nonce. The second part is what GCM
// itself is to use as nonce.
func (k *key) aead(nonce []byte) cipher.AEAD {
	var derived [KeySize]byte
	for i := range KeySize / aes.BlockSize {
		half := derived[i*aes.BlockSize:][:aes.BlockSize]
		copy(half, []byte{0, byte(i + 1), 'X', 0}) // the counter, the label, the end of the label
		copy(half[4:], nonce[:saltSize])
		subtle.XORBytes(half, half, k.subkey[:])
		k.block.Encrypt(half, half)
	}
	block, err := aes.NewCipher(derived[:])
	if err != nil {
		panic("seal: AES refused a key of its own size: " + err.Error())
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("seal: GCM refused AES: " + err.Error())
	}
	return aead
}
