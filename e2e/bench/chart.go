package bench

import (
	"fmt"
	"html"
	"math"
	"strings"

	"decentra.local/e2e/internal/installation"
)

// plot is some lines over the same sizes.
type plot struct {
	title string
	sizes []int
	lines []plotLine
}

type plotLine struct {
	name     string
	topology installation.Topology // it has the colour of
	dashed   bool
	values   []float64 // by size
}

var classes = map[installation.Topology]string{installation.AllInOne: "one", installation.Split: "split"}

// In units of the picture.
const (
	pictureWidth = 760
	plotHeight   = 190
	legendHeight = 34
	// Around a plot's lines.
	plotLeft, plotRight, plotTop, plotBottom = 40, 16, 30, 26
)

// pictureStyle has colours for light pages and for dark ones.
const pictureStyle = `<style>
text { fill: #333; font: 11px sans-serif } .title { font-weight: bold; font-size: 12px }
.paper { fill: #fff } .grid { stroke: #ddd } .line { fill: none; stroke-width: 2 } .dashed { stroke-dasharray: 5 4 }
.one { stroke: #2563eb } .split { stroke: #c2410c }
@media (prefers-color-scheme: dark) {
	text { fill: #ddd } .paper { fill: #16181d } .grid { stroke: #3a3d45 } .one { stroke: #7aa2ff } .split { stroke: #ff9a62 }
}
</style>
`

// picture draws plots in so many columns, and what their lines are below.
func picture(columns int, plots ...plot) string {
	rows := (len(plots) + columns - 1) / columns
	width := float64(pictureWidth) / float64(columns)
	height := float64(plotHeight)
	if columns == 1 {
		height *= 1.5
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %.0f">`+"\n%s"+`<rect class="paper" width="100%%" height="100%%"/>`+"\n",
		pictureWidth, float64(rows)*height+legendHeight, pictureStyle)
	for i, p := range plots {
		fmt.Fprintf(&b, `<g transform="translate(%.1f %.1f)">`+"\n", float64(i%columns)*width, float64(i/columns)*height)
		p.draw(&b, width, height)
		b.WriteString("</g>\n")
	}
	for i, line := range plots[0].lines {
		at := plotLeft + float64(i)*(pictureWidth-plotLeft)/float64(len(plots[0].lines))
		fmt.Fprintf(&b, `<path class="line %s" d="M%.1f %.1fh26"/><text x="%.1f" y="%.1f">%s</text>`+"\n",
			line.class(), at, float64(rows)*height+14, at+32, float64(rows)*height+18, line.name)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (l plotLine) class() string {
	if l.dashed {
		return classes[l.topology] + " dashed"
	}
	return classes[l.topology]
}

// draw draws the lines over sizes that are evenly apart.
func (p plot) draw(b *strings.Builder, width, height float64) {
	most := 0.0
	for _, line := range p.lines {
		for _, v := range line.values {
			most = max(most, v)
		}
	}
	step := niceStep(most / 4)
	most = math.Ceil(most/step) * step
	right, bottom := width-plotRight, height-plotBottom
	x := func(i int) float64 {
		return plotLeft + 14 + float64(i)*(right-plotLeft-28)/float64(max(len(p.sizes)-1, 1))
	}
	y := func(value float64) float64 { return bottom - value/most*(bottom-plotTop) }
	fmt.Fprintf(b, `<text class="title" x="%d" y="18">%s</text>`+"\n", plotLeft, html.EscapeString(p.title))
	for value := 0.0; value <= most+step/2; value += step {
		fmt.Fprintf(b, `<path class="grid" d="M%d %.1fH%.1f"/><text x="%d" y="%.1f" text-anchor="end">%.4g</text>`+"\n",
			plotLeft, y(value), right, plotLeft-6, y(value)+4, value)
	}
	for i, n := range p.sizes {
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`+"\n", x(i), bottom+16, brief(n))
	}
	for _, line := range p.lines {
		var points []string
		for i, v := range line.values {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(i), y(v)))
		}
		fmt.Fprintf(b, `<polyline class="line %s" points="%s"/>`+"\n", line.class(), strings.Join(points, " "))
	}
}

// brief shows a number where there is little room.
func brief(n int) string {
	switch {
	case n >= 1_000_000 && n%1_000_000 == 0:
		return fmt.Sprintf("%d M", n/1_000_000)
	case n >= 10_000 && n%1000 == 0:
		return fmt.Sprintf("%d k", n/1000)
	}
	return whole(n)
}

// niceStep is the least of 1, 2 and 5 times a power of ten that is not below.
func niceStep(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, f := range []float64{1, 2, 5} {
		if f*power >= v {
			return f * power
		}
	}
	return 10 * power
}
