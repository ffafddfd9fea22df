package doctor

import (
	"net/url"
	"regexp"
	"strings"
)

// refusalLength is how long the text of a refusal may be before it is worth asking what is in it.
const refusalLength = 4096

// excerptLength is how much is shown of what is given away.
const excerptLength = 60

// leak names what a refusal gives away and shows the place, empty if it is nothing.
func (v *visit) leak(body string) string {
	for _, sign := range [][2]string{
		{`goroutine \d+ \[|\.go:\d+|\n\s+at .+:\d+:\d+|node_modules/|Traceback \(most|\.py", line \d+|\.java:\d+\)|\bat (file|node):`, "a stack trace"},
		{`(^|[\s"'(=])/(home|usr|var|app|srv|opt|root|Users|tmp)/[\w.-]+|[A-Z]:\\\\?\w`, "a path of its disk"},
		{`\b([A-Za-z][\w+-]*)/\d+\.\d+|"version"\s*:`, "a version"},
	} {
		for _, at := range regexp.MustCompile(sign[0]).FindAllStringIndex(body, -1) {
			if found := body[at[0]:]; !strings.HasPrefix(found, "HTTP/") {
				return sign[1] + " (" + printable(withoutToken(found, v.opts.Token), excerptLength) + ")"
			}
		}
	}
	for _, found := range regexp.MustCompile(`https?://[^\s"'<>\\]+`).FindAllString(body, -1) {
		if u, err := url.Parse(found); err != nil || !strings.EqualFold(u.Host, v.target.Host) {
			return "an address elsewhere (" + printable(found, excerptLength) + ")"
		}
	}
	if len(body) > refusalLength {
		return "a long text"
	}
	return ""
}
