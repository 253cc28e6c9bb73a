package simulation_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"sluice/internal/cmd/upload/parts"
	"sluice/internal/recipients"
	"sluice/internal/simulation"
)

// ingestVariable lists how many recipients the lists have that make bench-ingest counts the cost of.
const ingestVariable = "SLUICE_INGEST_RECIPIENTS"

// mostPerBareNumber is how many write units a recipient may take who is nothing but a number, with the launch.
const mostPerBareNumber = 0.1

// ingesting is a list on its way, whose cost is counted.
type ingesting struct {
	recipients int
	personal   bool // two variables
}

// ingested is what the steps cost.
type ingested struct{ upload, preflight, launch simulation.Bill }

// stored is how many write units a recipient took, from the file to what the sender reads.
func (i ingested) stored(n int) float64 { return (i.upload.Write + i.launch.Write) / float64(n) }

// Lists of a few, or, as make bench-ingest asks for it, of as many as SLUICE_INGEST_RECIPIENTS says. SLUICE_COST_DETAIL
// asks where the units go.
func TestStoringARecipientCostsNoMoreThanItDid(t *testing.T) {
	t.Parallel()
	sizes := []int{1000, 4000}
	if list := os.Getenv(ingestVariable); list != "" {
		sizes = listSizes(t, list)
	}
	b := newIngestBill(t)
	for _, personal := range []bool{false, true} {
		least := 0.0
		for _, n := range sizes {
			got := ingesting{n, personal}.run(t)
			b.add(ingesting{n, personal}, got)
			each := got.stored(n)
			if !personal && each > mostPerBareNumber {
				t.Errorf("storing %d bare numbers takes %.4f write units each, the bound is %.2f", n, each, mostPerBareNumber)
			}
			const noise = 1.1
			if least > 0 && each > noise*least {
				t.Errorf("storing one of %d recipients takes %.4f write units, one of fewer %.4f", n, each, least)
			}
			if least == 0 || each < least {
				least = each
			}
		}
	}
	b.naive(t, min(sizes[len(sizes)-1], 10_000))
	b.print()
}

func listSizes(t *testing.T, list string) []int {
	t.Helper()
	var all []int
	for word := range strings.FieldsSeq(list) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || n > recipients.MaxList {
			t.Fatalf("%s: %q must be a number from 1 to %d", ingestVariable, word, recipients.MaxList)
		}
		all = append(all, n)
	}
	return all
}

// run uploads the list in parts, looks at it and launches it. The dispatcher stands still, and nothing is sent.
func (i ingesting) run(t *testing.T) ingested {
	t.Helper()
	var got ingested
	meter := &simulation.Meter{}
	o := simulation.Options{Meter: meter, Tick: func(int) bool { return false }}
	simulation.RunAlone(t, o, func(w *simulation.World) {
		id := w.Create(i.draft()).ID
		step := func(do func()) simulation.Bill {
			meter.Begin()
			do()
			bill := meter.Bill()
			if os.Getenv("SLUICE_COST_DETAIL") != "" {
				meter.Detail(t.Output(), i.recipients)
			}
			return bill
		}
		got.upload = step(func() { i.upload(t, w, id) })
		got.preflight = step(func() {
			found := simulation.Call[struct {
				Recipients struct{ Valid int }
			}](w, http.StatusOK, http.MethodGet, "/campaigns/"+id+"/preflight", nil)
			if found.Recipients.Valid != i.recipients {
				t.Errorf("the preflight finds %d recipients, want %d", found.Recipients.Valid, i.recipients)
			}
		})
		got.launch = step(func() { w.Act(id, "launch") })
		if c := w.Get(id); c.Recipients != i.recipients {
			t.Errorf("the campaign has %d recipients, want %d", c.Recipients, i.recipients)
		}
	})
	return got
}

func (i ingesting) draft() simulation.JSON {
	order := simulation.JSON{
		"sender": ourNumber, "recipients": []string{}, "message_string": "The library is open until eight this evening.",
		"batch_size": 1000, "delay_period": 60, "draft": true, "region": "GB",
		"start_at": time.Now().Add(30 * 24 * time.Hour).UTC().Format(time.RFC3339),
	}
	if i.personal {
		order["message_string"] = "Hello {{first_name|there}}, the library of {{town}} is open until eight this evening."
	}
	return order
}

