package simulation_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"sluice/internal/simulation"
)

func repace(w *simulation.World, id string, body simulation.JSON) simulation.Campaign {
	return simulation.Call[simulation.Campaign](w, http.StatusOK, http.MethodPatch, "/campaigns/"+id, body)
}

// Four batches are released ahead when the pace changes: of them only the one that has begun keeps its size.
func TestANewPaceActsAtOnce(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		c := w.Create(simulation.Tutorial(100, 5, 30))
		time.Sleep(10 * time.Second)
		if c = w.Get(c.ID); c.Batches.Released < 4 {
			t.Fatalf("%d batches are released ahead", c.Batches.Released)
		}
		c = repace(w, c.ID, simulation.JSON{"batch_size": 20, "delay_period": 60})
		if c.Batches.Total != 6 || !c.NextBatchAt.Equal(time.Date(2000, 1, 1, 0, 1, 0, 0, time.UTC)) {
			t.Errorf("%+v", c)
		}
		c = w.Until(c.ID, "completed", time.Hour)
		at, sizes := starts(w.Vonage.Ledger(), 5*time.Second)
		if !slices.Equal(at, every(time.Minute, 6)) || !slices.Equal(sizes, []int{5, 20, 20, 20, 20, 15}) {
			t.Errorf("batches of %v at %v", sizes, at)
		}
		w.Check(c.ID)
	})
}

// More batches are released than one transaction can take back.
func TestANewPaceTakesHundredsOfBatchesBack(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		const n = 1000
		c := w.Create(simulation.Tutorial(n, 2, 0))
		time.Sleep(3 * time.Second)
		c = repace(w, c.ID, simulation.JSON{"batch_size": 50, "delay_period": 60})
		if c.Batches.Total > 100 {
			t.Errorf("%+v", c.Batches)
		}
		time.Sleep(10 * time.Second)
		if sent := len(w.Vonage.Ledger()); sent > 300 {
			t.Errorf("%d texts left in 13 s", sent)
		}
		c = w.Until(c.ID, "completed", time.Hour)
		if c.Counts.Accepted != n {
			t.Errorf("ended %+v", c)
		}
		w.Check(c.ID)
	})
}

func TestAPausedCampaignResumesAtItsNewPace(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		c := w.Create(simulation.Tutorial(60, 10, 30))
		time.Sleep(10 * time.Second)
		w.Act(c.ID, "pause")
		if c = repace(w, c.ID, simulation.JSON{"batch_size": 25}); c.Status != "paused" || c.Batches.Total != 3 {
			t.Errorf("%+v", c)
		}
		time.Sleep(10 * time.Minute)
		w.Act(c.ID, "resume")
		c = w.Until(c.ID, "completed", time.Hour)
		if _, sizes := starts(w.Vonage.Ledger(), 5*time.Second); !slices.Equal(sizes, []int{10, 25, 25}) {
			t.Errorf("batches of %v", sizes)
		}
		w.Check(c.ID)
	})
}
