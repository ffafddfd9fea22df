package authz

import "slices"

// maxCases bounds the combinations of values that one question is asked with.
const maxCases = 4096

// told is an answer and the values it holds for.
type told[T comparable] struct {
	values []Value
	answer T
}

// tell asks a question with an example of every combination of classes of values, and reports whether that were all. Of one
// placeholder, classes with the same answer are put together where one is excepted from the other.
func tell[T comparable](g guesses, names []string, ask func([]Value) T) ([]told[T], bool) {
	if len(names) == 1 {
		return tellOne(g.classes(names[0]), ask)
	}
	lists := make([][]Value, len(names))
	for i, name := range names {
		lists[i] = anyLast(valuesOf(g.classes(name)))
	}
	var list []told[T]
	complete := combine(lists, nil, func(chosen []Value) bool {
		if len(list) == maxCases {
			return false
		}
		list = append(list, told[T]{chosen, ask(chosen)})
		return true
	})
	return list, complete
}

func tellOne[T comparable](classes []class, ask func([]Value) T) ([]told[T], bool) {
	cut := len(classes) > maxCases
	if cut {
		classes = classes[:maxCases]
	}
	answers := make([]T, len(classes))
	for i, c := range classes {
		answers[i] = ask([]Value{c.Value})
	}
	var list []told[T]
	for _, i := range fold(classes, answers) {
		list = append(list, told[T]{[]Value{classes[i].Value}, answers[i]})
	}
	return anyLast(list), !cut
}

// fold puts a class back into the one it is excepted from if both have the same answer, and returns the numbers of those
// that remain.
func fold[T comparable](classes []class, answers []T) []int {
	var kept []int
	for i, c := range slices.Backward(classes) {
		if c.parent < 0 || answers[c.parent] != answers[i] {
			kept = append(kept, i)
			continue
		}
		from := &classes[c.parent]
		from.Except = slices.DeleteFunc(from.Except, func(pattern string) bool { return pattern == c.Pattern })
		from.Except = append(from.Except, c.Except...)
		slices.Sort(from.Except)
	}
	slices.Reverse(kept)
	return kept
}

// anyLast puts what comes first, which is the rest of all values, behind the others.
func anyLast[T any](list []T) []T {
	if len(list) < 2 {
		return list
	}
	return append(list[1:len(list):len(list)], list[0])
}

func valuesOf(classes []class) []Value {
	list := make([]Value, len(classes))
	for i, c := range classes {
		list[i] = c.Value
	}
	return list
}

// combine calls use with one of each list, in every combination, until use returns false. It reports whether use never did.
func combine(lists [][]Value, chosen []Value, use func([]Value) bool) bool {
	if len(lists) == 0 {
		return use(slices.Clone(chosen))
	}
	for _, v := range lists[0] {
		if !combine(lists[1:], append(chosen[:len(chosen):len(chosen)], v), use) {
			return false
		}
	}
	return true
}

// examples are the values as a request would have them.
func examples(list []Value) Values {
	return func(name string) (string, bool) {
		i := slices.IndexFunc(list, func(v Value) bool { return v.Name == name })
		if i < 0 {
			return "", false
		}
		return list[i].Example, true
	}
}

// given are the values as what a request has for the placeholders.
func given(list []Value) arguments {
	var all arguments
	for _, v := range list {
		all = append(all, argument{name: v.Name, value: v.Example, given: true, usable: true})
	}
	return all
}

// namesOf returns the names of all placeholders of the templates, sorted, each once.
func namesOf(list []Template) []string {
	var names []string
	for _, t := range list {
		names = append(names, t.Names()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
