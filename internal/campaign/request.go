package campaign

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sluice/internal/sms"
)

// Request asks for a campaign, as a client words it. DelaySeconds is from the start of one batch to the start of the
// next. MaxRate is zero for as fast as the account may send, StartAt for "at launch".
type Request struct {
	Name         string
	Sender       string
	Recipients   []string
	Text         string
	BatchSize    int
	DelaySeconds int
	MaxRate      float64
	StartAt      time.Time
}

// Order is a request that was found good: the campaign to be, and its list without duplicates.
type Order struct {
	campaign Campaign
	list     []sms.Number
}

// Check turns a request into an order, or says everything that is wrong with it.
func (q Request) Check(now time.Time) (Order, []Problem) {
	var problems []Problem
	refuse := func(wrong bool, field, reason string) {
		if wrong {
			problems = append(problems, Problem{Field: field, Reason: reason})
		}
	}
	sender, err := sms.ParseSender(q.Sender)
	if err != nil {
		refuse(true, "sender", err.Error())
	}
	refuse(utf8.RuneCountInString(q.Name) > MaxName, "name", atMost(MaxName, "characters"))
	refuse(strings.TrimSpace(q.Text) == "", "message_string", "must not be empty")
	refuse(utf8.RuneCountInString(q.Text) > MaxText, "message_string", atMost(MaxText, "characters"))
	_, faulty := PaceRequest{BatchSize: &q.BatchSize, DelaySeconds: &q.DelaySeconds, MaxRate: &q.MaxRate}.Check()
	problems = append(problems, faulty...)
	refuse(!q.StartAt.IsZero() && q.StartAt.Before(now.Add(-startLeeway)), "start_at", "is in the past")
	refuse(q.StartAt.After(now.Add(MaxStart)), "start_at", "is more than a year ahead")
	list, faulty := checkList(q.Recipients)
	problems = append(problems, faulty...)
	if len(problems) > 0 {
		return Order{}, problems
	}
	return Order{list: list, campaign: Campaign{
		Name: q.Name, Sender: sender, Text: q.Text, BatchSize: q.BatchSize,
		Delay: time.Duration(q.DelaySeconds) * time.Second, MaxRate: q.MaxRate, StartAt: q.StartAt,
		Status: Draft, Recipients: len(list), Duplicates: len(q.Recipients) - len(list), Epoch: 1,
	}}, nil
}

// checkList reads the numbers and leaves out those that were there before.
func checkList(rows []string) ([]sms.Number, []Problem) {
	if len(rows) == 0 {
		return nil, []Problem{{Field: "recipients", Reason: "must not be empty"}}
	}
	if len(rows) > MaxRows {
		return nil, []Problem{{Field: "recipients", Reason: atMost(MaxRows, "rows in one request")}}
	}
	var problems []Problem
	list := make([]sms.Number, 0, len(rows))
	seen := make(map[sms.Number]struct{}, len(rows))
	for i, row := range rows {
		n, err := sms.ParseNumber(row)
		if err != nil {
			problems = append(problems, Problem{Field: "recipients", Row: i + 1, Reason: err.Error()})
			continue
		}
		if _, ok := seen[n]; ok {
			continue
		}
		seen[n] = struct{}{}
		list = append(list, n)
	}
	return list, problems
}

func atMost(n int, of string) string { return "must have at most " + strconv.Itoa(n) + " " + of }
