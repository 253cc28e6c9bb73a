package simulation_test

import (
	"fmt"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/simulation"
)

// The outcomes of a chunk cannot be stored, neither together nor one by one, while the next is in the air and more are to
// come: what lands behind it may not settle those before it.
func TestAChunkThatIsNotStoredIsNotSettledByTheNext(t *testing.T) {
	for n := range 3 {
		fails := func(operation string, n int) simulation.Fault {
			call := simulation.RemoteCall{Function: "sender", Operation: "DynamoDB_20120810." + operation, N: n}
			return simulation.Fault{Call: call, Mode: simulation.FailBefore}
		}
		o := matrixOptions(fails("BatchWriteItem", n+1), fails("PutItem", 1))
		t.Run(fmt.Sprintf("chunk %d", n+1), func(t *testing.T) {
			simulation.Run(t, o, func(w *simulation.World) {
				c := w.Create(simulation.Tutorial(matrixList, matrixList, 1)) // four chunks
				w.UntilStored(c.ID, campaign.Completed, time.Hour)
				c = w.Get(c.ID)
				w.Check(c.ID)
				if c.Counts.ToSend != 0 || c.Counts.Accepted+c.Counts.Unknown != matrixList || w.Struck() != 2 {
					t.Errorf("ended with %+v, and %d faults struck", c.Counts, w.Struck())
				}
			})
		})
	}
}
