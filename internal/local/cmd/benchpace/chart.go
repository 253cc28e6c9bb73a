package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"text/template"
	"time"

	"sluice/internal/local/arrivals"
)

//go:embed chart.svg.tmpl
var chartTemplate string

// The measures of the chart, in pixels.
const (
	chartWidth                          = 1200
	marginLeft, marginRight, marginTop  = 76, 28, 168
	panelGap, panelHeight, marginBottom = 36, 300, 66
	barGap                              = 2.0
)

// picture is what the template draws. All of its coordinates are the chart's own.
type picture struct {
	Width, Height, Left, Right int
	Title, Subtitle            string
	Panels                     []panel
	Rows                       []tick // of the vertical axis, which all panels share
	LimitY                     float64
	Limit                      int
	Top, Base, Middle          int
}

// panel is what one subject sent.
type panel struct {
	X, Width      float64
	Title, Note   string
	Bars          []bar
	Ticks         []tick
	AxisX, Centre float64
}

type tick struct {
	At    float64
	Label string
}

// bar is one second, in which what was refused stands on what was accepted.
type bar struct {
	X, Width, AcceptedY, AcceptedHeight, RefusedY, RefusedHeight float64
	Says                                                         string
}

// chart draws the requests of each second, one panel for each subject: small multiples with the same axes. All subjects
// must have the same rate.
func chart(out io.Writer, all []*subject) error {
	if len(all) == 0 {
		return errors.New("there is nothing to show")
	}
	drawn, err := template.New("chart").Parse(chartTemplate)
	if err != nil {
		return fmt.Errorf("read the chart's template: %w", err)
	}
	return drawn.Execute(out, newPicture(all))
}

func newPicture(all []*subject) picture {
	rate := all[0].rate
	scale := newScale(all)
	p := picture{
		Width: chartWidth, Height: marginTop + panelHeight + marginBottom, Left: marginLeft, Right: chartWidth - marginRight,
		Title: fmt.Sprintf("Requests that arrive in each second, where the provider takes %d", rate),
		Subtitle: fmt.Sprintf("real processes on one machine · answers take %d ms · requests arrive up to %d ms out of step",
			latency.Milliseconds(), all[0].jitter.Milliseconds()),
		Limit: rate, LimitY: scale.y(rate), Top: marginTop, Base: marginTop + panelHeight,
		Middle: marginTop + panelHeight/2,
	}
	for n := 0; n <= scale.most; n += scale.step {
		p.Rows = append(p.Rows, tick{scale.y(n), fmt.Sprint(n)})
	}
	for i, s := range all {
		p.Panels = append(p.Panels, scale.panel(s, marginLeft+float64(i)*(scale.width+panelGap)))
	}
	return p
}

// scale is that of all panels.
type scale struct {
	width   float64 // of a panel
	seconds int
	most    int // requests that the vertical axis reaches to
	step    int // of its ticks
}

func newScale(all []*subject) scale {
	s := scale{step: max(1, all[0].rate/3), seconds: 1}
	s.width = float64(chartWidth-marginLeft-marginRight-panelGap*(len(all)-1)) / float64(len(all))
	most := all[0].rate + 1
	for _, one := range all {
		bins := wholeSeconds(one.run)
		s.seconds = max(s.seconds, len(bins))
		for _, b := range bins {
			most = max(most, b.Accepted+b.Refused)
		}
	}
	s.most = (most + s.step - 1) / s.step * s.step
	return s
}

// wholeSeconds leaves out the last one, which is over before its time.
func wholeSeconds(run arrivals.Run) []arrivals.Bin {
	if len(run) == 0 {
		return nil
	}
	whole := int(run[len(run)-1].At.Sub(run[0].At) / time.Second)
	return run.Bins(time.Second)[:whole]
}

func (s scale) y(n int) float64 { return marginTop + panelHeight - s.height(n) }

func (s scale) height(n int) float64 { return panelHeight * float64(n) / float64(s.most) }

func (s scale) panel(of *subject, x float64) panel {
	p := panel{X: x, Width: s.width, AxisX: x + s.width, Centre: x + s.width/2, Title: of.title(), Note: of.note()}
	second := s.width / float64(s.seconds)
	for i, b := range wholeSeconds(of.run) {
		p.Bars = append(p.Bars, bar{
			X: x + float64(i)*second + barGap/2, Width: second - barGap,
			AcceptedY: s.y(b.Accepted), AcceptedHeight: s.height(b.Accepted),
			RefusedY: s.y(b.Accepted + b.Refused), RefusedHeight: s.height(b.Refused),
			Says: fmt.Sprintf("second %d: %d accepted, %d refused", i+1, b.Accepted, b.Refused),
		})
	}
	const every = 5
	for n := 0; n <= s.seconds; n += every {
		p.Ticks = append(p.Ticks, tick{x + float64(n)*second, fmt.Sprint(n)})
	}
	return p
}

func (s *subject) title() string {
	if len(s.peers) > 0 {
		return s.name
	}
	return fmt.Sprintf("%s, %d senders", s.name, s.senders)
}

func (s *subject) note() string {
	used := 100 * s.run.After(beginning).Used(float64(s.rate))
	return fmt.Sprintf("%.0f %% of the limit used, %.0f %% refused", used,
		100*float64(s.run.Refused())/float64(max(1, len(s.run))))
}
