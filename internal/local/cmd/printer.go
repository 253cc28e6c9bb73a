package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// printer tells a person what happens, a line at a time, until done: what is cut off then is no news.
type printer struct {
	mu   sync.Mutex
	out  io.Writer
	done <-chan struct{}
}

func (p *printer) line(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done:
	default:
		fmt.Fprintf(p.out, format+"\n", args...)
	}
}

// logLine is what is read of the functions' log lines.
type logLine struct {
	Timestamp  time.Time `json:"timestamp"`
	Level      string    `json:"level"`
	Message    string    `json:"message"`
	Campaign   string    `json:"campaign"`
	Batch      int       `json:"batch"`
	Recipients int       `json:"recipients"`
	Accepted   int       `json:"accepted"`
	Failed     int       `json:"failed"`
	Unknown    int       `json:"unknown"`
	Left       int       `json:"left"`
}

// log shows batches in words, warnings and what is no log line as they are, and nothing else.
func (p *printer) log(function, raw string) {
	var l logLine
	if err := json.Unmarshal([]byte(raw), &l); err != nil {
		p.line("%s  %s: %s", time.Now().Format(clock), function, raw)
		return
	}
	switch {
	case strings.HasPrefix(l.Message, unverified): // it was said at the start, and each process says it again
	case l.Level != "INFO" && l.Level != "DEBUG":
		p.line("%s  %s: %s", l.Timestamp.Local().Format(clock), function, raw)
	case l.Recipients > 0:
		skipped := ""
		if n := l.Recipients - l.Accepted - l.Failed - l.Unknown - l.Left; n > 0 {
			skipped = fmt.Sprintf(", %d skipped", n)
		}
		p.line("%s  campaign %s  batch %d %s: %d recipients, %d accepted, %d failed%s, %d unknown, %d to send",
			l.Timestamp.Local().Format(clock), l.Campaign, l.Batch, strings.TrimPrefix(l.Message, "batch "), l.Recipients,
			l.Accepted, l.Failed, skipped, l.Unknown, l.Left)
	}
}

// unverified is how the webhook's warning begins that it believes anybody.
const unverified = "WEBHOOKS ARE NOT VERIFIED"

// raw shows every line.
func (p *printer) raw(function, line string) { p.line("%s: %s", function, line) }

const clock = "15:04:05.000"

func (p *printer) fault(part string, err error) { p.now("%s: %v", part, err) }

// now shows a line with the time.
func (p *printer) now(format string, args ...any) {
	p.line("%s  "+format, append([]any{time.Now().Format(clock)}, args...)...)
}
