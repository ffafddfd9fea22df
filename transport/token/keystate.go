package token

import "time"

// KeyState is what is known of one issuer's keys at one moment, for health and
// metrics. It holds no key.
type KeyState struct {
	// Issuer is the URL of the issuer, as configured.
	Issuer string
	// Usable tells whether tokens of the issuer can be judged.
	Usable bool
	// Keys is the number of usable keys in the set in hand. It is 0 as long as
	// there has been no set: one without a usable key never replaces another.
	Keys int
	// Age is the time since the set in hand was asked for, 0 without one.
	Age time.Duration
}

// KeyStates returns the state of every issuer's keys, in the order of
// Config.Issuers, without those that sign no tokens. It asks nobody, and does not wait.
func (v *Verifier) KeyStates() []KeyState {
	list := make([]KeyState, 0, len(v.config.Issuers))
	for _, is := range v.config.Issuers {
		if keys := v.issuers[is.URL].keys; keys != nil {
			list = append(list, keys.state())
		}
	}
	return list
}

func (k *keys) state() KeyState {
	set := k.current.Load()
	if set == nil {
		return KeyState{Issuer: k.issuer}
	}
	age := time.Since(set.began)
	return KeyState{Issuer: k.issuer, Usable: age <= k.maxAge, Keys: len(set.all), Age: age}
}
