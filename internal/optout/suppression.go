package optout

import (
	"maps"
	"slices"
	"time"

	"sluice/internal/sms"
)

// Scope is from whom a person wants no texts: one sender, or Everyone.
type Scope = sms.Sender

// Everyone is the scope of all senders. No sender has that name.
const Everyone Scope = "*"

// Cause is why a scope is closed.
type Cause string

// The causes.
const (
	ByText     Cause = "text"     // the person wrote so
	ByProvider Cause = "provider" // opted out at the provider or the carrier, or the number is barred or gone
	ByOperator Cause = "operator" // put in by hand or by an import; only the operator takes it out again
)

// Mark is what is known of one scope.
type Mark struct {
	// Out: nothing may be sent. A person who came back has a mark that says so, or an older STOP that comes late would
	// close the scope again.
	Out   bool
	Since time.Time
	Cause Cause
	// Campaign is which one the person answered; empty where that is not known.
	Campaign string
}

// unsure is by how much the operator's clock and that of a text may differ, the second that texts are dated by included.
const unsure = time.Minute

// heeds is from when on a stop closes the scope again.
func (m Mark) heeds() time.Time {
	if m.Cause == ByOperator {
		return m.Since.Add(-unsure)
	}
	return m.Since
}

// Suppression is one number's marks, by scope.
type Suppression struct {
	Number sms.Number
	Marks  map[Scope]Mark
	// Version is how often it was stored; 0 is never.
	Version int
}

// Blocks says whether nothing may be sent to the number from that sender.
func (s Suppression) Blocks(from sms.Sender) bool { return s.Marks[Everyone].Out || s.Marks[from].Out }

// Out says whether any scope is closed.
func (s Suppression) Out() bool {
	for _, m := range s.Marks {
		if m.Out {
			return true
		}
	}
	return false
}

// Stopped closes a scope, and says whether that changes anything: what happened before the person came back does not, and
// of what closed it already, only the operator's word is stronger. Of what happened in the same second, the stop holds.
func (s Suppression) Stopped(scope Scope, m Mark) (Suppression, bool) {
	was, known := s.Marks[scope]
	if was.Out && (was.Cause == ByOperator || m.Cause != ByOperator) || known && m.Since.Before(was.heeds()) {
		return s, false
	}
	m.Out = true
	return s.with(scope, m), true
}

// Started opens what the person's own words can: all that concerns the sender, except what the operator has closed. It
// says whether that was closed until then.
func (s Suppression) Started(from sms.Sender, at time.Time) (Suppression, bool) {
	changed := false
	for _, scope := range []Scope{Everyone, from} {
		was := s.Marks[scope]
		if was.Out && was.Cause == ByOperator || !at.After(was.Since) {
			continue
		}
		changed = changed || was.Out
		s = s.with(scope, Mark{Since: at, Cause: ByText})
	}
	return s, changed
}

// Lifted opens a scope, or all for an empty one, because the operator wants it.
func (s Suppression) Lifted(scope Scope, at time.Time) (Suppression, bool) {
	changed := false
	for _, name := range slices.Sorted(maps.Keys(s.Marks)) {
		if s.Marks[name].Out && (scope == "" || scope == name) {
			s, changed = s.with(name, Mark{Since: at, Cause: ByOperator}), true
		}
	}
	return s, changed
}

func (s Suppression) with(scope Scope, m Mark) Suppression {
	marks := maps.Clone(s.Marks)
	if marks == nil {
		marks = make(map[Scope]Mark)
	}
	marks[scope] = m
	s.Marks = marks
	return s
}
