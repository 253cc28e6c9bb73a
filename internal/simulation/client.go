package simulation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/vonage/vonagetest"
)

// JSON is a body.
type JSON = map[string]any

// Campaign is what the API says of one.
type Campaign struct {
	ID         string
	Status     string
	Because    string `json:"paused_because"`
	Recipients int
	Duplicates int
	Counts     struct {
		Accepted, Failed, Skipped, Unknown int
		ToSend                             int `json:"to_send"`
	}
	Batches     struct{ Total, Released, Done, Left int }
	NextBatchAt time.Time `json:"next_batch_at"`
	WaitingFor  struct {
		Reason string
		Until  time.Time
	} `json:"waiting_for"`
	ETA     time.Time
	Returns Returns
}

// Do makes a request with a good key. A nil body is none; a string or bytes are sent as they are, the rest as JSON.
func (w *World) Do(method, path string, body any, headers ...string) (int, []byte) {
	w.t.Helper()
	return w.DoWith(method, path, body, append(w.Key(), headers...)...)
}

// Key is the header that lets a request in.
func (w *World) Key() []string { return []string{"Authorization", "Bearer " + apiKey} }

// Secrets are what nobody may log: the API key and the Vonage account's.
func (w *World) Secrets() []string { return []string{apiKey, vonageKey, vonageWord} }

// DoWith makes a request with just these headers.
func (w *World) DoWith(method, path string, body any, headers ...string) (int, []byte) {
	w.t.Helper()
	a := w.Ask(method, path, body, headers...)
	return a.Status, a.Body
}

// Answer is the answer to a request.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Ask makes a request with just these headers, and returns all of its answer.
func (w *World) Ask(method, path string, body any, headers ...string) Answer {
	w.t.Helper()
	var content []byte
	switch b := body.(type) {
	case nil:
	case string:
		content = []byte(b)
	case []byte:
		content = b
	default:
		var err error
		content, err = json.Marshal(b)
		w.must(err)
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, apiURL+path, bytes.NewReader(content))
	w.must(err)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := w.client.Do(r)
	w.must(err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	w.must(err)
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: answer}
}

// Call makes a request that must be answered with that status, and decodes the answer into T.
func Call[T any](w *World, status int, method, path string, body any, headers ...string) T {
	w.t.Helper()
	got, answer := w.Do(method, path, body, headers...)
	if got != status {
		w.t.Fatalf("%s %s: %d, want %d: %s", method, path, got, status, answer)
	}
	return Decode[T](w, answer)
}

// Insist makes a request, again after a fault of the server's, as clients do, and returns the first other answer.
func (w *World) Insist(method, path string, body any, headers ...string) (int, []byte) {
	w.t.Helper()
	for range 10 {
		if status, answer := w.Do(method, path, body, headers...); status < http.StatusInternalServerError {
			return status, answer
		}
		time.Sleep(time.Second)
	}
	w.t.Fatalf("%s %s: ten faults", method, path)
	panic("unreachable")
}

// insist is Insist on a success.
func insist[T any](w *World, path string) T {
	w.t.Helper()
	status, answer := w.Insist(http.MethodGet, path, nil)
	if status != http.StatusOK {
		w.t.Fatalf("GET %s: %d: %s", path, status, answer)
	}
	return Decode[T](w, answer)
}

// Decode reads an answer.
func Decode[T any](w *World, answer []byte) T {
	w.t.Helper()
	var decoded T
	if err := json.Unmarshal(answer, &decoded); err != nil {
		w.t.Fatalf("%v: %s", err, answer)
	}
	return decoded
}

// Create posts a campaign.
func (w *World) Create(body JSON, headers ...string) Campaign {
	w.t.Helper()
	return Call[Campaign](w, http.StatusCreated, http.MethodPost, "/campaigns", body, headers...)
}

// Get reads a campaign.
func (w *World) Get(id string) Campaign {
	w.t.Helper()
	return Call[Campaign](w, http.StatusOK, http.MethodGet, "/campaigns/"+id, nil)
}

// Act launches, pauses, resumes or cancels.
func (w *World) Act(id, action string) Campaign {
	w.t.Helper()
	return Call[Campaign](w, http.StatusOK, http.MethodPost, "/campaigns/"+id+"/"+action, nil)
}

// Until waits, in virtual time, until the campaign has the status, and returns it.
func (w *World) Until(id, status string, patience time.Duration) Campaign {
	w.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(max(time.Second, patience/200)) {
		c := w.Get(id)
		if c.Status == status {
			return c
		}
		if time.Now().After(end) {
			w.t.Fatalf("campaign is %q after %v, want %q: %+v\n%s", c.Status, patience, status, c, w.Logs())
		}
	}
}

// UntilStored is Until without a call of the API: it asks the table.
func (w *World) UntilStored(id string, status campaign.Status, patience time.Duration) {
	w.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Second) {
		c, err := w.Store.Campaign(w.t.Context(), id)
		w.must(err)
		if c.Status == status {
			return
		}
		if time.Now().After(end) {
			w.t.Fatalf("campaign is %q after %v, want %q: %+v\n%s", c.Status, patience, status, c, w.Logs())
		}
	}
}

// Tutorial is the tutorial's request, for n recipients.
func Tutorial(n, batchSize, delay int) JSON {
	return JSON{
		"sender": "447700900000", "recipients": Recipients(n), "message_string": "Hello, World!",
		"batch_size": batchSize, "delay_period": delay,
	}
}

// Recipients are n different numbers.
func Recipients(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("+4478%08d", i)
	}
	return list
}

// Check holds a campaign that has ended to the promises: nobody twice, nobody lost, counts equal rows.
func (w *World) Check(id string) {
	w.t.Helper()
	c := insist[Campaign](w, "/campaigns/"+id)
	rows := w.rows(id)
	byState := map[string]int{}
	seen := map[string]bool{}
	for _, r := range rows {
		byState[r.Status]++
		if seen[r.Number] {
			w.t.Errorf("%s is listed twice", r.Number)
		}
		seen[r.Number] = true
	}
	want := map[string]int{
		"accepted": c.Counts.Accepted, "failed": c.Counts.Failed, "unknown": c.Counts.Unknown,
		"skipped": c.Counts.Skipped, "pending": c.Counts.ToSend,
	}
	for state, n := range want {
		if byState[state] != n {
			w.t.Errorf("%d recipients are %s by the counts, %d by the rows", n, state, byState[state])
		}
	}
	if len(rows) != c.Recipients {
		w.t.Errorf("%d rows of %d recipients", len(rows), c.Recipients)
	}
	accepted := w.Vonage.Accepted()
	for _, r := range rows {
		n := accepted[vonagetest.Recipient{ClientRef: id, To: r.Number}]
		if n > 1 || n == 0 && r.Status == "accepted" || n == 1 && r.Status != "accepted" && r.Status != "unknown" {
			w.t.Errorf("a recipient who is %s was sent %d texts", r.Status, n)
		}
	}
}

type row struct {
	Number, Status string
	Delivery       struct{ Status, Reason, Code string }
}

func (w *World) rows(id string) []row {
	w.t.Helper()
	var rows []row
	for next := "0"; next != ""; {
		page := insist[struct {
			Messages []row
			Next     string
		}](w, "/campaigns/"+id+"/messages?limit=1000&after="+next)
		rows, next = append(rows, page.Messages...), page.Next
	}
	return rows
}
