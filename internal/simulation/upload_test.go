package simulation_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/recipients"
	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

const asCSV = "text/csv"

// draft is the body of a campaign whose recipients are still to come.
func draft(text string, batchSize, delay int) simulation.JSON {
	body := simulation.Tutorial(0, batchSize, delay)
	delete(body, "recipients")
	body["message_string"], body["draft"] = text, true
	return body
}

// upload is a part to be uploaded.
type upload struct {
	part int
	kind string
	body string
}

// put uploads a part as a client does that will not give up, and returns the status and how many rows were accepted.
func (u upload) put(w *simulation.World, id string) (status, accepted int) {
	status, answer := w.Insist(http.MethodPut, fmt.Sprintf("/campaigns/%s/recipients/%d", id, u.part), u.body, "Content-Type", u.kind)
	if status == http.StatusOK {
		accepted = simulation.Decode[struct{ Accepted int }](w, answer).Accepted
	}
	return status, accepted
}

// file is a table of the i-th to the j-th of simulation.Recipients.
func file(i, j int) string {
	return "number\n" + strings.Join(simulation.Recipients(j)[i:], "\n") + "\n"
}

// texts are the texts that were taken, by number; one for each.
func texts(t *testing.T, ledger []vonagetest.Entry, id string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	for _, e := range ledger {
		if e.ClientRef != id || !e.Accepted() {
			continue
		}
		if _, twice := found[e.To]; twice {
			t.Errorf("somebody was sent two texts")
		}
		found[e.To] = e.Text
	}
	return found
}

func TestAListInPartsIsSentToEachWithTheirOwnText(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		body := draft(`Hi {{first_name|there}}, {{ Code }} is your code. \{{`, 2, 60)
		body["region"] = "GB"
		c := w.Create(body)
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = z.Write([]byte("\ufeffCODE;Mobile;First Name\r\n11;07700 900001;Ada\r\n12;07700 900002;\r\n;07700 900003;Grace\r\n13;zebra;Alan\r\n"))
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		// In any order: the first in the list is who stands in the part with the lowest number.
		path := "/campaigns/" + c.ID + "/recipients/"
		type part struct{ Accepted, Refused, Duplicates int }
		for _, u := range []struct {
			path, body string
			headers    []string
			want       part
		}{
			{path + "7", `[{"number":"+447700900001","vars":{"first_name":"not Ada","code":"71"}},{"number":"+33 6 12 34 56 78","vars":{"first_name":"Zoë 🎉","code":"72"}}]`, nil, part{2, 0, 0}},
			{path + "3?columns=number:Tel.,first_name:Vorname", "Vorname,Tel.,code,x\nEve,447700900004,31,\nEve again,447700900004,32,\nNobody,447700900002,33,\n",
				[]string{"Content-Type", asCSV}, part{2, 0, 1}},
			{path + "0", packed.String(), []string{"Content-Type", asCSV, "Content-Encoding", "gzip"}, part{2, 2, 0}},
		} {
			if got := simulation.Call[part](w, http.StatusOK, http.MethodPut, u.path, u.body, u.headers...); got != u.want {
				t.Errorf("%s: %+v, want %+v", u.path, got, u.want)
			}
		}
		if c = w.Act(c.ID, "launch"); c.Recipients != 4 || c.Duplicates != 3 {
			t.Errorf("launched %+v", c)
		}
		if c = w.Until(c.ID, "completed", time.Hour); c.Counts.Accepted != 4 {
			t.Errorf("ended %+v", c)
		}
		w.Check(c.ID)
		want := map[string]string{
			"447700900001": "Hi Ada, 11 is your code. {{", "447700900002": "Hi there, 12 is your code. {{",
			"447700900004": "Hi Eve, 31 is your code. {{", "33612345678": "Hi Zoë 🎉, 72 is your code. {{",
		}
		got := texts(t, w.Vonage.Ledger(), c.ID)
		for to, text := range want {
			if got[to] != text {
				t.Errorf("sent %q, want %q", got[to], text)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d texts, want %d", len(got), len(want))
		}
		for _, secret := range []string{"7009000", "Ada", "Zoë", "zebra", "is your code"} {
			if strings.Contains(w.Logs(), secret) {
				t.Errorf("%q is in the logs", secret)
			}
		}
	})
}

// Five senders at a time, every number in three parts, and every batch due at once: one text each.
func TestWhoStandsInTwoPartsIsNotInTwoBatches(t *testing.T) {
	o := simulation.Options{
		Parameters: map[string]string{"AccountRate": "200", "SenderConcurrency": "5"},
		Vonage:     vonagetest.Config{Rate: -1, Latency: time.Second},
	}
	simulation.Run(t, o, func(w *simulation.World) {
		const n = 2400 // pages that are not full, and more than one of a part
		c := w.Create(draft("Hello!", 60, 0))
		for part, at := range []int{0, n / 2, 0, n / 4, 17} {
			status, accepted := upload{part, asCSV, file(at, min(n, at+n/2))}.put(w, c.ID)
			if status != http.StatusOK || accepted != min(n, at+n/2)-at {
				t.Errorf("part %d: %d, %d accepted", part, status, accepted)
			}
		}
		c = w.Act(c.ID, "launch")
		if c.Recipients != n || c.Duplicates != 3*n/2 || c.Batches.Total != n/60 {
			t.Errorf("launched %+v", c)
		}
		list := recipients.List{Campaign: c.ID, Indexed: true}
		all, err := w.Store.Recipients(context.Background(), list, 0, n, n)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(all, func(a, b recipients.Recipient) int { return strings.Compare(a.Number.Digits(), b.Number.Digits()) })
		for i, number := range simulation.Recipients(n) {
			if "+"+all[i].Number.Digits() != number {
				t.Fatalf("the list lacks somebody, or has somebody twice, about the %d-th", i)
			}
		}
		if c = w.Until(c.ID, "completed", time.Hour); c.Counts.Accepted != n || len(texts(t, w.Vonage.Ledger(), c.ID)) != n {
			t.Errorf("ended %+v", c)
		}
		w.Check(c.ID)
		if most := together(w, c.ID); most < 4 {
			t.Errorf("at most %d batches were sent at the same moment: that shows nothing", most)
		}
	})
}

