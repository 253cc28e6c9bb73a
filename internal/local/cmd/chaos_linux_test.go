package main_test

import (
	"testing"

	"sluice/internal/local/chaos"
)

// TestNobodyIsTwiceOrLostWhereFunctionsAreKilled is a short form of `make chaos`.
func TestNobodyIsTwiceOrLostWhereFunctionsAreKilled(t *testing.T) {
	t.Parallel()
	report, err := chaos.Run(t.Context(), chaos.Config{
		Dir: folder(t), Rounds: 2, Parallel: 2, Seed: 9, Recipients: 600, Rate: 200, Resume: true,
	})
	must(t, err)
	if err := report.Err(); err != nil {
		t.Error(err)
	}
	for _, r := range report.Rounds {
		t.Logf("%s: of %d, %d accepted, %d unknown, done in %v", r.Plan, r.Recipients, r.Accepted, r.Unknown, r.Took)
		if r.Senders == 0 || r.Accepted == 0 || r.Skipped+r.Failed > 0 {
			t.Errorf("%d senders were killed; of the recipients, %d are accepted, %d skipped and %d failed",
				r.Senders, r.Accepted, r.Skipped, r.Failed)
		}
	}
}
