package simulation_test

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// coming is what comes back to a campaign, long after it was sent.
type coming struct {
	name    string
	returns vonagetest.Returns
	// says is what everybody says, text the campaign's. campaigns is how many others there are from the same sender.
	says, text string
	campaigns  int
	// events are webhooks for each recipient.
	events int
	// today is what one costs by the template's settings, a little rounded up, so that nothing grows unseen.
	today costs
}

// kinds are what can come back.
func kinds() (receipts, replies []coming) {
	arriving := vonagetest.Returns{Delivered: 1}
	again := arriving
	again.Copies = 2
	receipts = []coming{
		{name: "a receipt", events: 1, returns: arriving, today: costs{write: 2.2, read: 2.1, dollars: 4.0}},
		{name: "one of two that say the same", events: 2, returns: again, today: costs{write: 1.1, read: 2, dollars: 3.4}},
		{name: "one of two parts", events: 2, returns: arriving, text: strings.Repeat("May we call you on Monday? ", 8), today: costs{write: 1.15, read: 1.15, dollars: 3.0}},
	}
	replies = []coming{
		{name: "a reply", events: 1, says: "Yes please", today: costs{write: 10.1, read: 3.1, dollars: 9.1}},
		{name: "a reply, 30 campaigns in 90 days", events: 1, says: "Yes please", campaigns: 29, today: costs{write: 10.1, read: 32.1, dollars: 12.8}},
		{name: "a STOP, with its confirmation", events: 1, says: "STOP", today: costs{write: 24, read: 7.5, dollars: 20.5}},
	}
	return receipts, replies
}

// trigger is what the recorder's is set to; the zero value is what the template says.
type trigger struct{ batch, window, concurrency int }

func (s trigger) String() string {
	if s == (trigger{}) {
		return "the template's"
	}
	return fmt.Sprintf("%d/%d/%d", s.batch, s.window, s.concurrency)
}

// returning is a run whose cost is counted: so many recipients, whose texts went out, and of whom we hear, at that rate.
type returning struct {
	coming
	trigger
	recipients, rate int
	// contention gets in the way of transactions; nil for none.
	contention *contention
}

func (r returning) options(meter *simulation.Meter, ticks *atomic.Bool) simulation.Options {
	parameters := map[string]string{"AccountRate": strconv.Itoa(r.rate), "PaceHeadroom": "0"}
	if r.trigger != (trigger{}) {
		parameters["RecorderBatchSize"], parameters["RecorderWindow"] = strconv.Itoa(r.batch), strconv.Itoa(r.window)
		parameters["RecorderConcurrency"] = strconv.Itoa(r.concurrency)
	}
	back := r.returns
	back.Delay.Median = 10*time.Minute + time.Second*time.Duration(r.recipients/r.rate) // when all is sent
	o := simulation.Options{
		Parameters: parameters, Vonage: vonagetest.Config{Rate: -1, Returns: back}, Meter: meter,
		Tick: func(int) bool { return ticks.Load() },
	}
	if r.contention != nil {
		o.Cloud = r.contention.over
	}
	return o
}

// run sends the campaign and counts what follows: the webhook, the queue, the recorder, the courier. The dispatcher stands
// still meanwhile.
func (r returning) run(t *testing.T) *simulation.Meter {
	t.Helper()
	meter := &simulation.Meter{Latency: awsLatency}
	var ticks atomic.Bool
	ticks.Store(true)
	simulation.RunAlone(t, r.options(meter, &ticks), func(w *simulation.World) {
		for range r.campaigns {
			other := w.Create(simulation.JSON{
				"sender": ourNumber, "recipients": []string{"+447000000001"}, "message_string": "?", "batch_size": 1, "delay_period": 0,
			})
			w.UntilStored(other.ID, campaign.Completed, time.Hour)
		}
		order := simulation.Tutorial(r.recipients, min(r.recipients, 1000), 0)
		order["message_string"] = cmp.Or(r.text, "Hello, World!")
		created := w.Create(order)
		w.UntilStored(created.ID, campaign.Completed, time.Hour)
		ticks.Store(false)
		meter.Begin()
		r.say(w)
		w.UntilQuiet()
		meter.Stop()
		var want simulation.Returns
		switch r.says {
		case "":
			want.Delivered = r.recipients
		case "STOP":
			want.OptedOut = r.recipients
		default:
			want.Replies.Total, want.Replies.Open = r.recipients, r.recipients
		}
		got := w.Get(created.ID).Returns
		got.Replies.OldestOpenAt = nil
		if got != want {
			t.Errorf("%s: counted are %+v, want %+v", r.name, got, want)
		}
		w.CheckReturns(created.ID)
	})
	return meter
}

// say has everybody say it, at the rate.
func (r returning) say(w *simulation.World) {
	if r.says == "" {
		return
	}
	for _, person := range simulation.Recipients(r.recipients) {
		w.Say(strings.TrimPrefix(person, "+"), ourNumber, r.says)
		time.Sleep(time.Second / time.Duration(r.rate))
	}
}

// returnsVariable has the numbers of receipts and of replies.
const returnsVariable = "SLUICE_RETURNS"

// enough receipts cost, each, what more do.
const enough = 2000