// together is how many batches were being sent at the same moment, at most.
func together(w *simulation.World, id string) int {
	type batch struct {
		StartedAt time.Time `json:"started_at"`
		EndedAt   time.Time `json:"ended_at"`
	}
	batches := simulation.Call[struct{ Batches []batch }](w, http.StatusOK, http.MethodGet, "/campaigns/"+id+"/batches?limit=1000", nil).Batches
	most := 0
	for _, a := range batches {
		n := 0
		for _, b := range batches {
			if !b.StartedAt.After(a.StartedAt) && b.EndedAt.After(a.StartedAt) {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// A list of several pages, where the table refuses every third call, or takes only half of what it is given.
func TestAListIsWholeWhereTheTableIsBusy(t *testing.T) {
	for name, cloud := range map[string]func(http.Handler) http.Handler{
		"every third call is throttled": simulation.Throttling(3), "writes are done by halves": simulation.PartialBatches,
	} {
		t.Run(name, func(t *testing.T) {
			o := simulation.Options{Parameters: map[string]string{"AccountRate": "1000"}, Vonage: vonagetest.Config{Rate: -1}, Cloud: cloud}
			simulation.Run(t, o, func(w *simulation.World) {
				const n = 3000
				c := w.Create(draft("Hello!", n, 0))
				for part := range 2 {
					upload{part, asCSV, file(part*1200, part*1200+1800) + strings.Repeat("zebra\n", 1100)}.put(w, c.ID)
				}
				status, answer := w.Insist(http.MethodPost, "/campaigns/"+c.ID+"/launch", nil)
				if c = simulation.Decode[simulation.Campaign](w, answer); status != http.StatusOK || c.Recipients != n || c.Duplicates != 600 {
					t.Errorf("%d %s", status, answer)
				}
				w.UntilStored(c.ID, campaign.Completed, time.Hour)
				w.Check(c.ID)
				_, answer = w.Insist(http.MethodGet, "/campaigns/"+c.ID, nil)
				c = simulation.Decode[simulation.Campaign](w, answer)
				if got := len(texts(t, w.Vonage.Ledger(), c.ID)); got > n || got < n-c.Counts.Unknown || c.Counts.ToSend > 0 {
					t.Errorf("%d texts, and %+v", got, c.Counts)
				}
			})
		})
	}
}

// A part that is uploaded while the campaign is launched is in the list, or refused: never neither, and never both.
func TestAnUploadRacesWithTheLaunch(t *testing.T) {
	var mu sync.Mutex
	taken, late := 0, 0
	t.Run("seeds", func(t *testing.T) {
		for seed := range uint64(60) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				simulation.Run(t, simulation.Options{Cloud: jittery(seed)}, func(w *simulation.World) {
					status, c := race(t, w, time.Duration(seed)*4*time.Millisecond)
					mu.Lock()
					defer mu.Unlock()
					want := 20
					switch status {
					case http.StatusOK:
						taken, want = taken+1, 30
					case http.StatusConflict:
						late++
					default:
						t.Errorf("the upload is answered %d", status)
					}
					w.UntilStored(c.ID, campaign.Completed, time.Hour)
					w.Check(c.ID)
					if got := len(texts(t, w.Vonage.Ledger(), c.ID)); c.Recipients != want || got != want {
						t.Errorf("%d recipients, %d texts, and the upload is answered %d", c.Recipients, got, status)
					}
				})
			})
		}
	})
	t.Logf("of %d uploads, %d are in the list, %d came late", taken+late, taken, late)
	if taken < 5 || late < 5 {
		t.Error("they did not race")
	}
}

// race launches a campaign of twenty. That far behind, ten more are uploaded, in a part that is there already. It returns the
// answer to the upload, and the campaign.
func race(t *testing.T, w *simulation.World, head time.Duration) (status int, c simulation.Campaign) {
	c = w.Create(draft("Hello!", 30, 0))
	upload{0, asCSV, file(0, 19)}.put(w, c.ID)
	upload{1, asCSV, file(19, 20)}.put(w, c.ID)
	var both sync.WaitGroup
	both.Go(func() {
		time.Sleep(head)
		status, _ = upload{1, asCSV, file(19, 30)}.put(w, c.ID)
	})
	both.Go(func() {
		for range 20 {
			got, answer := w.Insist(http.MethodPost, "/campaigns/"+c.ID+"/launch", nil)
			if got == http.StatusOK {
				c = simulation.Decode[simulation.Campaign](w, answer)
				return
			}
			if got != http.StatusConflict {
				t.Errorf("launch: %d %s", got, answer)
			}
		}
		t.Error("it is not launched")
	})
	both.Wait()
	return status, c
}

// jittery makes every call of the cloud take up to 60 ms.
func jittery(seed uint64) func(http.Handler) http.Handler {
	draw := newDraw(seed)
	var mu sync.Mutex
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			wait := time.Duration(draw.IntN(60_000)) * time.Microsecond
			mu.Unlock()
			time.Sleep(wait)
			next.ServeHTTP(w, r)
		})
	}
}
