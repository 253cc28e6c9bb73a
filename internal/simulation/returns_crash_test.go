package simulation_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// The reference run of what comes back: eight texts of two parts, one of them without an answer from Vonage; receipts of
// all fates, twice each; a reply, a long one, a STOP and a call for help; an answer.
const (
	backList = 8
	backText = "The dentist has moved your appointment to Thursday at nine. Answer with Y if that suits you, with another day " +
		"if it does not, or call us. We look forward to seeing you."
)

func backOptions(faults ...simulation.Fault) simulation.Options {
	return simulation.Options{
		Vonage: vonagetest.Config{Latency: 200 * time.Millisecond, Returns: vonagetest.Returns{
			Delivered: .75, Failed: .19, OptedOut: .06, Buffered: .4, Copies: 2, Early: .2,
			Delay: vonagetest.Curve{Median: 2 * time.Second, P95: 4 * time.Second}, Jitter: 2 * time.Second,
		}},
		Faults: faults,
	}
}

// back is what a run ended with.
type back struct {
	campaign simulation.Campaign
	stopped  string // who said STOP
	optedOut int    // who had opted out at the provider
	// sendersDied: some texts may not have left.
	sendersDied bool
}

// backRun lets it all happen, and waits until it is quiet. Clients do not give up.
func backRun(t *testing.T, w *simulation.World) back {
	t.Helper()
	if err := w.Vonage.Inject(vonagetest.Fault{Kind: vonagetest.FaultDropAfter, Skip: 2, Times: 1}); err != nil {
		t.Fatal(err)
	}
	body := simulation.Tutorial(backList, backList, 1)
	body["message_string"] = backText
	status, answer := w.Insist(http.MethodPost, "/campaigns", body, "Idempotency-Key", "back")
	if status >= 300 {
		t.Fatalf("%d: %s", status, answer)
	}
	id := simulation.Decode[simulation.Campaign](w, answer).ID
	w.UntilStored(id, campaign.Completed, 3*time.Hour)
	time.Sleep(20 * time.Second)
	people, optedOut := willing(w)
	w.Say(people[0], ourNumber, "Y")
	w.Say(people[1], ourNumber, strings.Repeat("On Thursdays I cannot come before ten. ", 5))
	w.Say(people[2], ourNumber, "stop")
	time.Sleep(7 * time.Second)
	w.Say(people[3], ourNumber, "HELP")
	w.UntilQuiet()
	for range 20 { // an event that failed comes back after eleven minutes
		open := w.OpenReplies(id)
		if len(open) == 2 {
			answerReply(t, w, open[0].ID)
			break
		}
		time.Sleep(2 * time.Minute)
	}
	time.Sleep(20 * time.Minute) // what was put back or failed comes again after a quarter of an hour at most
	status, answer = w.Insist(http.MethodGet, "/campaigns/"+id, nil)
	if status != http.StatusOK {
		t.Fatalf("%d: %s", status, answer)
	}
	return back{campaign: simulation.Decode[simulation.Campaign](w, answer), stopped: people[2], optedOut: optedOut}
}

// willing are the recipients who have not opted out at the provider, and how many have.
func willing(w *simulation.World) ([]string, int) {
	out := make(map[string]bool)
	for _, h := range w.Vonage.Webhooks() {
		if h.Code == "9" {
			out[h.Number] = true
		}
	}
	var people []string
	for _, number := range simulation.Recipients(backList) {
		if number = strings.TrimPrefix(number, "+"); !out[number] {
			people = append(people, number)
		}
	}
	return people, len(out)
}

// answerReply answers as somebody does who is not sure whether it went through: then it is answered already.
func answerReply(t *testing.T, w *simulation.World, id string) {
	t.Helper()
	status, answer := w.Insist(http.MethodPost, "/replies/"+id+"/answer", simulation.JSON{"text": "See you on Thursday."})
	if status != http.StatusAccepted && status != http.StatusConflict {
		t.Errorf("answer: %d: %s", status, answer)
	}
}

