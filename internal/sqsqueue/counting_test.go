package sqsqueue_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"sluice/internal/sqsqueue"
)

// counting is an SQS that counts calls and bytes, and fails the first attempt of some entries.
type counting struct {
	fails  func(text string, attempt int) bool
	tries  map[string]int
	groups map[string]string
	calls  []string // operation and entries of each
	delays map[string]int32
}

type sent struct {
	ID             string `json:"Id"`
	MessageBody    string
	DelaySeconds   int32
	MessageGroupID string `json:"MessageGroupId"`
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	var in struct {
		sent
		Entries []sent
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	c.calls = append(c.calls, operation+" "+strconv.Itoa(len(in.Entries)))
	answer := map[string]any{"MessageId": "m"}
	if len(in.Entries) > 0 {
		answer = map[string]any{}
	} else {
		in.Entries = []sent{in.sent}
	}
	var successful, failed []map[string]any
	for _, entry := range in.Entries {
		e, err := sqsqueue.DecodeEvent(entry.MessageBody)
		if err != nil {
			return nil, err
		}
		id := ""
		if e.Receipt != nil {
			id = e.Receipt.MessageID
		} else {
			id = e.Inbound.MessageID
		}
		c.tries[id]++
		if c.fails(id, c.tries[id]) {
			failed = append(failed, map[string]any{"Id": entry.ID, "Code": "InternalError"})
			continue
		}
		c.groups[id], c.delays[id] = entry.MessageGroupID, entry.DelaySeconds
		successful = append(successful, map[string]any{"Id": entry.ID, "MessageId": "m"})
	}
	answer["Successful"], answer["Failed"] = successful, failed
	body, err := json.Marshal(answer)
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body: io.NopCloser(strings.NewReader(string(body))), Request: r,
	}, err
}

func newCounting(fails func(id string, attempt int) bool) (*counting, *sqsqueue.Events) {
	c := &counting{fails: fails, tries: map[string]int{}, groups: map[string]string{}, delays: map[string]int32{}}
	return c, sqsqueue.NewEvents(clientAt(baseURL, c), baseURL+"/000000000000/events")
}

// keeping is an SQS that keeps the body of each SendMessage.
type keeping struct{ bodies *[]string }

func (k keeping) RoundTrip(r *http.Request) (*http.Response, error) {
	var in struct{ MessageBody string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	*k.bodies = append(*k.bodies, in.MessageBody)
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body: io.NopCloser(strings.NewReader(`{"MessageId":"m"}`)), Request: r,
	}, nil
}
