package campaign

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// Request asks for a campaign, as a client words it. DelaySeconds is from the start of one batch to the start of the
// next. MaxRate is zero for as fast as the account may send, StartAt for "at launch". A draft may have no recipients.
type Request struct {
	Name         string
	Sender       string
	Region       string
	Recipients   []Row
	Text         string
	BatchSize    int
	DelaySeconds int
	MaxRate      float64
	StartAt      time.Time
	Draft        bool
}

// Row is one recipient, as a client words it, with what fills the variables of the text, by their names as recipients.Fold
// makes them.
type Row struct {
	Number string
	Vars   map[string]string
}

// Order is a request that was found good: the campaign to be, and its list.
type Order struct {
	campaign Campaign
	upload   recipients.Upload
}

// Campaign is the campaign to be: it has no id yet.
func (o Order) Campaign() Campaign { return o.campaign }

// Upload is its list, without those who stood in it before.
func (o Order) Upload() recipients.Upload { return o.upload }

// Check turns a request into an order, or says everything that is wrong with it.
func (q Request) Check(numbers recipients.Numbering, now time.Time) (Order, []Problem) {
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
	region := strings.ToUpper(q.Region)
	isRegion := region == "" || numbers.Knows(region)
	refuse(!isRegion, "region", "must be a country's code of two letters, such as GB")
	refuse(utf8.RuneCountInString(q.Name) > MaxName, "name", atMost(MaxName, "characters"))
	refuse(strings.TrimSpace(q.Text) == "", "message_string", "must not be empty")
	refuse(utf8.RuneCountInString(q.Text) > MaxText, "message_string", atMost(MaxText, "characters"))
	text, err := sms.ParseTemplate(q.Text)
	if err != nil {
		refuse(true, "message_string", err.Error())
	}
	refuse(foldAlike(text.Variables()), "message_string", "has two variables of nearly the same name: letters and digits must tell them apart")
	_, faulty := PaceRequest{BatchSize: &q.BatchSize, DelaySeconds: &q.DelaySeconds, MaxRate: &q.MaxRate}.Check()
	problems = append(problems, faulty...)
	refuse(!q.StartAt.IsZero() && q.StartAt.Before(now.Add(-startLeeway)), "start_at", "is in the past")
	refuse(q.StartAt.After(now.Add(MaxStart)), "start_at", "is more than a year ahead")
	refuse(len(q.Recipients) == 0 && !q.Draft, "recipients", "must not be empty")
	refuse(len(q.Recipients) > MaxRows, "recipients", atMost(MaxRows, "rows in one request"))
	if len(q.Recipients) > MaxRows || !isRegion { // without its region, no row can be read
		return Order{}, problems
	}
	b := recipients.NewBuilder(numbers, region, text)
	q.fill(b, text)
	for _, r := range b.Refused() {
		problems = append(problems, Problem{Field: "recipients", Row: r.At, Reason: r.Reason})
	}
	if len(problems) > 0 {
		return Order{}, problems
	}
	o := Order{upload: b.Upload(0, digestOfOrder, now), campaign: Campaign{
		Name: q.Name, Sender: sender, Text: q.Text, BatchSize: q.BatchSize, Region: region,
		Delay: time.Duration(q.DelaySeconds) * time.Second, MaxRate: q.MaxRate, StartAt: q.StartAt, Status: Draft, Epoch: 1,
	}}
	part := &o.upload.Part
	o.campaign.Recipients, o.campaign.Duplicates, o.campaign.Segments = part.Accepted, part.Repeated, part.Segments
	if !q.Draft {
		part.Digest, o.campaign.Indexed = "", !part.Even()
	}
	return o, nil
}

// digestOfOrder is the digest of the part that came with its campaign: whatever is uploaded has another.
const digestOfOrder = "campaign"

// foldAlike says whether two variables would be filled by the same column.
func foldAlike(variables []string) bool {
	folded := make(map[string]bool)
	for _, name := range variables {
		folded[recipients.Fold(name)] = true
	}
	return len(folded) < len(variables)
}

// fill reads the rows. What is wrong with the text is said of the text.
func (q Request) fill(b *recipients.Builder, text sms.Template) {
	variables := text.Variables()
	for i, row := range q.Recipients {
		var values []string
		if len(variables) > 0 {
			values = make([]string, len(variables))
			for j, name := range variables {
				values[j] = row.Vars[recipients.Fold(name)]
			}
		}
		b.Add(recipients.Row{At: i + 1, Number: row.Number, Values: values})
	}
}

func atMost(n int, of string) string { return "must have at most " + strconv.Itoa(n) + " " + of }
