package scaffold

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/sallyport-mcp/sallyport/internal/loopback"
)

// checkName takes a name that is at once a directory, a binary, a server's name and, unless another is given, a module.
func checkName(name string) error {
	if !regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`).MatchString(name) {
		return mistake("it is made in the working directory, and its name has 1 to 64 of A-Z a-z 0-9 _ and -, a letter first",
			"%q cannot be the name of a server", name)
	}
	return nil
}

// checkModule takes a module path. What the go command knows beyond this it says itself.
func checkModule(path string) error {
	for element := range strings.SplitSeq(path, "/") {
		if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]*$`).MatchString(element) || strings.HasSuffix(element, ".") {
			return mistake("write one like example.com/you/notes", "%q is no module path", path)
		}
	}
	first, _, _ := strings.Cut(path, "/")
	if slices.Contains(reserved(), first) {
		return mistake("name another with --module, for example example.com/"+path,
			"a module cannot be called %s, which is a name of Go's own", first)
	}
	return nil
}

// reserved are the first elements of import paths that belong to Go: the standard library, and names with a meaning.
func reserved() []string {
	return strings.Fields(`archive arena bufio builtin bytes cmd cmp compress container context crypto database debug embed encoding
		errors expvar flag fmt go hash html image index internal io iter log maps math mime net os path plugin reflect regexp runtime
		simd slices sort std strconv strings structs sync syscall testdata testing text time toolchain unicode unique unsafe vendor weak`)
}

// checkIssuer takes the URL of an issuer that a server would take.
func checkIssuer(issuer string) error {
	if issuer == "" {
		return nil
	}
	u, err := url.Parse(issuer)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "" || u.User != nil || strings.ContainsAny(issuer, "?#\"\\ "):
		return mistake("write its iss claim to the letter, for example https://id.example.com", "%q is no URL of an issuer", issuer)
	case u.Scheme == "https", u.Scheme == "http" && loopback.Is(u.Hostname()):
		return nil
	}
	return mistake("use https; plain http is for loopback only", "%q is no URL that tokens could be trusted from", issuer)
}
