// Package bodyfuzz holds a server against what it was authorized to run. It sends requests over raw connections, in three
// revisions of the protocol and as callers with different rights. They start as good requests and are bent in some sixty
// ways, several at once: names and values in other spellings, members twice, headers that lie, ids of all kinds.
//
// What ran is then compared with the record of the audit, with a table of rights that knows nothing of the policy, and with
// what careless readers see in the body: one that takes the first of two equal names, one that takes the last and does not
// look at case, one that is strict. Where they differ, nothing may have run; and nothing runs twice.
//
// It holds tests only. Every request depends on the seed and its own number, and on nothing that came before:
//
//	make differential-messages                # 100,000 requests; CASES says how many
//	go test -v -run R34 ./internal/bodyfuzz -cases 5000 -seed 42
//	go test -v -run R34 ./internal/bodyfuzz -seed 42 -first 4711 -cases 1
package bodyfuzz