// upload puts as many rows into a part as make upload does.
func (i ingesting) upload(t *testing.T, w *simulation.World, id string) {
	t.Helper()
	perPart := parts.Usual().Rows
	for from := 0; from < i.recipients; from += perPart {
		to := min(i.recipients, from+perPart)
		part := simulation.Call[struct{ Accepted int }](w, http.StatusOK, http.MethodPut,
			fmt.Sprintf("/campaigns/%s/recipients/%d?first_row=%d", id, from/perPart+1, from+2), i.part(from, to),
			"Content-Type", "text/csv", "Content-Encoding", "gzip")
		if part.Accepted != to-from {
			t.Errorf("%d rows of a part are accepted, want %d", part.Accepted, to-from)
		}
	}
}

// part is CSV, packed.
func (i ingesting) part(from, to int) []byte {
	names := []string{"Ada", "Grace", "José", "Zoë", "François", "Łukasz", "Siân", "O'Neill", "Nguyễn", "Olivia", "Anne-Marie"}
	towns := []string{"Leeds", "Stoke-on-Trent", "Bath", "Aberystwyth", "Kirkby Lonsdale", "London", "Ely"}
	var b bytes.Buffer
	packed := gzip.NewWriter(&b)
	if i.personal {
		fmt.Fprint(packed, "number,first_name,town\n")
	} else {
		fmt.Fprint(packed, "number\n")
	}
	for n := from; n < to; n++ {
		dice := shuffled(uint32(n))
		fmt.Fprint(packed, mobileOf(n))
		if i.personal {
			fmt.Fprintf(packed, ",%s,%s", names[dice%uint32(len(names))], towns[dice/64%uint32(len(towns))])
		}
		fmt.Fprintln(packed)
	}
	_ = packed.Close() // into memory
	return b.Bytes()
}

// mobileOf is another number for each n, in no order, so that they cannot be packed better than people's are: mobile ones by
// the numbering plan of Great Britain.
func mobileOf(n int) string {
	const each = 10_000_000
	ranges := []int{740, 741, 742, 743, 744, 746, 747, 748, 749, 751, 753, 754, 755, 756, 757, 758, 759, 780, 781, 784, 785, 786, 787, 788}
	m := shuffled(uint32(n))
	for m >= uint32(len(ranges)*each) {
		m = shuffled(m)
	}
	return fmt.Sprintf("+44%d%07d", ranges[m/each], m%each)
}

// shuffled maps the numbers of 28 bits onto themselves: it only multiplies by odd numbers and folds.
func shuffled(n uint32) uint32 {
	const mask = 1<<28 - 1
	n = (n ^ n>>15) * 0x2c1b3c6d & mask
	n = (n ^ n>>13) * 0x297a2d39 & mask
	return n ^ n>>14
}

// ingestBill is the table.
type ingestBill struct {
	t     *testing.T
	text  strings.Builder
	table *tabwriter.Writer
}

func newIngestBill(t *testing.T) *ingestBill {
	t.Helper()
	b := &ingestBill{t: t}
	b.table = tabwriter.NewWriter(&b.text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(b.table, "\trecipients\tstep\tWRU each\tRRU each\tcalls of 1,000\tDynamoDB, $ a million\t\n")
	return b
}

func (b *ingestBill) add(i ingesting, got ingested) {
	kind := "bare numbers"
	if i.personal {
		kind = "two variables"
	}
	b.row(kind, "upload", i.recipients, got.upload)
	b.row(kind, "preflight", i.recipients, got.preflight)
	b.row(kind, "launch", i.recipients, got.launch)
}

func (b *ingestBill) naive(t *testing.T, n int) {
	t.Helper()
	meter := &simulation.Meter{}
	simulation.StoreNaively(t, meter, n)
	bill := meter.Bill()
	if each := bill.Write / float64(n); each != 1 {
		t.Errorf("the naive design takes %.4f write units for a recipient, want 1", each)
	}
	b.row("naive: an item each", "store", n, bill)
}

func (b *ingestBill) row(kind, step string, recipients int, bill simulation.Bill) {
	n := float64(recipients)
	fmt.Fprintf(b.table, "%s\t%d\t%s\t%.4f\t%.4f\t%.2f\t%.4f\t\n", kind, recipients, step, bill.Write/n, bill.Read/n,
		float64(bill.Calls)/n*1000, bill.DynamoDB()/n*1e6)
}

func (b *ingestBill) print() {
	_ = b.table.Flush() // into memory
	fmt.Fprintf(b.t.Output(), "What a recipient costs on AWS until the first text is sent (us-east-1, on demand, no free tier); the bound is %.1f WRU "+
		"for a bare number,\nupload and launch together\n%s", mostPerBareNumber, b.text.String())
}
