package simulation_test

import (
	"fmt"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/simulation"
)

// The outcomes of a chunk cannot be stored while the next is in the air and more are to come: what lands behind it may not
// settle those before it.
func TestAChunkThatIsNotStoredIsNotSettledByTheNext(t *testing.T) {
	for n := range 3 {
		fault := simulation.Fault{
			Call: simulation.RemoteCall{Function: "sender", Operation: "DynamoDB_20120810.BatchWriteItem", N: n + 1}, Mode: simulation.FailBefore,
		}
		t.Run(fmt.Sprint(fault), func(t *testing.T) {
			simulation.Run(t, matrixOptions(fault), func(w *simulation.World) {
				c := w.Create(simulation.Tutorial(matrixList, matrixList, 1)) // four chunks
				w.UntilStored(c.ID, campaign.Completed, time.Hour)
				c = w.Get(c.ID)
				w.Check(c.ID)
				if c.Counts.ToSend != 0 || c.Counts.Accepted+c.Counts.Unknown != matrixList || w.Struck() != 1 {
					t.Errorf("ended with %+v, the fault struck %d times", c.Counts, w.Struck())
				}
			})
		})
	}
}
