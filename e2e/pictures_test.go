package e2e

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
)

// onePixel is the smallest picture.
var onePixel = pictureOf(1, 1)

// pictureOf makes a PNG.
func pictureOf(width, height int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func dataURL(picture []byte) string {
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture)
}
