package authz

import (
	"slices"
	"strings"
)

// definitions are the five definitions of a Casbin model.
type definitions map[string]string

// textbookModel is what a Policy is decided by when there is no model file, and what door one is always decided by.
func textbookModel() definitions {
	return definitions{
		"r": "sub, obj, act",
		"p": "sub, obj, act, eft",
		"g": "_, _",
		"e": "some(where (p.eft == allow)) && !some(where (p.eft == deny))",
		"m": "g(r.sub, p.sub) && keyMatch(r.obj, p.obj) && keyMatch(r.act, p.act)",
	}
}

// sectionOf names the section each definition stands in.
func sectionOf(key string) string {
	switch key {
	case "r":
		return "request_definition"
	case "p":
		return "policy_definition"
	case "g":
		return "role_definition"
	case "e":
		return "policy_effect"
	}
	return "matchers"
}

// definitionKeys are the definitions a model has, in the order of the file.
func definitionKeys() []string { return []string{"r", "p", "g", "e", "m"} }

// Places in the list of effects that something is said about.
const (
	effectTextbook = iota
	effectAllowOnly
	effectDenyOnly
)

// effects are the policy effects Casbin knows. It compares them letter by letter.
func effects() []string {
	return []string{
		"some(where (p.eft == allow)) && !some(where (p.eft == deny))",
		"some(where (p.eft == allow))",
		"!some(where (p.eft == deny))",
		"priority(p.eft) || deny",
		"subjectPriority(p.eft) || deny",
	}
}

// warnEffect says what two of the effects leave out.
func warnEffect(known int, at place, l *findings) {
	switch known {
	case effectAllowOnly:
		l.warn(at.line, at.column, effects()[known], "under this effect no deny row denies anything", "write e = "+effects()[effectTextbook])
	case effectDenyOnly:
		l.warn(at.line, at.column, effects()[known], "under this effect everybody may do what no row denies", "write e = "+effects()[effectTextbook])
	}
}

// place is where something starts: a line and a column, both from 1.
type place struct{ line, column int }

// modelLine is one definition with its place.
type modelLine struct {
	place
	section    string
	key, value string
}

// readModel reads and checks a model. It returns its definitions in the spelling Casbin wants and their places, and nil if
// they cannot be used.
func readModel(data []byte, l *findings) (definitions, map[string]place) {
	defs := definitions{}
	places := map[string]place{}
	list := readDefinitions(data, l)
	if len(list) == 0 && l.failed() {
		return nil, nil // what is missing in a file that is no model says nothing
	}
	misplaced := map[string]bool{}
	for _, d := range list {
		if _, twice := defs[d.key]; twice {
			l.fail(d.line, d.column, d.key, "a second definition of the same name, of which Casbin would use one", "remove one")
			continue
		}
		if known := slices.Contains(definitionKeys(), d.key); !known || d.section != sectionOf(d.key) {
			fix := "define r, p, g, e and m, each once, in its own section"
			if known {
				misplaced[d.key] = true
				fix = "put it under [" + sectionOf(d.key) + "]"
			}
			l.fail(d.line, d.column, d.key, "a definition that is never asked in this section", fix)
			continue
		}
		defs[d.key], places[d.key] = d.value, d.place
	}
	for _, key := range definitionKeys() {
		if defs[key] == "" && !misplaced[key] {
			at := places[key]
			l.fail(max(at.line, 1), max(at.column, 1), "", "the definition of "+key+" in ["+sectionOf(key)+"] is missing", "write "+key+" = "+textbookModel()[key])
		}
	}
	if l.failed() {
		return nil, nil
	}
	checkDefinitions(defs, places, l)
	return defs, places
}

// readDefinitions reads sections and definitions as Casbin does: '#' and ';' start a comment, '\' at the end goes on.
func readDefinitions(data []byte, l *findings) []modelLine {
	var list []modelLine
	section, start, pending := "", place{}, ""
	for i, line := range readLines(data, l) {
		checkModelText(i+1, line, l)
		text, more := modelText(line)
		if pending == "" {
			start = place{i + 1, len(line) - len(strings.TrimLeft(line, " \t")) + 1}
		}
		pending += text
		if more {
			pending += " "
			continue
		}
		whole := strings.Trim(pending, " \t")
		pending = ""
		key, value, found := strings.Cut(whole, "=")
		switch {
		case whole == "":
		case whole[0] == '[' && whole[len(whole)-1] == ']':
			section = whole[1 : len(whole)-1]
		case !found:
			l.fail(start.line, start.column, whole, "neither a section nor a definition", "write [section] or name = value")
		default:
			list = append(list, modelLine{start, section, strings.Trim(key, " \t"), strings.Trim(value, " \t")})
		}
	}
	if pending != "" {
		l.fail(start.line, start.column, pending, "the last line goes on after its end", `remove the '\'`)
	}
	return list
}

// modelText returns what a line says without its comment, and whether the next line goes on with it.
func modelText(line string) (string, bool) {
	line = strings.Trim(line, " \t")
	if i := strings.IndexAny(line, "#;"); i >= 0 {
		return strings.Trim(line[:i], " \t"), false
	}
	text, more := strings.CutSuffix(line, `\`)
	return strings.Trim(text, " \t"), more
}

// checkModelText refuses invisible characters in a model, where only plain spaces and tabs separate.
func checkModelText(n int, line string, l *findings) {
	plain := strings.NewReplacer(" ", "_", "\t", "_").Replace(line)
	if r, at, bad := badRune(plain); bad {
		l.fail(n, column(plain, at), line, "the line holds "+runeTitle(r), runeFix(r))
	}
}

// fieldsOf says what has the fields that a definition names.
func fieldsOf(key string) string {
	if key == "r" {
		return "requests"
	}
	return key + " rows"
}

// checkDefinitions checks what every model has to keep, and puts the effect into Casbin's own spelling.
func checkDefinitions(defs definitions, places map[string]place, l *findings) {
	textbook := textbookModel()
	for _, key := range []string{"r", "p", "g"} {
		if squeeze(defs[key]) != squeeze(textbook[key]) {
			l.fail(places[key].line, places[key].column, defs[key], "a definition of "+key+" with other fields than "+fieldsOf(key)+" have here", "write "+key+" = "+textbook[key])
		}
		defs[key] = textbook[key]
	}
	known := slices.IndexFunc(effects(), func(e string) bool { return squeeze(e) == squeeze(defs["e"]) })
	if known < 0 {
		l.fail(places["e"].line, places["e"].column, defs["e"], "an effect that Casbin does not know", "write e = "+textbook["e"])
	} else {
		defs["e"] = effects()[known]
		warnEffect(known, places["e"], l)
	}
	switch {
	case nestsQuotes(defs["m"]):
		l.fail(places["m"].line, places["m"].column, defs["m"], "a text that holds the other kind of quote, at which Casbin ends the text and reads on as code",
			"use one kind of quote in the matcher, and none within a text")
	case !asksCaller(defs["m"]):
		l.fail(places["m"].line, places["m"].column, defs["m"], "a matcher that can hold for a caller the row is not about",
			"start it with g(r.sub, p.sub) && and put the rest in parentheses")
	}
	if squeeze(defs["m"]) == squeeze(textbook["m"]) {
		defs["m"] = textbook["m"]
	}
}

// isTextbook compares by meaning: white space and comments are gone by now.
func (d definitions) isTextbook() bool {
	for key, value := range textbookModel() {
		if d[key] != value {
			return false
		}
	}
	return true
}
