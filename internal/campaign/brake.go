package campaign

import "fmt"

// Window counts the latest sends: at least the last brakeWindow, or all since the launch or resume, and about twice as
// many at most. It is kept with the campaign, so small batches and many senders count together. The Earlier ones are of
// the window before this one.
type Window struct {
	Sent, Failed               int
	EarlierSent, EarlierFailed int
}

const (
	// brakeLeast is how many sends a verdict needs.
	brakeLeast = 20
	// brakeWindow is after how many sends a new window begins.
	brakeWindow = 100
)

// plus adds the outcomes of a step.
func (w Window) plus(c Counts) Window {
	w.Sent, w.Failed = w.Sent+c.Sent(), w.Failed+c.Failed
	return w
}

// anew begins a new window with the outcomes of the last step.
func (w Window) anew(c Counts) Window {
	return Window{
		Sent: c.Sent(), Failed: c.Failed, EarlierSent: w.Sent - c.Sent(), EarlierFailed: w.Failed - c.Failed,
	}
}

// full says that a new window should begin.
func (w Window) full() bool { return w.Sent >= brakeWindow }

// tooMany says, in words, that more than the share failed for good; empty when not.
func (w Window) tooMany(share float64, lastReason string) string {
	sent, failed := w.Sent+w.EarlierSent, w.Failed+w.EarlierFailed
	if sent < brakeLeast || float64(failed) <= share*float64(sent) {
		return ""
	}
	return fmt.Sprintf("%d of the latest %d texts failed for good; the last because %s", failed, sent, lastReason)
}
