package simulation_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// life is what happens to a campaign.
type life struct {
	Rate, Recipients, Batch, Delay int
	MaxRate                        int // the campaign's own; 0 for none
	Latency                        time.Duration
	Faults                         []simulation.Fault
	Refusals                       []vonagetest.Fault
	Events                         []event
}

// event is what a person does, some time after the event before.
type event struct {
	After              time.Duration
	Action             string
	Batch, Delay, Rate int
}

func (l life) options() simulation.Options {
	return simulation.Options{
		Parameters: map[string]string{"AccountRate": fmt.Sprint(l.Rate), "PaceHeadroom": "0"},
		Vonage:     vonagetest.Config{Rate: -1, Latency: l.Latency},
		Faults:     l.Faults,
	}
}

// fastest is the highest rate that it may ever have.
func (l life) fastest() int {
	n := l.Rate
	for _, e := range l.Events {
		n = max(n, e.Rate)
	}
	return n
}

// kills are the faults of senders: each may leave a chunk unknown, two where they overlap.
func (l life) kills() int {
	n := 0
	for _, f := range l.Faults {
		if f.Call.Function == "sender" {
			n++
		}
	}
	return n
}

func drawLife(t *rapid.T) life {
	between := func(what string, from, to int) int { return rapid.IntRange(from, to).Draw(t, what) }
	l := life{
		Rate: between("rate", 3, 40), Recipients: between("recipients", 1, 150), Batch: between("batch size", 1, 60),
		Delay: between("delay", 0, 90), Latency: time.Duration(between("latency ms", 0, 1500)) * time.Millisecond,
	}
	if rapid.Bool().Draw(t, "has a rate of its own") {
		l.MaxRate = between("own rate", 1, 40)
	}
	for range between("faults", 0, 5) {
		l.Faults = append(l.Faults, drawFault(t))
	}
	for range between("refusals", 0, 4) {
		l.Refusals = append(l.Refusals, vonagetest.Fault{
			Kind: vonagetest.FaultStatus, Code: rapid.SampledFrom([]int{1, 1, 5, 6, 9}).Draw(t, "status"),
			Skip: between("skip", 0, 60), Times: between("times", 1, 30),
		})
	}
	for range between("events", 0, 6) {
		l.Events = append(l.Events, event{
			After: time.Duration(between("after ms", 0, 40_000)) * time.Millisecond,
			Action: rapid.SampledFrom([]string{
				"pause", "pause", "resume", "resume", "repace", "repace", "own rate", "account's rate", "sender's rate", "cancel",
			}).Draw(t, "action"),
			Batch: between("new batch size", 1, 60), Delay: between("new delay", 0, 90), Rate: between("new rate", 1, 40),
		})
	}
	return l
}

func drawFault(t *rapid.T) simulation.Fault {
	operations := map[string][]string{
		"sender": {"Vonage.Send", "DynamoDB_20120810.UpdateItem", "DynamoDB_20120810.TransactWriteItems",
			"DynamoDB_20120810.BatchWriteItem", "DynamoDB_20120810.GetItem", "AmazonSQS.SendMessageBatch"},
		"dispatcher": {"DynamoDB_20120810.Query", "DynamoDB_20120810.GetItem", "DynamoDB_20120810.TransactWriteItems",
			"DynamoDB_20120810.UpdateItem", "AmazonSQS.SendMessageBatch"},
		"api": {"DynamoDB_20120810.GetItem", "DynamoDB_20120810.UpdateItem", "DynamoDB_20120810.TransactWriteItems",
			"AmazonSQS.SendMessageBatch"},
	}
	function := rapid.SampledFrom([]string{"sender", "sender", "sender", "dispatcher", "api"}).Draw(t, "function")
	return simulation.Fault{
		Call: simulation.RemoteCall{
			Function: function, Operation: rapid.SampledFrom(operations[function]).Draw(t, "operation"),
			N: rapid.IntRange(1, 30).Draw(t, "n-th"),
		},
		Mode: rapid.SampledFrom(simulation.Modes()).Draw(t, "mode"),
	}
}

