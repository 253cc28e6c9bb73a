package campaign

import "fmt"

// Window counts the latest sends: at least the last brakeWindow, or all since the launch or resume, and at most about
// twice as many. It is kept with the campaign, so small batches and many senders count together.
type Window struct {
	Sent   int
	Failed int
}

const (
	// brakeLeast is how many sends a verdict needs.
	brakeLeast = 20
	// brakeWindow is after how many sends a new window begins.
	brakeWindow = 100
)

// plus adds the outcomes of a step.
func (w Window) plus(c Counts) Window {
	return Window{Sent: w.Sent + c.Total(), Failed: w.Failed + c.Failed}
}

// full says that a new window should begin.
func (w Window) full() bool { return w.Sent >= brakeWindow }

// tooMany says, in words, that more than the share failed for good; empty when not.
func (w Window) tooMany(share float64, lastReason string) string {
	if w.Sent < brakeLeast || float64(w.Failed) <= share*float64(w.Sent) {
		return ""
	}
	return fmt.Sprintf("%d of the latest %d texts failed for good; the last because %s", w.Failed, w.Sent, lastReason)
}
