package oneoff

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sluice/internal/campaign"
	"sluice/internal/sms"
)

// MaxTests is how many people a test is sent to.
const MaxTests = 5

// ErrNoTest: there is no such test of that campaign.
var ErrNoTest = errors.New("no such test")

// RefusedError is all that is wrong with what a client asked for.
type RefusedError struct{ Problems []campaign.Problem }

func (e RefusedError) Error() string { return fmt.Sprintf("refused for %d reasons", len(e.Problems)) }

// Campaigns knows the campaigns (campaign.Manager). Campaign returns campaign.ErrNotFound for an unknown id.
type Campaigns interface {
	Campaign(ctx context.Context, id string) (campaign.Campaign, error)
}

// TestStore is where tests are put before they are queued. It may be called concurrently.
type TestStore interface {
	OneOff(ctx context.Context, id string) (Text, error)
	// AddOneOffs stores new texts, all or none. campaign.ErrConflict where one of them is there already.
	AddOneOffs(ctx context.Context, texts []Text) error
}

// Tests sends a campaign's text to a few people, whatever becomes of the campaign, in which they count nowhere. It may be
// used concurrently.
type Tests struct {
	campaigns Campaigns
	store     TestStore
	outbox    Outbox
	parse     ParseNumber
	newID     func(time.Time) string
	now       func() time.Time
}

// ParseNumber reads a number as it is read in that campaign's list.
type ParseNumber func(c campaign.Campaign, text string) (sms.Number, error)

// NewTests returns what sends tests. newID makes ids of 26 characters; now is its clock.
func NewTests(campaigns Campaigns, store TestStore, outbox Outbox, parse ParseNumber, newID func(time.Time) string,
	now func() time.Time,
) *Tests {
	return &Tests{campaigns: campaigns, store: store, outbox: outbox, parse: parse, newID: newID, now: now}
}

// Trial is what a test is to be.
type Trial struct {
	// To are numbers as people write them, MaxTests at most. One that is listed twice is sent to once.
	To []string
	// Vars are the values of the text's variables, by name, in whatever case.
	Vars map[string]string
	// Key tells a repeated request from a new one; empty for one that is always new.
	Key string
}

// Send stores a text for each number and queues it: the couriers send it within seconds, except to who has opted out. A
// repetition with the same Key returns the first texts as they are now; another request with it is a
// campaign.KeyReusedError. campaign.ErrNotFound, RefusedError.
func (t *Tests) Send(ctx context.Context, campaignID string, trial Trial) ([]Text, error) {
	c, err := t.campaigns.Campaign(ctx, campaignID)
	if err != nil {
		return nil, err
	}
	body, problems := rendered(c.Text, trial.Vars)
	numbers, bad := t.numbers(c, trial.To)
	if problems = append(problems, bad...); len(problems) > 0 {
		return nil, RefusedError{Problems: problems}
	}
	now := t.now()
	texts := make([]Text, len(numbers))
	for i, to := range numbers {
		texts[i] = New(Test, t.id(c.ID, trial.Key, i, now), c.Sender, to, body, now)
		texts[i].Campaign = c.ID
	}
	err = t.store.AddOneOffs(ctx, texts)
	if errors.Is(err, campaign.ErrConflict) && trial.Key != "" {
		if texts, err = t.sentBefore(ctx, texts, trial.Key); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, fmt.Errorf("store tests of campaign %s: %w", c.ID, err)
	}
	t.outbox.Post(ctx, slices.DeleteFunc(slices.Clone(texts), func(t Text) bool { return !t.Due() })...)
	return texts, nil
}

func (t *Tests) numbers(c campaign.Campaign, rows []string) (list []sms.Number, problems []campaign.Problem) {
	if len(rows) == 0 || len(rows) > MaxTests {
		reason := fmt.Sprintf("has %d numbers, of which it may have 1 to %d", len(rows), MaxTests)
		return nil, []campaign.Problem{{Field: "to", Reason: reason}}
	}
	for i, text := range rows {
		number, err := t.parse(c, text)
		switch {
		case err != nil:
			problems = append(problems, campaign.Problem{Field: "to", Row: i + 1, Reason: err.Error()})
		case !slices.Contains(list, number):
			list = append(list, number)
		}
	}
	return list, problems
}

// rendered is the text with these values.
func rendered(text string, vars map[string]string) (string, []campaign.Problem) {
	template, err := sms.ParseTemplate(text)
	if err != nil {
		return "", []campaign.Problem{{Field: "message_string", Reason: err.Error()}}
	}
	values := make([]string, len(template.Variables()))
	for name, value := range vars {
		at := slices.Index(template.Variables(), strings.ToLower(strings.TrimSpace(name)))
		if at < 0 {
			return "", []campaign.Problem{{Field: "vars", Reason: "has a variable that does not stand in the text"}}
		}
		if values[at] != "" {
			return "", []campaign.Problem{{Field: "vars", Reason: "has a variable twice"}}
		}
		values[at] = value
	}
	if missing := template.Missing(values); missing != "" {
		return "", []campaign.Problem{{Field: "vars." + missing, Reason: "is missing: the text has no default for it"}}
	}
	body := template.Render(values)
	switch n := utf8.RuneCountInString(body); {
	case strings.TrimSpace(body) == "":
		return "", []campaign.Problem{{Field: "vars", Reason: "leave nothing of the text to be seen"}}
	case n > campaign.MaxText:
		return "", []campaign.Problem{{
			Field: "vars", Reason: fmt.Sprintf("make the text %d characters long, of which it may have %d", n, campaign.MaxText),
		}}
	}
	return body, nil
}

// crockford is the alphabet of ULIDs (https://github.com/ulid/spec), so that all ids look alike.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// id is of the n-th text of a request: with a key, the same each time.
func (t *Tests) id(campaignID, key string, n int, now time.Time) string {
	if key == "" {
		return t.newID(now)
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{"test", campaignID, key, strconv.Itoa(n)}, "\x00")))
	id := make([]byte, idLength-1)
	for i := range id {
		id[i] = crockford[int(sum[i])%len(crockford)]
	}
	return string(id)
}

// sentBefore are the texts of the first request with the key, if it asked for the same.
func (t *Tests) sentBefore(ctx context.Context, wanted []Text, key string) ([]Text, error) {
	var found []Text
	for n := range MaxTests {
		id := Test.ID(t.id(wanted[0].Campaign, key, n, time.Time{}))
		stored, err := t.store.OneOff(ctx, id)
		if errors.Is(err, campaign.ErrNotFound) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read test %s: %w", id, err)
		}
		found = append(found, stored)
	}
	same := slices.EqualFunc(found, wanted, func(a, b Text) bool { return a.To == b.To && a.From == b.From && a.Body == b.Body })
	if !same {
		return nil, campaign.KeyReusedError{}
	}
	return found, nil
}

// Text returns what became of a test; ErrNoTest.
func (t *Tests) Text(ctx context.Context, campaignID, id string) (Text, error) {
	text, err := t.store.OneOff(ctx, id)
	if errors.Is(err, campaign.ErrNotFound) || err == nil && (text.Kind != Test || text.Campaign != campaignID) {
		return Text{}, ErrNoTest
	}
	if err != nil {
		return Text{}, fmt.Errorf("read test %s: %w", id, err)
	}
	return text, nil
}