// live lives it, and holds the campaign to the promises all along and at the end.
func (l life) live(w *simulation.World) error {
	body := simulation.Tutorial(l.Recipients, l.Batch, l.Delay)
	body["max_rate"] = l.MaxRate
	if err := w.Vonage.Inject(l.Refusals...); err != nil {
		return err
	}
	id := insist[simulation.Campaign](w, http.MethodPost, "/campaigns", body, "Idempotency-Key", "a life").ID
	for _, e := range l.Events {
		time.Sleep(e.After)
		if err := l.happens(w, id, e); err != nil {
			return err
		}
	}
	end := time.Now().Add(24 * time.Hour)
	for {
		c := insist[simulation.Campaign](w, http.MethodGet, "/campaigns/"+id, nil)
		switch {
		case c.Status == "paused":
			act(w, id, "resume")
		case c.Status == "completed" || c.Status == "cancelled":
			time.Sleep(5 * time.Minute) // until who slept has woken up
			w.Check(id)
			return l.judge(insist[simulation.Campaign](w, http.MethodGet, "/campaigns/"+id, nil))
		case time.Now().After(end):
			return fmt.Errorf("a day later, still %+v", c)
		}
		time.Sleep(30 * time.Second)
	}
}

func (l life) judge(c simulation.Campaign) error {
	n := c.Counts
	if n.Accepted+n.Failed+n.Skipped+n.Unknown+n.ToSend != c.Recipients || n.ToSend > 0 {
		return fmt.Errorf("it does not add up: %+v", c)
	}
	if most := 2 * l.fastest() * l.kills(); n.Unknown > most {
		return fmt.Errorf("%d are unknown, %d at most may be", n.Unknown, most)
	}
	if c.Status == "completed" && n.Skipped > 0 {
		return fmt.Errorf("completed with %d skipped", n.Skipped)
	}
	return nil
}

// happens does what a person does. What the campaign's status does not allow is refused, which is as good.
func (l life) happens(w *simulation.World, id string, e event) error {
	switch e.Action {
	case "repace":
		w.Insist(http.MethodPatch, "/campaigns/"+id, simulation.JSON{"batch_size": e.Batch, "delay_period": e.Delay})
		return nil
	case "own rate":
		w.Insist(http.MethodPatch, "/campaigns/"+id, simulation.JSON{"max_rate": e.Rate})
		return nil
	case "account's rate":
		w.Insist(http.MethodPut, "/pace/account", simulation.JSON{"per_second": e.Rate})
		return nil
	case "sender's rate":
		w.Insist(http.MethodPut, "/pace/sender:447700900000", simulation.JSON{"per_second": e.Rate})
		return nil
	}
	act(w, id, e.Action)
	if e.Action == "resume" {
		return nil
	}
	before := len(w.Vonage.Ledger())
	time.Sleep(time.Minute)
	if sent := len(w.Vonage.Ledger()) - before; sent > 2*l.fastest() {
		return fmt.Errorf("%d texts left after a %s, two chunks are %d", sent, e.Action, 2*l.fastest())
	}
	return nil
}

func act(w *simulation.World, id, action string) {
	w.Insist(http.MethodPost, "/campaigns/"+id+"/"+action, nil)
}

func insist[T any](w *simulation.World, method, path string, body any, headers ...string) T {
	_, answer := w.Insist(method, path, body, headers...)
	return simulation.Decode[T](w, answer)
}

func TestNobodyTwiceAndNobodyLostInAnyLife(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := drawLife(rt)
		var fault error
		err := simulation.Try(t, l.options(), func(w *simulation.World) { fault = l.live(w) })
		if err != nil || fault != nil {
			rt.Fatalf("%+v:\n%v\n%v", l, fault, err)
		}
	})
}
