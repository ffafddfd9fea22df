package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
)

// redDotPNG returns an image of one red pixel.
func redDotPNG() []byte {
	dot := image.NewRGBA(image.Rect(0, 0, 1, 1))
	dot.Set(0, 0, color.RGBA{R: 255, A: 255})
	var b bytes.Buffer
	if err := png.Encode(&b, dot); err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}

func redDot() string { return base64.StdEncoding.EncodeToString(redDotPNG()) }

// silence returns two silent samples of a WAV file: 8,000 per second, 8 bits, one channel.
func silence() string {
	const rate = 8000
	const samples = 2
	b := []byte("RIFF")
	b = binary.LittleEndian.AppendUint32(b, 36+samples)
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)   // length of the format
	b = binary.LittleEndian.AppendUint16(b, 1)    // PCM
	b = binary.LittleEndian.AppendUint16(b, 1)    // channels
	b = binary.LittleEndian.AppendUint32(b, rate) // samples per second
	b = binary.LittleEndian.AppendUint32(b, rate) // bytes per second
	b = binary.LittleEndian.AppendUint16(b, 1)    // bytes per sample
	b = binary.LittleEndian.AppendUint16(b, 8)    // bits per sample
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, samples)
	return base64.StdEncoding.EncodeToString(append(b, bytes.Repeat([]byte{128}, samples)...))
}
