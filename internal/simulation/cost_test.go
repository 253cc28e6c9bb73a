package simulation_test

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// What a call of a function takes: of AWS, and of Vonage. Lambda's time is made of these and of waiting for slots; what
// the code itself takes, and cold starts, are not in it (make bench-cold).
const (
	awsLatency    = 5 * time.Millisecond
	vonageLatency = 100 * time.Millisecond
)

// costs are figures for one SMS, and dollars for a million.
type costs struct{ write, read, calls, dollars float64 }

// promised are the bounds, without receipts. That of calls is for chunks of 100.
var promised = costs{write: 1.6, read: 1.5, calls: 0.12, dollars: 1.40}

// costing is a campaign whose cost is counted.
type costing struct{ recipients, batch, rate int }

// chunk is how many recipients a sender claims at once: about a second of sends.
func (c costing) chunk() int {
	return min(c.batch, int(float64(c.rate)*(100-freePercent)/100+0.5), campaign.MaxChunk)
}

// delay is the least delay_period, in whole seconds, in which the rate suffices for a batch.
func (c costing) delay() int { return c.batch*100/(c.rate*(100-freePercent)) + 1 }

// run sends the campaign, and counts until it is completed.
func (c costing) run(t *testing.T) *simulation.Meter {
	t.Helper()
	meter := &simulation.Meter{Latency: awsLatency}
	o := simulation.Options{
		Parameters: map[string]string{"AccountRate": strconv.Itoa(c.rate), "PaceHeadroom": strconv.Itoa(freePercent)},
		Vonage:     vonagetest.Config{Rate: c.rate, Latency: vonageLatency}, Meter: meter,
	}
	simulation.RunAlone(t, o, func(w *simulation.World) {
		created := w.Create(simulation.Tutorial(c.recipients, c.batch, c.delay()))
		planned := time.Duration(c.recipients/c.batch*c.delay()) * time.Second
		w.UntilStored(created.ID, campaign.Completed, 2*planned+time.Hour)
		time.Sleep(time.Second) // its last invocation ends
		meter.Stop()
		if got := w.Get(created.ID); got.Counts.Accepted != c.recipients {
			t.Errorf("%+v: %d texts were accepted", c, got.Counts.Accepted)
		}
	})
	return meter
}

// priced are the figures of a run of n texts.
func priced(b simulation.Bill, n int) costs {
	each := func(sum float64) float64 { return sum / float64(n) }
	return costs{each(b.Write), each(b.Read), each(float64(b.Calls)), each(b.Dollars()) * 1e6}
}

// over says what is beyond the bounds, of which those that are 0 are none.
func (c costs) over(bounds costs) string {
	var all []string
	note := func(name string, got, bound float64) {
		if got > bound && bound > 0 {
			all = append(all, fmt.Sprintf("%s %.4g > %g", name, got, bound))
		}
	}
	note("WRU", c.write, bounds.write)
	note("RRU", c.read, bounds.read)
	note("calls", c.calls, bounds.calls)
	note("$", c.dollars, bounds.dollars)
	return strings.Join(all, ", ")
}

// bounds are those of the promise that are about such a campaign.
func (c costing) bounds() costs {
	all := promised
	if c.chunk() < campaign.MaxChunk {
		all.calls = 0
	}
	return all
}

// today is what a text costs by batch size at a fast rate, a little rounded up, so that nothing grows unseen. Where it is
// more than what is promised, the promise is not kept: what a batch costs is shared by few where batches are small.
var today = map[int]costs{
	3:    {write: 5.8, read: 1.9, calls: 3, dollars: 6.7},
	100:  {write: 1.17, read: 1.03, calls: 0.128, dollars: 0.96},
	1000: {write: 1.1, read: 1.01, calls: 0.09, dollars: 0.84},
}

const (
	fast  = 1000                   // a second: chunks are of 100
	usual = vonagetest.DefaultRate // a second: chunks are of 29
)

// isLarge says whether today's figures are about it: what a campaign costs by itself is shared by all its recipients.
func (c costing) isLarge() bool { return c.rate == fast && c.recipients >= min(1000, 100*c.batch) }

// sizesVariable lists how many recipients the campaigns have.
const sizesVariable = "SLUICE_COST_RECIPIENTS"

// A few campaigns, or, as make bench-cost asks for it, those of as many recipients as SLUICE_COST_RECIPIENTS lists, at
// Vonage's usual rate too. SLUICE_COST_DETAIL asks where units, calls and time go.
func TestATextCostsNoMoreThanItDid(t *testing.T) {
	t.Parallel()
	all, sizes := []costing{{300, 3, fast}, {1000, 100, fast}, {1000, 1000, fast}}, []int{100}
	if list := os.Getenv(sizesVariable); list != "" {
		sizes = numbers(t, list)
		all = campaignsOf(sizes)
	}
	v := newInvoice(t)
	for _, c := range all {
		got := v.add(t, c)
		if over := got.over(today[c.batch]); c.isLarge() && over != "" {
			t.Errorf("%+v costs more than it did: %s", c, over)
		}
	}
	for _, n := range sizes {
		v.addNaive(t, n)
	}
	v.print(sizes)
}

