// Package readme holds the tests that keep README.md true: every program in it is a file or a declaration that the tests compile and
// run, and its transcript is what a live server answers.
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
