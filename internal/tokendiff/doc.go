// Package tokendiff compares the verification of access tokens with two libraries that other people wrote, golang-jwt and jwx,
// on tokens that are bent in sixty ways with many variants each: bytes, spelling, header, claims, times, signature, algorithm,
// keys, parts. Half of them are signed again by the right key, so that the checks behind the signature are reached.
//
// Whatever one of the libraries refuses has to be refused here too, unless a rule with a reason says otherwise (rules_test.go). What
// is accepted has to have been signed, and the principal has to be what the signed claims say.
//
// It holds tests only. From the root of the repository:
//
//	make differential-tokens                  # 100,000 tokens; CASES says how many
//	cd internal/tokendiff && go test -v -run Differential . -cases 5000 -seed 42
package tokendiff
