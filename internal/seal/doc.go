// Package seal makes opaque texts that only this server can make and read: all
// its replicas, and also after a restart, as long as they have the same key.
//
// What a server hands to a client to get it back later (a session id, the state
// of a request that waits for input) need not be remembered if it is sealed.
// The client can neither read nor change it, nor use it for anything but what
// it was sealed for: the purpose and the strings that a text is bound to are
// authenticated, and not carried. Whoever opens it must know them already.
//
// The cipher is XAES-256-GCM (C2SP, c2sp.org/XAES-256-GCM): AES-256-GCM with a
// key and a nonce of its own for every value, both made from 24 random bytes.
// Plain AES-GCM has room for 12 random bytes only, so that after some 2^32
// values under one key two are likely enough to share them, which would give
// away the authentication of all of them. A key that lives for years in a file
// would get there. With 24 bytes it takes 2^80 values, which no server reaches.
//
// What sealing does not do: it does not say that a text is used only once, and
// it does not end by itself. Whoever needs that seals a nonce or an expiry.
package seal
