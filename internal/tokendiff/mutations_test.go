package tokendiff

// mutation makes a token out of a good one.
type mutation struct {
	name string
	make func(*generator) string
}

// mutations are all of them. Each is as likely as the others, so that what there is much of stands there more than once.
func mutations() []mutation {
	list := []mutation{{"nothing", func(g *generator) string { return g.start.raw }}}
	for _, group := range [][]mutation{
		memberMutations(), memberMutations(), memberMutations(), textMutations(), keyMutations(), signatureMutations(), byteMutations(), partMutations(),
	} {
		list = append(list, group...)
	}
	return list
}
