package vonagetest

import (
	"fmt"
	"strings"
	"time"
)

// throttle counts a request, or refuses it with the text that the real API has for it.
func (f *Fake) throttle(at time.Time) refusal {
	if f.config.Rate < 0 {
		return refusal{}
	}
	if at.Sub(f.opened) >= Window {
		f.opened, f.count = at, 0
	}
	if f.count < f.config.Rate {
		f.count++
		return refusal{}
	}
	text := fmt.Sprintf("Exceeded maximum MT throughput[ MAX [ %d ] INTERVAL [ %d ] COUNT [ %d ] "+
		"LAST INT-START [ %d ] TIME_SINCE_LAST_INTERVAL_START [ %d ]  ] ",
		f.config.Rate, Window.Milliseconds(), f.count, f.opened.UnixMilli(), at.Sub(f.opened).Milliseconds())
	return refusal{status: statusThrottled, text: text, until: f.opened.Add(Window)}
}

// window is the current one of a sender.
type window struct {
	opened time.Time
	parts  int
}

// ends is when the next one may begin: a text of more parts than go into a Window takes several.
func (w *window) ends(rate int) time.Time {
	return w.opened.Add(Window * time.Duration((w.parts+rate-1)/rate))
}

// throttleSender counts a text's parts, or refuses it with the text that the real API has where a number or a carrier has
// a limit of its own (Vonage PHP SDK, which reads the wait out of it).
func (f *Fake) throttleSender(from string, parts int, at time.Time) refusal {
	rate := f.config.SenderRate
	if rate <= 0 {
		return refusal{}
	}
	w := f.senders[from]
	if w == nil {
		w = &window{}
		f.senders[strings.Clone(from)] = w
	}
	if !at.Before(w.ends(rate)) {
		*w = window{opened: at}
	}
	if w.parts == 0 || w.parts+parts <= rate {
		w.parts += parts
		return refusal{}
	}
	left := w.ends(rate).Sub(at) + time.Millisecond - 1 // rounded up: who waits so long finds it open
	text := fmt.Sprintf("Throughput Rate Exceeded - please wait [ %d ] and retry", left.Milliseconds())
	return refusal{status: statusThrottled, text: text, until: w.ends(rate)}
}
