package bench

import (
	"fmt"
	"math"
	"strings"

	"decentra.local/e2e/internal/installation"
)

// chart draws how many times the relay's processor time a delivery takes, against
// the members of the room.
func chart(cpu *section, members []int) string {
	const (
		width, height            = 680, 300
		left, right, top, bottom = 50, 190, 20, 40
	)
	lines := []struct {
		topology installation.Topology
		window   int
		style    string
	}{
		{installation.AllInOne, 1, `stroke="#2563eb"`},
		{installation.AllInOne, 16, `stroke="#2563eb" stroke-dasharray="5 4"`},
		{installation.Split, 1, `stroke="#c2410c"`},
		{installation.Split, 16, `stroke="#c2410c" stroke-dasharray="5 4"`},
	}
	ratios := make([][]float64, len(lines))
	most := 1.0
	for i, line := range lines {
		for _, n := range members {
			for _, r := range cpu.rows {
				if r.what == fanOutRow(n, line.window) {
					ratio := median(r.values[columns[line.topology]]) / median(r.values[relayColumn])
					ratios[i] = append(ratios[i], ratio)
					most = max(most, ratio)
				}
			}
		}
	}
	most = math.Ceil(most)
	x := func(i int) float64 {
		return left + float64(i)*(width-left-right)/float64(max(len(members)-1, 1))
	}
	y := func(ratio float64) float64 { return height - bottom - ratio/most*(height-top-bottom) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" fill="#333">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	for step := range int(most) + 1 {
		at := y(float64(step))
		fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%d×</text>`+"\n",
			left, at, width-right, left-8, at+4, step)
	}
	for i, n := range members {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x(i), height-bottom+18, whole(n))
	}
	fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">members</text>`+"\n", float64(left+width-right)/2, height-6)
	for i, line := range lines {
		var points []string
		for k, ratio := range ratios[i] {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(k), y(ratio)))
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke-width="2" %s/>`+"\n", strings.Join(points, " "), line.style)
		at := top + 10 + i*20
		fmt.Fprintf(&b, `<path d="M%d %dh26" stroke-width="2" %s/><text x="%d" y="%d">%s, %d in flight</text>`+"\n",
			width-right+12, at, line.style, width-right+44, at+4, columns[line.topology], line.window)
	}
	b.WriteString("</svg>\n")
	return b.String()
}
