package simulation_test

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// foreseen is what the tests want of a preflight.
type foreseen struct {
	Recipients struct {
		Rows, Valid, Duplicate int
		OptedOut               int `json:"opted_out"`
	}
	Plan struct {
		Batches  int
		StartsAt time.Time `json:"starts_at"`
		EndsAt   time.Time `json:"ends_at"`
		BoundBy  string    `json:"bound_by"`
	}
}

// course is a campaign whose end is foreseen, with what holds beside it.
type course struct {
	name    string
	bound   string
	body    simulation.JSON
	sender  float64 // segments a second; 0 for no limit
	optOuts int     // of the recipients, every fourth one from the first
}

// segmented is a text of so many segments.
func segmented(n int) string {
	if n == 1 {
		return "Hello, World!"
	}
	return strings.Repeat("x", 153*n)
}

// personal is a campaign of texts of one segment, every so many of which have two or three.
func personal(n, batchSize, delay, every int) simulation.JSON {
	body := simulation.Tutorial(n, batchSize, delay)
	var rows []any
	for i, number := range body["recipients"].([]string) {
		name := "Ada"
		if i%every == 0 {
			name = segmented(2 + i/every%2)
		}
		rows = append(rows, simulation.JSON{"number": number, "vars": simulation.JSON{"name": name}})
	}
	return extended(body, simulation.JSON{"recipients": rows, "message_string": "{{name}}"})
}

func extended(body simulation.JSON, fields simulation.JSON) simulation.JSON {
	for name, value := range fields {
		body[name] = value
	}
	return body
}

func courses() []course {
	return []course{
		{name: "one batch at the account's rate", bound: "account", body: simulation.Tutorial(1500, 1500, 60)},
		{name: "small batches far apart", bound: "plan", body: simulation.Tutorial(40, 4, 600)},
		{name: "batches that overlap", bound: "account", body: simulation.Tutorial(2000, 100, 1)},
		{name: "batches that just fit", bound: "plan", body: simulation.Tutorial(1100, 100, 4)},
		{name: "batches that just do not fit", bound: "account", body: simulation.Tutorial(1800, 100, 3)},
		{name: "a last batch that is not full", bound: "plan", body: simulation.Tutorial(730, 100, 30)},
		{name: "no time between batches", bound: "account", body: simulation.Tutorial(1800, 60, 0)},
		{name: "one recipient at a time", bound: "plan", body: simulation.Tutorial(60, 1, 2)},
		{name: "a rate of its own", bound: "max_rate", body: extended(simulation.Tutorial(500, 50, 3), simulation.JSON{"max_rate": 5})},
		{name: "a rate of its own that is no whole number", bound: "max_rate",
			body: extended(simulation.Tutorial(200, 200, 1), simulation.JSON{"max_rate": 2.5})},
		{name: "a sender's limit and two segments", bound: "sender", sender: 10,
			body: extended(simulation.Tutorial(400, 400, 1), simulation.JSON{"message_string": segmented(2)})},
		{name: "a sender's limit that three segments do not fill", bound: "sender", sender: 10,
			body: extended(simulation.Tutorial(300, 30, 5), simulation.JSON{"message_string": segmented(3)})},
		{name: "a start that is ahead", bound: "plan",
			body: extended(simulation.Tutorial(600, 150, 20), simulation.JSON{"start_at": time.Date(2000, 1, 1, 0, 30, 0, 0, time.UTC)})},
		{name: "a sender's limit and texts of one to three segments", bound: "sender", sender: 12, body: personal(400, 400, 1, 2)},
		{name: "one in twenty is long", bound: "sender", sender: 12, body: personal(800, 800, 1, 20)},
		{name: "one in fifty is long", bound: "sender", sender: 12, body: personal(800, 800, 1, 50)},
		{name: "one in seven is long", bound: "sender", sender: 28, body: personal(1400, 1400, 5, 7)},
		{name: "one in twenty at six a second", bound: "sender", sender: 6, body: personal(400, 400, 1, 20)},
		{name: "personal texts far apart", bound: "plan", body: personal(300, 30, 60, 7)},
		{name: "people who want no texts", bound: "account", body: simulation.Tutorial(2000, 2000, 1), optOuts: 500},
	}
}

// tolerance is how far from the forecast a campaign may end: 2 % of the time that it takes.
const tolerance = 0.02

func TestPreflightForeseesTheEnd(t *testing.T) {
	for _, c := range courses() {
		t.Run(c.name, func(t *testing.T) {
			o := simulation.Options{Vonage: vonagetest.Config{Latency: 200 * time.Millisecond}}
			simulation.Run(t, o, func(w *simulation.World) {
				c.prepare(w)
				said := simulation.Call[foreseen](w, http.StatusOK, http.MethodPost, "/preflight", c.body)
				launched := time.Now()
				made := w.Create(c.body)
				w.Until(made.ID, "completed", 3*time.Hour)
				if said.Plan.BoundBy != c.bound {
					t.Errorf("bound by %s, want %s", said.Plan.BoundBy, c.bound)
				}
				if made.Batches.Total != said.Plan.Batches || said.Recipients.OptedOut != c.optOuts ||
					said.Recipients.Valid != len(w.Vonage.Ledger()) {
					t.Errorf("%d batches and %d texts, foreseen were %+v", made.Batches.Total, len(w.Vonage.Ledger()), said)
				}
				ledger := w.Vonage.Ledger()
				ended := simulation.Call[struct {
					At time.Time `json:"ended_at"`
				}](w, http.StatusOK, http.MethodGet, "/campaigns/"+made.ID, nil)
				for what, at := range map[string]time.Time{"the last text": ledger[len(ledger)-1].At, "the end": ended.At} {
					took, foretold := at.Sub(launched), said.Plan.EndsAt.Sub(launched)
					off := (foretold - took).Seconds() / took.Seconds()
					t.Logf("%s after %v, foreseen after %v: %+.2f %%", what, took, foretold, 100*off)
					if math.Abs(off) > tolerance {
						t.Errorf("%s came after %v, foreseen was %v: %+.1f %%", what, took, foretold, 100*off)
					}
				}
				w.Check(made.ID)
			})
		})
	}
}

// prepare sets the sender's limit, and records the opt-outs.
func (c course) prepare(w *simulation.World) {
	if c.sender > 0 {
		simulation.Call[struct{}](w, http.StatusOK, http.MethodPut, fmt.Sprintf("/pace/sender:%s", c.body["sender"]),
			simulation.JSON{"per_second": c.sender})
	}
	if c.optOuts == 0 {
		return
	}
	list := c.body["recipients"].([]string)
	var out []string
	for i := range c.optOuts {
		out = append(out, list[4*i])
	}
	simulation.Call[struct{}](w, http.StatusOK, http.MethodPost, "/suppressions", simulation.JSON{"numbers": out})
}
