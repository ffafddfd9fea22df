// Package readme holds the tests that keep the documents true: every program in them is a file or a declaration that the tests compile
// and run, transcripts are what a live server answers, policies load, configurations are accepted, links lead somewhere.
//
// A block between the markers below belongs to the test. After a change,
//
//	go test ./internal/readme -update
//
// writes the blocks anew; without -update a block that differs is a failure.
//
//	<!-- begin file PATH -->          the whole file
//	<!-- begin rows PATH -->          a policy file without its comments
//	<!-- begin code PATH#NAME -->     one declaration, with its comment
//	<!-- begin transcript -->         examples/hello over HTTP: 401, 403, 200
//	<!-- end -->
package readme
