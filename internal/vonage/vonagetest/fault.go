package vonagetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// The kinds of Fault.
const (
	FaultStatus     = "status"      // answer with the SMS API status Code
	FaultHTTP       = "http"        // answer with the HTTP status Code and a text
	FaultHang       = "hang"        // do not answer until the client gives up
	FaultDropBefore = "drop-before" // drop the connection, before anything was accepted
	FaultDropAfter  = "drop-after"  // accept, then drop the connection
	FaultEmpty      = "empty"       // answer 200 {"messages":[]}
	FaultGarbage    = "garbage"     // answer 200 with a web page
)

// Fault is a rule by which requests fail that would else be accepted; those that the API refuses by itself do not meet
// it. Of several rules the oldest that applies strikes.
type Fault struct {
	Kind string `json:"kind"`
	// To narrows the rule to one number.
	To string `json:"to,omitempty"`
	// Skip lets so many requests pass before the rule begins to strike.
	Skip int `json:"skip,omitempty"`
	// Times is how often it strikes; 0 means for ever.
	Times int `json:"times,omitempty"`
	// Code is the status to answer, for the kinds status and http.
	Code int `json:"code,omitempty"`
	// Text is the error text of the kind status; empty means a plain one.
	Text string `json:"text,omitempty"`
	// Keep is the number of parts that the kind status accepts before it refuses the others.
	Keep int `json:"keep,omitempty"`
	// RetryAfter, in seconds, goes with the kind http if it is not 0.
	RetryAfter int `json:"retry_after,omitempty"`
	// Accept says that the text was taken all the same, for the kinds http, hang, empty and garbage.
	Accept bool `json:"accept,omitempty"`
}

// fault is a Fault at work.
type fault struct {
	Fault
	passed, struck int
}

// Inject adds faults, behind those that are there. It adds none if one of them makes no sense.
func (f *Fake) Inject(faults ...Fault) error {
	var added []*fault
	for i, rule := range faults {
		if err := rule.check(); err != nil {
			return fmt.Errorf("fault %d: %w", i, err)
		}
		added = append(added, &fault{Fault: rule})
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, added...)
	return nil
}

// ClearFaults forgets all faults.
func (f *Fake) ClearFaults() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = nil
}

func (r Fault) check() error {
	switch r.Kind {
	case FaultStatus:
		if r.Code < 1 || r.Code > 999 {
			return fmt.Errorf("code %d is not a refusal: must be 1 to 999", r.Code)
		}
	case FaultHTTP:
		if r.Code < 200 || r.Code > 599 {
			return fmt.Errorf("code %d is not an HTTP status: must be 200 to 599", r.Code)
		}
	case FaultHang, FaultDropBefore, FaultDropAfter, FaultEmpty, FaultGarbage:
	default:
		return fmt.Errorf("kind %q is not known", r.Kind)
	}
	if r.Skip < 0 || r.Times < 0 || r.Keep < 0 || r.RetryAfter < 0 {
		return errors.New("skip, times, keep and retry_after must not be negative")
	}
	return nil
}

// strike returns the fault that a request to this number meets, or none.
func (f *Fake) strike(to string) Fault {
	for _, rule := range f.faults {
		if rule.To != "" && rule.To != to || rule.Times > 0 && rule.struck == rule.Times {
			continue
		}
		if rule.passed < rule.Skip {
			rule.passed++
			continue
		}
		rule.struck++
		return rule.Fault
	}
	return Fault{}
}

// taken is how many of so many parts are accepted under this fault.
func (r Fault) taken(parts int) int {
	switch r.Kind {
	case "", FaultDropAfter:
		return parts
	case FaultStatus:
		return min(r.Keep, parts)
	case FaultHTTP, FaultHang, FaultEmpty, FaultGarbage:
		if r.Accept {
			return parts
		}
	}
	return 0
}

func (r Fault) text() string {
	if r.Text != "" {
		return r.Text
	}
	return fmt.Sprintf("Refused with status %d", r.Code)
}

// answer does what the fault does, for all kinds but status.
func (r Fault) answer(w http.ResponseWriter, req *http.Request) {
	switch r.Kind {
	case FaultHTTP:
		if r.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(r.RetryAfter))
		}
		http.Error(w, http.StatusText(r.Code), r.Code)
	case FaultEmpty:
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"messages":[]}`)
	case FaultGarbage:
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html><body>Be right back</body></html>")
	case FaultHang:
		<-req.Context().Done()
		panic(http.ErrAbortHandler)
	default: // the two that drop the connection
		panic(http.ErrAbortHandler)
	}
}

func (f *Fake) addFault(w http.ResponseWriter, r *http.Request) {
	var rule Fault
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&rule)
	if err == nil {
		err = f.Inject(rule)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (f *Fake) deleteFaults(w http.ResponseWriter, _ *http.Request) {
	f.ClearFaults()
	w.WriteHeader(http.StatusNoContent)
}
