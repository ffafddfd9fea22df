package authz

import (
	"slices"
	"strings"
	"unicode"
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
func warnEffect(known, line int, l *findings) {
	switch known {
	case effectAllowOnly:
		l.warn(line, 0, effects()[known], "under this effect no deny row denies anything", "write e = "+effects()[effectTextbook])
	case effectDenyOnly:
		l.warn(line, 0, effects()[known], "under this effect everybody may do what no row denies", "write e = "+effects()[effectTextbook])
	}
}

// modelLine is one definition with its place.
type modelLine struct {
	line       int
	section    string
	key, value string
}

// readModel reads and checks a model. It returns its definitions in the spelling Casbin wants and their lines, and nil if
// they cannot be used.
func readModel(data []byte, l *findings) (definitions, map[string]int) {
	defs := definitions{}
	places := map[string]int{}
	for _, d := range readDefinitions(data, l) {
		if _, twice := defs[d.key]; twice {
			l.fail(d.line, 0, d.key, "a second definition of the same name, of which Casbin would use one", "remove one")
			continue
		}
		if !slices.Contains(definitionKeys(), d.key) || d.section != sectionOf(d.key) {
			l.fail(d.line, 0, d.key, "a definition that is never asked in this section",
				"define r, p, g, e and m, each once, in its own section")
			continue
		}
		defs[d.key], places[d.key] = d.value, d.line
	}
	for _, key := range definitionKeys() {
		if defs[key] == "" {
			l.fail(places[key], 0, "", "the definition of "+key+" in ["+sectionOf(key)+"] is missing", "write "+key+" = "+textbookModel()[key])
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
	section, start, pending := "", 0, ""
	for i, line := range readLines(data, l) {
		checkModelText(i+1, line, l)
		text, more := modelText(line)
		if pending == "" {
			start = i + 1
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
			l.fail(start, 0, whole, "neither a section nor a definition", "write [section] or name = value")
		default:
			list = append(list, modelLine{start, section, strings.Trim(key, " \t"), strings.Trim(value, " \t")})
		}
	}
	if pending != "" {
		l.fail(start, 0, pending, "the last line goes on after its end", `remove the '\'`)
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
		l.fail(n, column(plain, at), line, "the line holds "+runeTitle(r), "remove it")
	}
}

// checkDefinitions checks what every model has to keep, and puts the effect into Casbin's own spelling.
func checkDefinitions(defs definitions, places map[string]int, l *findings) {
	textbook := textbookModel()
	for _, key := range []string{"r", "p", "g"} {
		if squeeze(defs[key]) != squeeze(textbook[key]) {
			l.fail(places[key], 0, defs[key], "another definition of "+key+" than this policy has rows and requests for", "write "+key+" = "+textbook[key])
		}
		defs[key] = textbook[key]
	}
	known := slices.IndexFunc(effects(), func(e string) bool { return squeeze(e) == squeeze(defs["e"]) })
	if known < 0 {
		l.fail(places["e"], 0, defs["e"], "an effect that Casbin does not know", "write e = "+textbook["e"])
	} else {
		defs["e"] = effects()[known]
		warnEffect(known, places["e"], l)
	}
	if !strings.Contains(squeeze(blankStrings(defs["m"])), "g(r.sub,p.sub)") {
		l.fail(places["m"], 0, defs["m"], "a matcher that does not ask who the caller is", "keep g(r.sub, p.sub) in it")
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

// squeeze removes the white space that only separates what is separate anyway, and shortens the rest to one space.
func squeeze(s string) string {
	var b strings.Builder
	previous, gap := ' ', false
	for _, r := range s {
		if r == ' ' || r == '\t' {
			gap = true
			continue
		}
		if gap && isWord(previous) && isWord(r) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		previous, gap = r, false
	}
	return b.String()
}

// isWord reports whether r can be part of a name in a matcher.
func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// blankStrings replaces what stands in string literals byte by byte, so that nothing in them is taken for code.
func blankStrings(s string) string {
	b := []byte(s)
	quote := byte(0)
	for i, c := range b {
		switch {
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case c == quote:
			quote = 0
		case quote != 0:
			b[i] = '.'
		}
	}
	return string(b)
}
