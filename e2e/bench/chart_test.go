package bench

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"decentra.local/e2e/internal/installation"
)

func TestAPictureHasEveryLine(t *testing.T) {
	sizes := []int{1, 10, 100}
	both := []plotLine{
		{name: "all in one", topology: installation.AllInOne, values: []float64{12.5, 13, 14.2}},
		{name: "split", topology: installation.Split, dashed: true, values: []float64{16, 17.5, 0.4}},
	}
	alone := plot{title: "gateways", sizes: sizes, lines: both[1:]}
	drawn := picture(2, plot{title: "members & more", sizes: sizes, lines: both}, alone, alone)
	lines, decoder := 0, xml.NewDecoder(strings.NewReader(drawn))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the picture is no XML: %v\n%s", err, drawn)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "polyline" {
			lines++
		}
	}
	if lines != 4 {
		t.Errorf("the picture has %d lines, want 4", lines)
	}
}

func TestStepsOfAScaleAreRound(t *testing.T) {
	for value, want := range map[float64]float64{0: 1, 0.03: 0.05, 1: 1, 1.1: 2, 4.9: 5, 5.1: 10, 230: 500} {
		if got := niceStep(value); got != want {
			t.Errorf("the step for %v is %v, want %v", value, got, want)
		}
	}
}
