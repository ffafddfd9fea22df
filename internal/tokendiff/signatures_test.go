package tokendiff

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
)

// signatureMutations keep header and claims of a good token and change its signature.
func signatureMutations() []mutation {
	bytes := func(f func(*generator, []byte) []byte) func(*generator) string {
		return func(g *generator) string {
			input := inputOf(g.start.raw)
			signature, err := base64.RawURLEncoding.DecodeString(g.start.raw[len(input)+1:])
			if err != nil {
				panic(err)
			}
			return input + "." + encode(string(f(g, signature)))
		}
	}
	return []mutation{
		{"signature: a bit", bytes(func(g *generator, b []byte) []byte {
			b[g.IntN(len(b))] ^= 1 << g.IntN(8)
			return b
		})},
		{"signature: cut", bytes(func(g *generator, b []byte) []byte {
			from := g.IntN(len(b))
			return [][]byte{b[:from], b[from:], b[:len(b)-1], b[1:]}[g.IntN(4)]
		})},
		{"signature: longer", bytes(func(g *generator, b []byte) []byte {
			more := make([]byte, 1+g.IntN(4))
			more[0] = byte(g.IntN(2))
			return [][]byte{slices.Concat(more, b), slices.Concat(b, more), slices.Concat(b, b)}[g.IntN(3)]
		})},
		{"signature: constant", bytes(func(g *generator, b []byte) []byte {
			fill := byte([]int{0, 0, 1, 0xff}[g.IntN(4)])
			for i := range b {
				b[i] = fill
			}
			return b
		})},
		{"signature: of another token", bytes(func(g *generator, _ []byte) []byte {
			raw := g.another().raw
			signature, err := base64.RawURLEncoding.DecodeString(raw[len(inputOf(raw))+1:])
			if err != nil {
				panic(err)
			}
			return signature
		})},
		{"signature: numbers", bytes((*generator).bentNumbers)},
		{"signature: numbers, again", bytes((*generator).bentNumbers)},
		{"signature: base64", func(g *generator) string {
			input := inputOf(g.start.raw)
			return input + "." + g.respelled(g.start.raw[len(input)+1:])
		}},
	}
}

// bentNumbers changes a signature where its kind has weak places.
func (g *generator) bentNumbers(b []byte) []byte {
	switch key := g.start.key.Signer.(type) {
	case *ecdsa.PrivateKey:
		return g.bentPair(b, key)
	case *rsa.PrivateKey:
		return g.bentRSA(b, key)
	}
	return g.bentEd25519(b)
}

func fill(n *big.Int, size int) []byte {
	out := make([]byte, max(size, (n.BitLen()+7)/8))
	return n.FillBytes(out)
}

// bentPair changes r and s of an ECDSA signature. One of the changes keeps it valid: s may be replaced by n-s.
func (g *generator) bentPair(b []byte, key *ecdsa.PrivateKey) []byte {
	size, n := len(b)/2, key.Params().N
	r, s := new(big.Int).SetBytes(b[:size]), new(big.Int).SetBytes(b[size:])
	minus := func(x *big.Int) *big.Int { return new(big.Int).Sub(n, x) }
	zero, one := new(big.Int), big.NewInt(1)
	pairs := [][2]*big.Int{
		{zero, zero}, {zero, s}, {r, zero}, {one, one}, {n, s}, {r, n}, {n, n}, {minus(one), s}, {r, minus(one)}, {s, r}, {r, minus(s)}, {minus(r), s},
		{new(big.Int).Add(r, n), s}, {r, new(big.Int).Add(s, n)}, {r, key.Params().P},
	}
	if i := g.IntN(len(pairs) + 3); i < len(pairs) {
		return append(fill(pairs[i][0], size), fill(pairs[i][1], size)...)
	}
	switch g.IntN(3) {
	case 0: // as in a certificate
		der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			panic(err)
		}
		return der
	case 1: // too narrow or too wide
		return append(fill(r, size+g.IntN(3)), fill(s, size+1+g.IntN(3))...)
	}
	return append(r.Bytes(), s.Bytes()...)
}

// bentRSA changes the number, or signs again with what the algorithm does not allow.
func (g *generator) bentRSA(b []byte, key *rsa.PrivateKey) []byte {
	s, size := new(big.Int).SetBytes(b), key.Size()
	hash, sum := digest(g.start.key, inputOf(g.start.raw))
	pss := strings.HasPrefix(g.start.key.Algorithm, "PS")
	switch n := g.IntN(6); {
	case n == 0:
		return fill(s.Add(s, key.N), size)
	case n == 1:
		return fill(s.Sub(key.N, s), size)
	case n == 2:
		return fill(big.NewInt(int64(g.IntN(3))), size)
	case n == 3 && pss, n == 4 && pss: // another salt, which lenient readers take
		salt := []int{0, 1, 20, 31, 33, rsa.PSSSaltLengthAuto}[g.IntN(6)]
		return must(rsa.SignPSS(rand.Reader, key, hash, sum, &rsa.PSSOptions{SaltLength: salt}))
	case n == 3 || n == 5 && pss:
		return must(rsa.SignPKCS1v15(rand.Reader, key, hash, sum))
	case n == 4: // without the name of the hash
		return must(rsa.SignPKCS1v15(rand.Reader, key, 0, sum))
	}
	return must(rsa.SignPSS(rand.Reader, key, hash, sum, nil))
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// bentEd25519 adds the order of the group to S (RFC 8032 section 5.1.7), or swaps the halves.
func (g *generator) bentEd25519(b []byte) []byte {
	if g.IntN(3) == 0 {
		return append(b[32:], b[:32]...)
	}
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	little := make([]byte, 32)
	for i := range little {
		little[i] = b[63-i]
	}
	s := new(big.Int).SetBytes(little)
	s.Add(s, order).FillBytes(little)
	for i := range little {
		b[63-i] = little[i]
	}
	return b
}
