package oneoff_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/oneoff"
	"sluice/internal/sms"
)

const (
	campaignID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
	friend     = "+44 7700 900002"
)

var nine = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// trials is a campaign that can be tested.
type trials struct {
	*testing.T
	*oneoff.Tests
	table  *table
	text   string
	queued []string
	fault  error // of the queue
	ids    int
}

func (s *table) AddOneOffs(_ context.Context, texts []oneoff.Text) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range texts {
		if _, there := s.texts[t.ID]; there {
			return campaign.ErrConflict
		}
	}
	for _, t := range texts {
		t.Version = 1
		s.texts[t.ID] = t
	}
	return nil
}

func (s *trials) Campaign(_ context.Context, id string) (campaign.Campaign, error) {
	if id != campaignID {
		return campaign.Campaign{}, campaign.ErrNotFound
	}
	return campaign.Campaign{ID: id, Sender: ours, Text: s.text}, nil
}

func (s *trials) EnqueueOneOff(_ context.Context, id string, _ time.Duration) error {
	s.queued = append(s.queued, id)
	return s.fault
}

func newTrials(t *testing.T, text string) *trials {
	s := &trials{T: t, text: text, table: &table{texts: make(map[string]oneoff.Text)}}
	newID := func(time.Time) string { s.ids++; return fmt.Sprintf("%026d", s.ids) }
	parse := func(c campaign.Campaign, text string) (sms.Number, error) {
		if c.ID != campaignID {
			t.Errorf("a number is read for the campaign %q", c.ID)
		}
		return sms.ParseNumber(text)
	}
	outbox := oneoff.NewOutbox(s, slog.New(slog.DiscardHandler))
	s.Tests = oneoff.NewTests(s, s.table, outbox, parse, newID, func() time.Time { return nine })
	return s
}

func TestATestIsTheTextAsItWouldBeSent(t *testing.T) {
	s := newTrials(t, `Hello {{first_name}}, {{greeting|good day}} \{{`)
	texts, err := s.Send(t.Context(), campaignID, oneoff.Trial{
		To: []string{"447700900001", friend, "+447700900001"}, Vars: map[string]string{"First_Name": "Ada"},
	})
	if err != nil || len(texts) != 2 {
		t.Fatalf("%d texts, %v", len(texts), err)
	}
	for i, to := range []sms.Number{person, "447700900002"} {
		got := texts[i]
		if got.Kind != oneoff.Test || got.To != to || got.From != ours || got.Body != "Hello Ada, good day {{" ||
			got.Campaign != campaignID || !got.Due() || !oneoff.IsID(got.ID) || got.ID[0] != 'T' ||
			!got.CreatedAt.Equal(nine) || !got.LookAt.Equal(nine.Add(time.Minute)) {
			t.Errorf("%+v", got)
		}
		if s.queued[i] != got.ID {
			t.Errorf("%q is queued", s.queued[i])
		}
		if stored, err := s.Text(t.Context(), campaignID, got.ID); err != nil || stored.Body != got.Body {
			t.Errorf("stored: %+v, %v", stored, err)
		}
	}
}

func TestATestThatCannotBeQueuedIsLeftToTheDispatcher(t *testing.T) {
	s := newTrials(t, "Hello")
	s.fault = errors.New("the queue is away")
	texts, err := s.Send(t.Context(), campaignID, oneoff.Trial{To: []string{friend}})
	if err != nil || len(texts) != 1 {
		t.Fatalf("%d texts, %v", len(texts), err)
	}
	if due, err := s.table.DueOneOffs(t.Context(), nine.Add(time.Minute)); err != nil || len(due) != 1 {
		t.Errorf("%d due, %v", len(due), err)
	}
}

