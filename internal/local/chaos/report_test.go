package chaos

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestAReportIsAnErrorWhenAnythingIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		round Round
		wrong bool
	}{
		{"nothing", Round{Accepted: 598, Unknown: 2}, false},
		{"somebody lost", Round{Lost: 1}, true},
		{"somebody twice", Round{Twice: 1}, true},
		{"another fault", Round{Faults: []string{"the campaign is running"}}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.round.Number, c.round.Plan, c.round.Said = 2, "after 3s", "lease lost"
			err := Report{Seed: 41, Rounds: []Round{{Number: 1}, c.round}}.Err()
			if (err != nil) != c.wrong {
				t.Fatalf("got %v, want an error: %v", err, c.wrong)
			}
			if err == nil {
				return
			}
			for _, part := range append(c.round.Faults, "seed 41", "round 2", "after 3s", "lease lost") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is not in %q", part, err)
				}
			}
		})
	}
}

func TestTheTableAddsUp(t *testing.T) {
	t.Parallel()
	r := Report{Rounds: []Round{
		{Number: 1, Kills: 2, Processes: 9, Senders: 6, Recipients: 600, Accepted: 500, Failed: 1, Unknown: 99, Sent: 40,
			Most: 588, Recovery: time.Minute, Took: 70 * time.Second},
		{Number: 2, Kills: 1, Processes: 1, Senders: 1, Recipients: 600, Accepted: 590, Unknown: 10, Sent: 2,
			Lost: 3, Twice: 4, Recovery: 2 * time.Minute, Took: 130 * time.Second},
	}}
	var table bytes.Buffer
	WriteHead(&table)
	for _, round := range r.Rounds {
		round.WriteLine(&table)
	}
	r.WriteTotals(&table)
	lines := strings.Split(table.String(), "\n")
	for _, l := range lines[:3] {
		if len(l) != len(lines[0]) {
			t.Errorf("%q is not as wide as %q", l, lines[0])
		}
	}
	for i, want := range []string{
		"rounds 2, kills 3 (10 processes, of which 7 senders), recipients 1200, accepted 1090, failed 1, unknown 109, " +
			"lost 3, sent twice 4",
		"from the last kill to the end of the campaign: 60.0 s to 120.0 s, median 90.0 s",
		"unknown for each sender killed: 15.6; 42 of the unknown got their text",
	} {
		if lines[3+i] != want {
			t.Errorf("got %q, want %q", lines[3+i], want)
		}
	}
}
