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

const sample = `curl -sS %s/campaigns -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' -d '{
  "sender": "447700900000",
  "recipients": ["447700900001", "447700900002", "447700900003", "447700900004", "447700900005", "447700900006", "447700900007"],
  "message_string": "Hello, World!",
  "batch_size": 3,
  "delay_period": 2
}'`

func (p *printer) ready(s settings) {
	if s.real {
		p.line("VONAGE=real: texts go out through Vonage with key %s… and cost money.", s.vonageKey[:min(4, len(s.vonageKey))])
	}
	p.line("ready on %s, with the key %q. Ctrl-C stops everything; nothing is kept. Try:\n", s.api.url(), adminKey)
	p.line(sample+"\n", s.api.url(), adminKey)
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
	case l.Level != "INFO" && l.Level != "DEBUG":
		p.line("%s  %s: %s", l.Timestamp.Local().Format(clock), function, raw)
	case l.Recipients > 0:
		p.line("%s  campaign %s  batch %d %s: %d recipients, %d accepted, %d failed, %d unknown, %d to send",
			l.Timestamp.Local().Format(clock), l.Campaign, l.Batch, strings.TrimPrefix(l.Message, "batch "), l.Recipients,
			l.Accepted, l.Failed, l.Unknown, l.Left)
	}
}

// raw shows every line.
func (p *printer) raw(function, line string) { p.line("%s: %s", function, line) }

const clock = "15:04:05.000"

func (p *printer) fault(part string, err error) {
	p.line("%s  %s: %v", time.Now().Format(clock), part, err)
}
