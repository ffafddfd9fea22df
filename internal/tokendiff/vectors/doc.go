// Package vectors says that the copies of Wycheproof's vectors in transport/token/testdata are those of the module. It is a
// package of its own, since the module embeds a hundred megabytes of vectors in whatever imports it.
package vectors
