package server

import (
	"strconv"
	"unicode/utf16"
)

// maxText bounds every text of a record that a caller may have chosen. A
// longer one is cut and marked: the record says what was asked, it does not
// archive it.
const maxText = 256

// hex digits of the escapes in [appendText].
const hexDigits = "0123456789abcdef"

// appendMember appends a member with a text value to a JSON object that is
// being written, with a comma in front unless it is the first.
func appendMember(dst []byte, name, value string) []byte {
	dst = appendName(dst, name)
	return appendText(dst, value)
}

// appendNumber appends a member with an integer value.
func appendNumber(dst []byte, name string, value int64) []byte {
	dst = appendName(dst, name)
	return strconv.AppendInt(dst, value, 10)
}

func appendName(dst []byte, name string) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	dst = append(dst, '"')
	dst = append(dst, name...)
	return append(dst, '"', ':')
}

// appendText appends value as a JSON string (RFC 8259 section 7) in printable
// ASCII only: line breaks, terminal escapes, direction overrides and invalid
// UTF-8 cannot leave their line or reach a terminal. At most maxText bytes of
// the value are taken.
func appendText(dst []byte, value string) []byte {
	cut := len(value) > maxText
	if cut {
		value = value[:maxText]
	}
	dst = append(dst, '"')
	plain := plainLength(value)
	dst = append(dst, value[:plain]...)
	for _, r := range value[plain:] {
		dst = appendRune(dst, r)
	}
	if cut {
		dst = append(dst, "..."...)
	}
	return append(dst, '"')
}

// plainLength returns how many bytes at the start of value need no escape,
// which is nearly always all of them.
func plainLength(value string) int {
	for i := range len(value) {
		if c := value[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			return i
		}
	}
	return len(value)
}

func appendRune(dst []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r >= 0x20 && r < 0x7f:
		return append(dst, byte(r))
	case r > 0xffff:
		high, low := utf16.EncodeRune(r)
		return appendUnit(appendUnit(dst, high), low)
	default:
		return appendUnit(dst, r)
	}
}

func appendUnit(dst []byte, unit rune) []byte {
	return append(dst, '\\', 'u',
		hexDigits[unit>>12&0xf], hexDigits[unit>>8&0xf], hexDigits[unit>>4&0xf], hexDigits[unit&0xf])
}