func numbers(t *testing.T, list string) []int {
	t.Helper()
	var all []int
	for _, field := range strings.Fields(list) {
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 || n > campaign.MaxRows {
			t.Fatalf("%s: %q must be a number from 1 to %d", sizesVariable, field, campaign.MaxRows)
		}
		all = append(all, n)
	}
	return all
}

func campaignsOf(sizes []int) []costing {
	var all []costing
	for _, batch := range []int{3, 30, 100, 1000} {
		for _, n := range sizes {
			all = append(all, costing{n, batch, fast})
		}
	}
	most := slices.Max(sizes)
	return append(all, costing{most, 100, usual}, costing{most, 1000, usual})
}

// invoice is the table.
type invoice struct {
	out    io.Writer
	text   strings.Builder
	table  *tabwriter.Writer
	detail bool
	priced map[costing]costs // batch 0 is the naive design
}

func newInvoice(t *testing.T) *invoice {
	t.Helper()
	v := &invoice{out: t.Output(), detail: os.Getenv("SLUICE_COST_DETAIL") != "", priced: map[costing]costs{}}
	v.table = tabwriter.NewWriter(&v.text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(v.table, "\t\t\t\t\tof one SMS\t\t\t\t\t\tof a million SMS\t\t\t\t\t")
	fmt.Fprintln(v.table, "recipients\tbatch\tevery\tat most\tchunk\tWRU\tRRU\tcalls\tqueue\truns\tGB-s\tDynamoDB\tLambda\tothers\tsum\tbounds\t")
	return v
}

func (v *invoice) add(t *testing.T, c costing) costs {
	t.Helper()
	meter := c.run(t)
	place := fmt.Sprintf("%d\t%d\t%d s\t%d/s\t%d", c.recipients, c.batch, c.delay(), c.rate, c.chunk())
	return v.row(meter, place, c, c.bounds())
}

func (v *invoice) addNaive(t *testing.T, n int) {
	t.Helper()
	meter := &simulation.Meter{Latency: awsLatency}
	simulation.RunNaive(t, meter, n, vonageLatency)
	v.row(meter, fmt.Sprintf("%d\tnaive\t\t\t1", n), costing{recipients: n}, costs{write: promised.write, read: promised.read, dollars: promised.dollars})
}

func (v *invoice) row(m *simulation.Meter, place string, c costing, bounds costs) costs {
	b, n := m.Bill(), float64(c.recipients)
	p := priced(b, c.recipients)
	dynamodb, lambda := b.DynamoDB()/n*1e6, b.Lambda()/n*1e6
	fmt.Fprintf(v.table, "%s\t%.3f\t%.3f\t%.4f\t%.4f\t%.4f\t%.5f\t$%.3f\t$%.3f\t$%.3f\t$%.3f\t%s\t\n", place, p.write, p.read, p.calls,
		float64(b.Queue)/n, float64(b.Invocations)/n, b.GBSeconds/n, dynamodb, lambda, p.dollars-dynamodb-lambda, p.dollars,
		cmp.Or(p.over(bounds), "held"))
	if v.detail {
		fmt.Fprintf(v.out, "%+v\n", c)
		m.Detail(v.out, c.recipients)
	}
	v.priced[c] = p
	return p
}

func (v *invoice) print(sizes []int) {
	_ = v.table.Flush() // into memory
	fmt.Fprintf(v.out, `What an SMS costs on AWS, without what Vonage takes and without receipts (us-east-1, on demand, no free tier)
%severy: the delay_period; chunk: how many are claimed at once; calls: of DynamoDB, SQS and Secrets Manager by functions; queue: what Lambda
receives and deletes; others: SQS, the HTTP API and Secrets Manager. All that functions do from the request to the campaign's end is in
it, ticks too. A run's time is %v for each call of AWS, %v of Vonage, and waiting: no time for the code itself, no cold start.
Not in it, since they do not grow with recipients: empty receives, the schedule. Nor are storage and logs.
naive: an item of three writes, a message and a run for each SMS, without a pace.
bounds: %g WRU, %g RRU, $%.2f a million and, at %d to a chunk, %g calls
`, v.text.String(), awsLatency, vonageLatency, promised.write, promised.read, promised.dollars, campaign.MaxChunk, promised.calls)
	if len(sizes) < 2 {
		return
	}
	fewer, more := sizes[len(sizes)-2], sizes[len(sizes)-1]
	worst := 0.0
	for _, batch := range []int{3, 30, 100, 1000} {
		a, b := v.priced[costing{fewer, batch, fast}].dollars, v.priced[costing{more, batch, fast}].dollars
		difference := 100 * math.Abs(b-a) / min(a, b)
		fmt.Fprintf(v.out, "batches of %d: from %d to %d recipients $%.4f becomes $%.4f, %.2f %% apart\n", batch, fewer, more, a, b, difference)
		worst = max(worst, difference)
	}
	fmt.Fprintf(v.out, "at most %.2f %% apart\n", worst)
}
