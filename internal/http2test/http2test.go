// Package http2test writes and reads the frames of HTTP/2 (RFC 9113) one by one, for
// tests of what no client of net/http would send. It knows no more than they need.
package http2test

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"time"
)

// The kinds of frames (RFC 9113, section 6).
const (
	Data         = 0x0
	Headers      = 0x1
	Reset        = 0x3
	Settings     = 0x4
	Ping         = 0x6
	GoAway       = 0x7
	WindowUpdate = 0x8
	Continuation = 0x9
)

// Flags of frames.
const (
	EndStream  = 0x1 // of Data and Headers
	Ack        = 0x1 // of Settings and Ping
	EndHeaders = 0x4 // of Headers and Continuation
)

// Preface is what a client says first (RFC 9113, section 3.4).
const Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// maxFrame is the largest payload that every peer takes (RFC 9113, section 4.2).
const maxFrame = 1 << 14

// Frame is one frame.
type Frame struct {
	Kind, Flags byte
	Stream      uint32
	Payload     []byte
}

// Code is the error code of a Reset or GoAway, and 0 of any other frame.
func (f Frame) Code() uint32 {
	at := map[byte]int{Reset: 0, GoAway: 4}
	start, ok := at[f.Kind]
	if !ok || len(f.Payload) < start+4 {
		return 0
	}
	return binary.BigEndian.Uint32(f.Payload[start:])
}

// Append adds the frame as it goes over the wire to b.
func (f Frame) Append(b []byte) []byte {
	size := binary.BigEndian.AppendUint32(nil, uint32(len(f.Payload))) //nolint:gosec // G115: a frame has less than 16 MiB
	b = append(append(b, size[1:]...), f.Kind, f.Flags)
	b = binary.BigEndian.AppendUint32(b, f.Stream)
	return append(b, f.Payload...)
}

// Block encodes header fields, names and values in turn, each as a literal that is not
// indexed (RFC 7541, section 6.2.2). Names are in lower case, pseudo-headers first.
func Block(fields ...string) []byte {
	var b []byte
	for i := 0; i < len(fields); i += 2 {
		b = append(b, 0)
		b = appendString(b, fields[i])
		b = appendString(b, fields[i+1])
	}
	return b
}

// appendString adds a string without Huffman coding (RFC 7541, section 5.2).
func appendString(b []byte, s string) []byte {
	const prefix = 127
	n := len(s)
	if n < prefix {
		return append(append(b, byte(n)), s...)
	}
	b = append(b, prefix)
	for n -= prefix; n >= 128; n >>= 7 {
		b = append(b, byte(n%128)+128)
	}
	return append(append(b, byte(n)), s...)
}

// Request is a whole request on a stream: its header and its body, if it has one.
func Request(stream uint32, header []byte, body string) []byte {
	end := byte(EndHeaders)
	if body == "" {
		end |= EndStream
	}
	b := Frame{Headers, end, stream, header}.Append(nil)
	for body != "" {
		n := min(len(body), maxFrame)
		flags := byte(0)
		if n == len(body) {
			flags = EndStream
		}
		b = Frame{Data, flags, stream, []byte(body[:n])}.Append(b)
		body = body[n:]
	}
	return b
}

// ResetOf is the frame that gives a stream up, with CANCEL.
func ResetOf(stream uint32) []byte { return Frame{Reset, 0, stream, []byte{0, 0, 0, 8}}.Append(nil) }

// Setting is the frame that sets one value (RFC 9113, section 6.5.1).
func Setting(id uint16, value uint32) []byte {
	payload := binary.BigEndian.AppendUint16(nil, id)
	return Frame{Settings, 0, 0, binary.BigEndian.AppendUint32(payload, value)}.Append(nil)
}

// Read reads one frame.
func Read(r *bufio.Reader) (Frame, error) {
	var head [9]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Frame{}, err
	}
	f := Frame{Kind: head[3], Flags: head[4], Stream: binary.BigEndian.Uint32(head[5:])}
	f.Payload = make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
	_, err := io.ReadFull(r, f.Payload)
	return f, err
}

// Flood writes the same bytes until the peer has closed the connection or takes no
// more for as long as patience, and returns how many it took. At most is when it
// gives up.
func Flood(conn net.Conn, b []byte, most int, patience time.Duration) (int, error) {
	taken := 0
	for taken < most {
		_ = conn.SetWriteDeadline(time.Now().Add(patience))
		n, err := conn.Write(b)
		taken += n
		if err != nil {
			return taken, err
		}
	}
	return taken, nil
}
