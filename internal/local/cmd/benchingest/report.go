package main

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// What must hold of any list.
const (
	longestRequest = 10 * time.Second
	mostMemory     = 512 << 20
)

// row is what a step of a list came to.
type row struct {
	step          string
	list          list
	took, longest time.Duration
	processor     time.Duration // of all processes of the function
	peak          int64         // of a process of the function, in bytes
	// limit is GOMEMLIMIT, memory the function's MemorySize, as its processes have them.
	limit, memory string
}

// report prints rows as they come, and in the end what does not hold.
type report struct {
	out    io.Writer
	rows   int
	faults []error
}

const (
	headFormat = "%-9s  %-36s %9s %13s %12s %13s %10s\n"
	rowFormat  = "%-9s  %-36s %9.2f %13.0f %12.2f %13.0f %10.0f\n"
)

func (t *report) row(r row) {
	if t.rows++; t.rows == 1 {
		fmt.Fprintf(t.out, "the api function has %s MB (MemorySize) and GOMEMLIMIT=%s; bounds: %.0f s for a request, %d MB of resident memory\n\n",
			r.memory, r.limit, longestRequest.Seconds(), mostMemory>>20)
		fmt.Fprintf(t.out, headFormat, "", "", "", "recipients", "longest", "processor,", "peak RSS,")
		fmt.Fprintf(t.out, headFormat, "", "", "seconds", "a second", "request, s", "µs/recipient", "MB")
	}
	fmt.Fprintf(t.out, rowFormat, r.step, r.list, r.took.Seconds(), float64(r.list.rows)/r.took.Seconds(), r.longest.Seconds(),
		float64(r.processor.Microseconds())/float64(r.list.rows), float64(r.peak)/(1<<20))
	if r.longest > longestRequest {
		t.faults = append(t.faults, fmt.Errorf("%s of %s: a request took %.1f s, the bound is %.0f s", r.step, r.list, r.longest.Seconds(),
			longestRequest.Seconds()))
	}
	if r.peak > mostMemory {
		t.faults = append(t.faults, fmt.Errorf("%s of %s: a process had %d MB, the bound is %d MB", r.step, r.list, r.peak>>20, mostMemory>>20))
	}
	if r.peak == 0 {
		t.faults = append(t.faults, fmt.Errorf("%s of %s: the memory of the function cannot be read: did its process end?", r.step, r.list))
	}
}

// naive is what the naive design came to, with the write units that DynamoDB says.
func (t *report) naive(recipients int, took time.Duration, units float64) {
	fmt.Fprintf(t.out, "\nnaive, an item for each recipient: %d stored in %.2f s, %.0f a second (the table alone: nothing was uploaded or parsed), "+
		"%.2f write units each\n", recipients, took.Seconds(), float64(recipients)/took.Seconds(), units/float64(recipients))
}

func (t *report) remark(text string) { fmt.Fprintln(t.out, text) }

// end is nil where all bounds hold.
func (t *report) end() error { return errors.Join(t.faults...) }
