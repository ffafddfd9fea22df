package token

import (
	"crypto/rsa"
	"math/big"
	"testing"
)

// The library refuses an exponent of 1 too, when it reads the key.
func TestJ46_ExponentOne(t *testing.T) {
	n := new(big.Int).Lsh(big.NewInt(1), 2047)
	n.SetBit(n, 0, 1)
	if err := checkRSA(&rsa.PublicKey{N: n, E: 1}); err == nil {
		t.Error("exponent 1 accepted")
	}
	if err := checkRSA(&rsa.PublicKey{N: n, E: 3}); err != nil {
		t.Errorf("repaired: %v", err)
	}
}
