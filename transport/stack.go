package transport

// deepStack is about what a call needs of its goroutine's stack, below the 16
// KiB that the runtime keeps at hand.
const deepStack = 10 << 10

// growStack makes room on the stack of a new goroutine at once. Without it the
// runtime doubles the stack several times on the way down to the handler, and
// copies and adjusts every frame that is there by then.
//
//go:noinline
func growStack(i int) byte {
	var space [deepStack]byte
	return space[i]
}