func TestBadTestsAreRefusedWhole(t *testing.T) {
	long := strings.Repeat("x", campaign.MaxText)
	for _, c := range []struct {
		name, text string
		trial      oneoff.Trial
		want       []campaign.Problem // without reasons
		says       string
	}{
		{"nobody", "Hello", oneoff.Trial{}, []campaign.Problem{{Field: "to"}}, "has 0 numbers"},
		{"six people", "Hello", oneoff.Trial{To: make([]string, 6)}, []campaign.Problem{{Field: "to"}}, "of which it may have 1 to 5"},
		{"no numbers", "Hello", oneoff.Trial{To: []string{friend, "zebra", "12"}},
			[]campaign.Problem{{Field: "to", Row: 2}, {Field: "to", Row: 3}}, "not a phone number"},
		{"a value that is missing, and a bad number", "Hello {{first_name}}", oneoff.Trial{To: []string{"zebra"}},
			[]campaign.Problem{{Field: "vars.first_name"}, {Field: "to", Row: 1}}, "is missing"},
		{"an empty value", "Hello {{first_name}}", oneoff.Trial{To: []string{friend}, Vars: map[string]string{"first_name": ""}},
			[]campaign.Problem{{Field: "vars.first_name"}}, "no default"},
		{"an unknown variable", "Hello {{a|b}}", oneoff.Trial{To: []string{friend}, Vars: map[string]string{"frist_name": "Ada"}},
			[]campaign.Problem{{Field: "vars"}}, "does not stand in the text"},
		{"a variable in two cases", "Hello {{a}}", oneoff.Trial{To: []string{friend}, Vars: map[string]string{"a": "1", "A": "2"}},
			[]campaign.Problem{{Field: "vars"}}, "twice"},
		{"a text that cannot be read", "Hello {{", oneoff.Trial{To: []string{friend}}, []campaign.Problem{{Field: "message_string"}}, "{{"},
		{"an empty text", "{{a}}", oneoff.Trial{To: []string{friend}, Vars: map[string]string{"a": " \n"}}, []campaign.Problem{{Field: "vars"}}, "nothing"},
		{"a text that is too long", "{{a}}!", oneoff.Trial{To: []string{friend}, Vars: map[string]string{"a": long}},
			[]campaign.Problem{{Field: "vars"}}, fmt.Sprint(campaign.MaxText + 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTrials(t, c.text)
			_, err := s.Send(t.Context(), campaignID, c.trial)
			var refused oneoff.RefusedError
			if !errors.As(err, &refused) || len(refused.Problems) != len(c.want) {
				t.Fatalf("%v: %+v", err, refused.Problems)
			}
			for i, p := range refused.Problems {
				if p.Field != c.want[i].Field || p.Row != c.want[i].Row {
					t.Errorf("%+v, want %+v", p, c.want[i])
				}
			}
			if !strings.Contains(refused.Problems[0].Reason, c.says) {
				t.Errorf("says %q", refused.Problems[0].Reason)
			}
			if len(s.table.texts)+len(s.queued) > 0 {
				t.Errorf("%d texts, %d queued", len(s.table.texts), len(s.queued))
			}
		})
	}
	if _, err := newTrials(t, "Hello").Send(t.Context(), "another", oneoff.Trial{To: []string{friend}}); !errors.Is(err, campaign.ErrNotFound) {
		t.Errorf("of an unknown campaign: %v", err)
	}
}

func TestARepeatedRequestSendsNoSecondTest(t *testing.T) {
	s := newTrials(t, "Hello")
	two := oneoff.Trial{To: []string{"447700900001", friend}, Key: "key"}
	first, err := s.Send(t.Context(), campaignID, two)
	if err != nil {
		t.Fatal(err)
	}
	sent := s.table.texts[first[0].ID]
	sent.State = campaign.Accepted
	s.table.texts[sent.ID] = sent
	s.queued = nil
	again, err := s.Send(t.Context(), campaignID, two)
	if err != nil || len(again) != 2 || again[0].ID != first[0].ID || again[0].State != campaign.Accepted || again[1].ID != first[1].ID {
		t.Errorf("%+v, %v", again, err)
	}
	if len(s.queued) != 1 || s.queued[0] != first[1].ID {
		t.Errorf("%q queued again, want only what waits", s.queued)
	}
	if len(s.table.texts) != 2 {
		t.Errorf("%d texts", len(s.table.texts))
	}
	for name, other := range map[string]oneoff.Trial{
		"fewer":      {To: two.To[:1], Key: "key"},
		"more":       {To: append([]string{"447700900009"}, two.To...), Key: "key"},
		"one more":   {To: append(two.To[:2:2], "447700900009"), Key: "key"},
		"others":     {To: []string{"447700900008", "447700900009"}, Key: "key"},
		"of another": {To: []string{friend, "447700900001"}, Key: "key"},
	} {
		if _, err := s.Send(t.Context(), campaignID, other); !errors.Is(err, campaign.KeyReusedError{}) {
			t.Errorf("%s with the same key: %v", name, err)
		}
	}
	two.Key = "another"
	if texts, err := s.Send(t.Context(), campaignID, two); err != nil || texts[0].ID == first[0].ID {
		t.Errorf("with another key: %v", err)
	}
	two.Key = ""
	if texts, err := s.Send(t.Context(), campaignID, two); err != nil || len(s.table.texts) != 6 || texts[0].ID == first[0].ID {
		t.Errorf("without a key: %d texts, %v", len(s.table.texts), err)
	}
}

func TestOnlyATestOfTheCampaignIsFound(t *testing.T) {
	s := newTrials(t, "Hello")
	answer := oneoff.New(oneoff.Answer, campaignID, ours, person, "An answer", nine)
	answer.Campaign = campaignID
	test := oneoff.New(oneoff.Test, campaignID, ours, person, "A test", nine)
	test.Campaign = "another"
	if err := s.table.AddOneOffs(t.Context(), []oneoff.Text{answer, test}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{answer.ID, test.ID, "T"} {
		if _, err := s.Text(t.Context(), campaignID, id); !errors.Is(err, oneoff.ErrNoTest) {
			t.Errorf("%s: %v", id, err)
		}
	}
}
