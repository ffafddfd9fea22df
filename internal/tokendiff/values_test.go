package tokendiff

import (
	"fmt"
	"strconv"
	"strings"
)

// seconds is a NumericDate, mostly near the limits for one of exp, nbf and iat.
func (g *generator) seconds() string {
	base := now().Unix() + []int64{-86430, -86400, -300, -31, -30, -29, -1, 0, 1, 29, 30, 31, 300, 86369, 86400, 86430}[g.IntN(16)]
	text := strconv.FormatInt(base+int64(g.IntN(3)-1), 10)
	switch g.IntN(12) {
	case 0:
		return text + g.pick(".0", ".5", ".999999999", ".000000001", ".9999999999999999", ".00")
	case 1:
		return quote(text)
	case 2:
		return g.common()
	case 3:
		return g.pick("1e300", "-1e300", "253402300799", "253402300800", "-62135596800", "9223372036854775807", "-9223372036854775808", "18446744073709551616",
			"1.8e9", "1.8E+9", "18e8", "1800000000e0", "1e10", "1e-5", "-0", "0", "-0.5", "0.1e10", "4294967296", "2147483648", "9007199254740993")
	case 4:
		return text[:1] + "." + text[1:] + "e9"
	}
	return text
}

// name is a string that may or may not do as somebody's name.
func (g *generator) name() string {
	if g.IntN(8) == 0 {
		return g.common()
	}
	bad := g.pick("\x00", "\r", "\n", "\t", "\x7f", "\u0085", "\u00a0", "\u200b", "\u200d", "\u200e", "\u202e", "\u2066", "\u2028", "\ufeff", "\u3164", "\ufe0f",
		"\u00ad", "\u034f", "\u180e", "\u2061", "\ue000", "\uffff", "\U000e0061", "\U0001f600", " ", "é", "e\u0301", "@", ":", "/", "\\", `"`, "*")
	switch g.IntN(5) {
	case 0:
		return quote(bad)
	case 1:
		return quote("alice" + bad)
	case 2:
		return quote(strings.Repeat(g.pick("x", "ä", "李"), 255+g.IntN(3)))
	case 3:
		return quote(g.pick("alice", "bob", "client-1", "a@b.example", "client-2", "staff"))
	}
	return quote(bad + "alice" + bad + "x")
}

func (g *generator) claimValue(name string) string {
	if g.IntN(5) == 0 {
		return g.common()
	}
	switch name {
	case "exp", "nbf", "iat", "auth_time":
		return g.seconds()
	case "iss":
		return quote(g.pick(issuerURL, issuerURL+"/", otherURL, "HTTPS://issuer.example", "https://issuer.example.evil", "", issuerURL+"\x00", " "+issuerURL))
	case "aud":
		return g.audience()
	case "sub", "client_id", "azp", "jti", "grant_id", "email":
		return g.name()
	case "scope":
		return g.pick(`"a"`, `"a b"`, `"a a b"`, `""`, `" "`, `"a  b"`, `" a"`, `"a "`, `"a\tb"`, `["a"]`, `"ä"`, `"*"`, `"a\"b"`, `"a\\b"`, `"notes:read"`, `"\u007f"`)
	case "groups", "roles", "entitlements":
		return g.pick(`["a"]`, `["a","b","a"]`, `[]`, `[""]`, `[1]`, `"a"`, `["a\u200b"]`, `[["a"]]`, `["a",null]`, `{"a":true}`, `["admin"]`)
	case "act", "may_act":
		return g.pick(`{"sub":"x"}`, `{"sub":""}`, `{}`, `"x"`, `{"sub":1}`, `{"Sub":"x"}`, `{"sub":"x","act":{"sub":"y"}}`, `[{"sub":"x"}]`, `{"sub":"x","iss":"y"}`)
	case "cnf":
		return g.pick(`{"jkt":"x"}`, `{}`, `{"x5t#S256":"x"}`)
	case "typ":
		return quote(g.pick("Bearer", "bearer", "at+jwt", "JWT", "ID", "Refresh", "Offline", "Logout"))
	case "token_use":
		return quote(g.pick("access", "id", "Access", "refresh"))
	case "email_verified":
		return g.pick("true", "false", `"true"`, "1", " true")
	}
	return g.common()
}

func (g *generator) audience() string {
	ours := quote(resource)
	return g.pick(ours, "["+ours+"]", `["x",`+ours+"]", "["+ours+`,"x"]`, "["+ours+","+ours+"]", "["+ours+",1]", "["+ours+",null]", "[["+ours+"]]", "[]", `""`,
		quote(resource+"/"), quote(strings.ToUpper(resource)), quote(resource+"\x00"), quote(" "+resource), `["x","y"]`, quote(resource+" x"),
		fmt.Sprintf(`{"a":%s}`, ours), quote("https://mcp.example"), quote("*"), "["+strings.Repeat(`"x",`, 300)+ours+"]")
}
