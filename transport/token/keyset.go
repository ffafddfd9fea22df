package token

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// keySet is one issuer's keys as published at one time. It is not changed.
type keySet struct {
	began time.Time // when it was asked for
	// byID has a nil entry for a key that is published but not used, so that
	// naming it does not look like naming a new key.
	byID map[string]*key
	all  []*key
	// refused are the published keys that are not used.
	refused []refusedKey
}

type refusedKey struct {
	id, why string
	// alarm tells that somebody should look at it: it is not just a key for
	// another purpose.
	alarm bool
}

// parseKeySet reads a JWK set (RFC 7517 section 5). A set without a usable key is
// an error: it never replaces one that has some.
func parseKeySet(body []byte, allowed []string) (*keySet, error) {
	members, err := strictjson.Object(body)
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(members["keys"], &list); err != nil {
		return nil, errors.New("JWK set without an array of keys")
	}
	set := &keySet{byID: make(map[string]*key, len(list))}
	ids, count := keyIDs(list)
	for i, raw := range list {
		if id := ids[i]; id != "" && count[id] > 1 {
			set.refuse(id, errors.New("several keys with this id (RFC 7517 section 4.5)"), true)
			continue
		}
		set.add(ids[i], raw, allowed)
	}
	if len(set.all) == 0 {
		return nil, errors.New("JWK set without a usable key")
	}
	return set, nil
}

// keyIDs returns each key's kid, "" without one, and how often each occurs. What
// is no object has none, and no key type either, for which it is refused later.
func keyIDs(list []json.RawMessage) ([]string, map[string]int) {
	ids, count := make([]string, 0, len(list)), make(map[string]int, len(list))
	for _, raw := range list {
		var members object
		_ = json.Unmarshal(raw, &members)
		id, _ := members.text("kid")
		ids = append(ids, id)
		count[id]++
	}
	return ids, count
}

func (s *keySet) refuse(id string, why error, alarm bool) {
	s.byID[id] = nil
	s.refused = append(s.refused, refusedKey{id: id, why: why.Error(), alarm: alarm})
}

func (s *keySet) add(id string, raw json.RawMessage, allowed []string) {
	public, err := readJWK(raw)
	if err != nil {
		s.refuse(id, err, errors.Is(err, errPrivate))
		return
	}
	k, err := newKey(public.KeyID, public.Algorithm, public.Key, allowed)
	if err != nil {
		s.refuse(id, err, errors.Is(err, errWeak))
		return
	}
	k.published = sha256.Sum256(raw)
	s.all = append(s.all, k)
	s.byID[id] = k
}

// secretMembers are those of private and symmetric keys (RFC 7518 sections 6.2.2,
// 6.3.2 and 6.4.1, RFC 9964). One factor of an RSA modulus is the whole secret,
// although the library takes a key without d for a public one.
func secretMembers() []string {
	return []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}
}

// errPrivate means that the issuer publishes what it must keep secret.
var errPrivate = errors.New("holds a private or symmetric key")

// readJWK reads a public key that is meant for verifying signatures.
func readJWK(raw json.RawMessage) (jose.JSONWebKey, error) {
	var members object
	var k jose.JSONWebKey
	if json.Unmarshal(raw, &members) != nil {
		return jose.JSONWebKey{}, errors.New("not an object")
	}
	if slices.ContainsFunc(secretMembers(), members.has) {
		return jose.JSONWebKey{}, errPrivate
	}
	if json.Unmarshal(raw, &k) != nil || !k.IsPublic() {
		return jose.JSONWebKey{}, errors.New("not a well-formed public key of a known type")
	}
	if members.has("use") && k.Use != "sig" {
		return jose.JSONWebKey{}, errors.New("not meant for signatures (RFC 7517 section 4.2)")
	}
	if members.has("alg") && k.Algorithm == "" {
		return jose.JSONWebKey{}, errors.New("names no algorithm where it should (RFC 7517 section 4.4)")
	}
	if ops, _ := members.texts("key_ops"); members.has("key_ops") && !slices.Contains(ops, "verify") {
		return jose.JSONWebKey{}, errors.New("not meant for verifying (RFC 7517 section 4.3)")
	}
	return k, nil
}

// find returns the key named by kid or, without one, the only key for alg. The
// reason is ReasonKeyUnknown only if a newer set could tell more.
func (s *keySet) find(kid, alg string) (*key, error) {
	if kid != "" {
		k, ok := s.byID[kid]
		switch {
		case !ok:
			return nil, refuse(ReasonKeyUnknown)
		case k == nil || k.algorithm != alg:
			return nil, refuse(ReasonKeyMismatch)
		}
		return k, nil
	}
	var only *key
	for _, k := range s.all {
		if k.algorithm != alg {
			continue
		}
		if only != nil {
			return nil, refuse(ReasonKeyMismatch)
		}
		only = k
	}
	if only == nil {
		return nil, refuse(ReasonKeyMismatch)
	}
	return only, nil
}