// holds checks a run. unsure is how many single texts may be unknown, or not have been sent.
func (b back) holds(t *testing.T, w *simulation.World, unsure int) {
	t.Helper()
	w.Check(b.campaign.ID)
	w.CheckReturns(b.campaign.ID)
	n := b.campaign.Returns
	if c := b.campaign.Counts; c.Accepted != backList && (!b.sendersDied || c.Accepted+c.Unknown != backList) {
		t.Errorf("ended with %+v", c)
	}
	if n.Replies.Total != 2 || n.Replies.Answered != 1 || n.Replies.Open != 1 || n.OptedOut != 1+b.optedOut {
		t.Errorf("what came back: %+v", n)
	}
	for _, r := range w.Replies(b.campaign.ID) {
		if r.Incomplete || r.Text == "" {
			t.Errorf("reply %s is not whole", r.ID)
		}
	}
	confirmations := len(to(w, b.stopped)) - 1
	answers, helps := 0, 0
	for _, e := range w.Vonage.Ledger() {
		switch {
		case !e.Accepted():
		case e.Text == "See you on Thursday.":
			answers++
		case strings.HasPrefix(e.ClientRef, "H"):
			helps++
		}
	}
	for what, sent := range map[string]int{"confirmations": confirmations, "answers": answers, "help texts": helps} {
		if sent > 1 || sent == 0 && unsure == 0 {
			t.Errorf("%d %s were sent", sent, what)
		}
	}
	if status, answer := w.Insist(http.MethodGet, "/suppressions/"+b.stopped, nil); status != http.StatusOK {
		t.Errorf("who said STOP is not on the list: %d: %s", status, answer)
	}
}

func backCalls(t *testing.T, functions ...string) []simulation.RemoteCall {
	t.Helper()
	var calls []simulation.RemoteCall
	simulation.RunAlone(t, backOptions(), func(w *simulation.World) {
		b := backRun(t, w)
		for _, c := range w.Calls() {
			// All calls of the webhook are alike.
			if slices.Contains(functions, c.Function) && (c.Function != "webhook" || c.N <= 5) {
				calls = append(calls, c)
			}
		}
		b.holds(t, w, 0)
	})
	slices.SortStableFunc(calls, func(a, b simulation.RemoteCall) int { return cmp.Compare(a.Function, b.Function) })
	return calls
}

// Every remote call of webhook, recorder and courier: killed there, at every other one before it took effect and at the
// others after. With SLUICE_MATRIX=all, killed at each before and after, and failed.
func TestCrashMatrixOfTheReturns(t *testing.T) {
	calls := backCalls(t, "webhook", "recorder", "courier")
	all := &tally{}
	t.Run("every call", func(t *testing.T) {
		for i, call := range calls {
			modes := []simulation.Mode{simulation.KillBefore, simulation.KillAfter, simulation.FailBefore, simulation.LoseAnswer}
			if !wholeMatrix() {
				modes = modes[i%2 : i%2+1]
			}
			for _, mode := range modes {
				fault := simulation.Fault{Call: call, Mode: mode}
				t.Run(fmt.Sprintf("%04d %s", i, fault), func(t *testing.T) { comesBack(t, all, fault) })
			}
		}
	})
	all.reportOf(t, "crash matrix of the returns", .75)
	if all.runs < 60 {
		t.Errorf("%d runs of %d calls", all.runs, len(calls))
	}
}

// wholeMatrix says whether there is time for everything: `make matrix`.
func wholeMatrix() bool { return os.Getenv("SLUICE_MATRIX") == "all" }

func comesBack(t *testing.T, all *tally, faults ...simulation.Fault) {
	simulation.Run(t, backOptions(faults...), func(w *simulation.World) {
		b := backRun(t, w)
		unsure := len(faults) - 1 // after several, a confirmation may be too late to be sent
		for _, f := range faults {
			if f.Call.Function == "courier" {
				unsure++
			}
			b.sendersDied = b.sendersDied || f.Call.Function == "sender"
		}
		b.holds(t, w, unsure)
		all.add(w, b.campaign)
	})
}

// Two to four faults in one run, at calls drawn by a seed, the sender's among them.
func TestReturnsInARoughWorld(t *testing.T) {
	calls := backCalls(t, "webhook", "recorder", "courier", "sender", "dispatcher")
	all := &tally{}
	t.Run("seeds", func(t *testing.T) {
		seeds := 8
		if wholeMatrix() {
			seeds = 100
		}
		for seed := range seeds {
			draw := rand.New(rand.NewPCG(uint64(seed), 1))
			var faults []simulation.Fault
			for range 2 + draw.IntN(3) {
				faults = append(faults, simulation.Fault{
					Call: calls[draw.IntN(len(calls))], Mode: simulation.Modes()[draw.IntN(len(simulation.Modes()))],
				})
			}
			t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { comesBack(t, all, faults...) })
		}
	})
	all.reportOf(t, "returns in a rough world", .75)
}