// A few, or, as make bench-returns asks for it, as many receipts and replies as SLUICE_RETURNS says, also by the settings
// that can be chosen from.
func TestWhatComesBackCostsNoMoreThanItDid(t *testing.T) {
	t.Parallel()
	known, heard, isAsked := 200, 40, false
	if list := os.Getenv(returnsVariable); list != "" {
		sizes := numbers(t, list)
		if len(sizes) != 2 {
			t.Fatalf("%s is %q: it must be two numbers, of receipts and of replies", returnsVariable, list)
		}
		known, heard, isAsked = sizes[0], sizes[1], true
	}
	b := newReturnsBill(t, "one event")
	receipts, replies := kinds()
	for i, c := range append(receipts, replies...) {
		n := known
		switch {
		case c.says != "":
			n = heard
		case i > 0:
			n = min(known, enough)
		}
		got := b.add(t, returning{coming: c, recipients: n, rate: usual})
		if over := got.over(c.today); over != "" {
			t.Errorf("%s costs more than it did: %s", c.name, over)
		}
	}
	b.leasts()
	b.naives(t, known, heard)
	b.print(`What a webhook costs on AWS, of a million (us-east-1, on demand, no free tier). All that functions do for it is in it, to the
confirmation of a STOP. A run takes %v for each call of AWS, and a transaction %v more, in which it gets in the way of others: refused
are those that found one in their way, of all. No time for the code itself, no cold start, no empty receives. Every message that comes
alone is received alone, which is right at 30/s; in a flood Lambda receives up to ten at once, which takes $0.45 off.
least: HTTP request, a run of 1 ms, one message, received and deleted by tens, one write unit; in a transaction, which keeps the
counters equal to the rows, two. naive: no queue, the webhook writes row and counter; whose reply it is, each text that is sent
writes down, here for one reply to five texts.
`)
	if isAsked {
		chooseTrigger(t, receipts[0], min(known, enough))
	}
}

// chooseTrigger prints what the recorder's settings cost. 1/1 is what 10 without a window are where events come one by one.
// Replies are not recorded together, so that these settings make next to no difference to them.
func chooseTrigger(t *testing.T, receipt coming, n int) {
	t.Helper()
	b := newReturnsBill(t, "by the recorder's batch size/window in seconds/concurrency")
	for _, s := range []trigger{{1, 1, 2}, {10, 1, 2}, {90, 1, 2}, {100, 1, 2}, {100, 1, 5}, {500, 2, 2}, {1000, 5, 2}} {
		for _, rate := range []int{usual, fast} {
			b.add(t, returning{coming: receipt, trigger: s, recipients: n, rate: rate})
		}
	}
	b.print("")
}

// returnsBill is the table.
type returnsBill struct {
	text  strings.Builder
	table *tabwriter.Writer
	t     *testing.T
}

func newReturnsBill(t *testing.T, title string) *returnsBill {
	t.Helper()
	b := &returnsBill{t: t}
	b.table = tabwriter.NewWriter(&b.text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(b.table, "%s\trecorder\tat\tHTTP\tSQS\truns\tGB-s\tWRU\tRRU\trefused\tDynamoDB\tLambda\tothers\tsum\t\n", title)
	return b
}

func (b *returnsBill) add(t *testing.T, r returning) costs {
	t.Helper()
	r.contention = &contention{takes: awsLatency}
	m := r.run(t)
	refused := 100 * float64(r.contention.counts.refused) / float64(max(1, r.contention.counts.transactions))
	if os.Getenv("SLUICE_COST_DETAIL") != "" {
		fmt.Fprintf(t.Output(), "%s, %s, %d/s\n", r.name, r.trigger, r.rate)
		m.Detail(t.Output(), r.recipients*r.events)
	}
	return b.row(fmt.Sprintf("%s\t%s\t%d/s", r.name, r.trigger, r.rate), m.Bill(), float64(r.recipients*r.events), fmt.Sprintf("%.1f %%", refused))
}

// row is of a bill for n events.
func (b *returnsBill) row(name string, bill simulation.Bill, n float64, refused string) costs {
	dynamodb, lambda, sum := bill.DynamoDB()/n*1e6, bill.Lambda()/n*1e6, bill.Dollars()/n*1e6
	fmt.Fprintf(b.table, "%s\t%.2f\t%.2f\t%.3f\t%.5f\t%.2f\t%.2f\t%s\t$%.2f\t$%.2f\t$%.2f\t$%.2f\t\n", name, float64(bill.HTTP)/n,
		float64(bill.SQS)/n, float64(bill.Invocations)/n, bill.GBSeconds/n, bill.Write/n, bill.Read/n, refused,
		dynamodb, lambda, sum-dynamodb-lambda, sum)
	return costs{write: bill.Write / n, read: bill.Read / n, dollars: sum}
}

// leasts are the services' prices for as little as can be asked of them.
func (b *returnsBill) leasts() {
	const n, tens, memory, milliseconds = 1000, 10, 0.25, 0.001
	least := simulation.Bill{HTTP: n, Invocations: n, GBSeconds: n * memory * milliseconds, SQS: n + n/tens + n/tens, Write: n}
	b.row("the least\t\t", least, n, "")
	least.Write *= 2
	b.row("the least, in a transaction\t\t", least, n, "")
}

// naives are what the naive design costs.
func (b *returnsBill) naives(t *testing.T, receipts, replies int) {
	t.Helper()
	const textsPerReply = 5
	for _, together := range []bool{false, true} {
		name := "naive: "
		if together {
			name = "naive, in a transaction: "
		}
		b.row(name+"a receipt\t\t", naively(t, "receipt", receipts, together).Bill(), float64(receipts), "")
		bill, text := naively(t, "reply", replies, together).Bill(), naively(t, "text", replies, together).Bill()
		bill.Write += textsPerReply * text.Write
		b.row(name+"a reply\t\t", bill, float64(replies), "")
	}
}

func (b *returnsBill) print(legend string) {
	_ = b.table.Flush() // into memory
	if legend != "" {
		legend = fmt.Sprintf(legend, awsLatency, awsLatency)
	}
	fmt.Fprintln(b.t.Output(), b.text.String()+legend)
}
