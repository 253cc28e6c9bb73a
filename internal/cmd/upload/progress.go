package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"sluice/internal/cmd/upload/parts"
)

// progress tells a person how far an upload is: a bar on a terminal, a line for each part elsewhere. It may be used
// concurrently.
type progress struct {
	out   io.Writer
	name  string
	size  int64 // of the file, in bytes; 0 where nobody knows it
	isBar bool
	start time.Time

	mu    sync.Mutex
	read  int64 // of size
	rows  int
	fresh int64 // of read, what was not there before
	width int   // of the bar that is shown
}

const barCells = 24

func newProgress(out io.Writer, name string, size int64, isTerminal bool) *progress {
	p := &progress{out: out, name: name, size: size, isBar: isTerminal, start: time.Now()}
	p.show()
	return p
}

// part notes a part that is there.
func (p *progress) part(d parts.Done) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.read, p.rows = p.read+d.Read, p.rows+d.Rows
	if !d.WasThere {
		p.fresh += d.Read
	}
	if p.isBar {
		p.show()
		return
	}
	state := "stored"
	if d.WasThere {
		state = "was there already"
	}
	fmt.Fprintf(p.out, "part %d, lines %d to %d, %s: %s accepted, %s refused%s%s\n", d.Part, d.FirstLine, d.LastLine, state,
		grouped(d.Accepted), grouped(d.Refused), duplicates(d.Duplicates), p.share(" (%.0f %% of the file)"))
}

// waiting says why nothing happens.
func (p *progress) waiting(wait time.Duration, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line(fmt.Sprintf("%s: trying again in %.1f s", reason, wait.Seconds()))
	p.show()
}

// end leaves the bar as it is.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isBar {
		fmt.Fprintln(p.out)
	}
}

// show draws the bar over the last one.
func (p *progress) show() {
	if !p.isBar {
		return
	}
	bar := fmt.Sprintf("%s %s%s rows%s", p.name, p.cells(), grouped(p.rows), p.left())
	fmt.Fprintf(p.out, "\r%-*s", p.width, bar)
	p.width = len(bar)
}

// line prints a line where the bar is.
func (p *progress) line(text string) {
	if p.isBar {
		fmt.Fprintf(p.out, "\r%-*s\n", p.width, text)
		p.width = 0
		return
	}
	fmt.Fprintln(p.out, text)
}

func (p *progress) cells() string {
	if p.size == 0 {
		return ""
	}
	full := int(barCells * min(p.read, p.size) / p.size)
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", barCells-full) + "] " + p.share("%3.0f %%  ")
}

func (p *progress) share(format string) string {
	if p.size == 0 {
		return ""
	}
	return fmt.Sprintf(format, 100*float64(min(p.read, p.size))/float64(p.size))
}

// left is how long it may still take, by what was sent so far.
func (p *progress) left() string {
	if p.size == 0 || p.fresh == 0 || p.read >= p.size {
		return ""
	}
	took := time.Since(p.start).Seconds()
	left := time.Duration(took * float64(p.size-p.read) / float64(p.fresh) * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf(", %v left", left)
}
