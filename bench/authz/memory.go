package main

import "runtime"

// userCost is what a user with a role and a group takes.
type userCost struct {
	users int
	bytes float64 // of the compiled policy
	text  float64 // bytes of the two rows in the file
}

// recall is how much a policy has grown when it has been asked about so many principals.
type recall struct {
	principals int
	bytes      float64
}

// What the principals are counted in that a policy is asked about: it is asked about twice as many again and again, until it has
// grown by less than still for stillTimes times, or there were too many of them.
const (
	firstRecall = 1_000
	lastRecall  = firstRecall << 10
	still       = 1.05
	stillTimes  = 2

	recallRules = 100
)

// heap is what is in use.
func heap() float64 {
	runtime.GC()
	runtime.GC() // what pools keep survives one collection
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return float64(memory.HeapAlloc)
}

func (r *results) measureMemory(ops operations) error {
	r.kept = map[int]float64{}
	for _, n := range r.sizes {
		bytes, err := compiledSize(ops, text(rows(n)))
		if err != nil {
			return err
		}
		r.kept[n] = bytes / float64(n)
	}
	if err := r.measureUsers(ops); err != nil {
		return err
	}
	return r.measureRecall(ops)
}

// compiledSize is what a compiled policy takes, without the file.
func compiledSize(ops operations, data []byte) (float64, error) {
	before := heap()
	p, err := ops.compile(data)
	if err != nil {
		return 0, err
	}
	size := heap() - before
	runtime.KeepAlive(p)
	runtime.KeepAlive(data)
	return size, nil
}

// measureUsers compares two policies that differ in the number of users only.
func (r *results) measureUsers(ops operations) error {
	few, many := text(members(r.users)), text(members(2*r.users))
	small, err := compiledSize(ops, few)
	if err != nil {
		return err
	}
	large, err := compiledSize(ops, many)
	if err != nil {
		return err
	}
	n := float64(r.users)
	r.user = userCost{users: r.users, bytes: (large - small) / n, text: float64(len(many)-len(few)) / n}
	return nil
}

// measureRecall asks a policy about more and more principals, once about each.
func (r *results) measureRecall(ops operations) error {
	e, err := newOurs(ops, rows(recallRules))
	if err != nil {
		return err
	}
	empty := heap()
	quiet := 0
	for n := firstRecall; n <= lastRecall && quiet < stillTimes; n *= 2 {
		for e.met < n {
			e.meet(min(n-e.met, firstRecall))
			if err := e.askStrangers(0); err != nil {
				return err
			}
		}
		e.strangers = nil
		r.recalled = append(r.recalled, recall{principals: n, bytes: max(heap()-empty, 0)})
		if r.growth() < still {
			quiet++
		} else {
			quiet = 0
		}
	}
	runtime.KeepAlive(e)
	return nil
}

// noise is what a heap may differ by without a reason.
const noise = 64 << 10

// growth is how many times as large the memory has become since half as many principals were asked about.
func (r *results) growth() float64 {
	n := len(r.recalled)
	if n < 2 {
		return 2 // as good as unbounded: nothing is known
	}
	before, after := r.recalled[n-2].bytes, r.recalled[n-1].bytes
	if after < noise {
		return 1 // nothing is remembered
	}
	return after / max(before, 1)
}
