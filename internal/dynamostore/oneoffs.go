package dynamostore

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/oneoff"
	"sluice/internal/sms"
)

type textItem struct {
	ID        string         `dynamodbav:"id"`
	Kind      oneoff.Kind    `dynamodbav:"kind"`
	From      sms.Sender     `dynamodbav:"sent_from"`
	To        sms.Number     `dynamodbav:"sent_to"`
	Body      string         `dynamodbav:"text"`
	Reply     string         `dynamodbav:"reply,omitempty"`
	Campaign  string         `dynamodbav:"campaign,omitempty"`
	State     campaign.State `dynamodbav:"state"`
	Code      string         `dynamodbav:"code,omitempty"`
	Reason    string         `dynamodbav:"reason,omitempty"`
	Parts     []partItem     `dynamodbav:"parts,omitempty"`
	Delivery  sms.Delivery   `dynamodbav:"delivery,omitempty"`
	Receipts  []partOfText   `dynamodbav:"receipts,omitempty"`
	CreatedAt instant        `dynamodbav:"created_at"`
	SentAt    instant        `dynamodbav:"sent_at,omitempty"`
	Attempts  int            `dynamodbav:"attempts,omitempty"`
	Owner     string         `dynamodbav:"claimed_by,omitempty"`
	Version   int            `dynamodbav:"v"`
	dueKeys                  // by its LookAt
}

type partOfText struct {
	ID       string       `dynamodbav:"id"`
	Delivery sms.Delivery `dynamodbav:"s"`
}

func (i textItem) text() oneoff.Text {
	t := oneoff.Text{
		ID: i.ID, Kind: i.Kind, From: i.From, To: i.To, Body: i.Body, Reply: i.Reply, Campaign: i.Campaign, State: i.State,
		Code: i.Code, Reason: i.Reason, Delivery: i.Delivery, CreatedAt: i.CreatedAt.time(), SentAt: i.SentAt.time(),
		Attempts: i.Attempts, Owner: i.Owner, LookAt: i.DueAt.time(), Version: i.Version,
	}
	for _, p := range i.Parts {
		t.Parts = append(t.Parts, sms.Part{MessageID: p.ID, Network: p.Network, Price: p.Price})
	}
	if len(i.Receipts) > 0 {
		t.Receipts = make(map[string]sms.Delivery, len(i.Receipts))
	}
	for _, r := range i.Receipts {
		t.Receipts[r.ID] = r.Delivery
	}
	return t
}

// nextOfText is t as its next version.
func nextOfText(t oneoff.Text) textItem {
	i := textItem{
		ID: t.ID, Kind: t.Kind, From: t.From, To: t.To, Body: t.Body, Reply: t.Reply, Campaign: t.Campaign, State: t.State,
		Code: t.Code, Reason: t.Reason, Delivery: t.Delivery, CreatedAt: at(t.CreatedAt), SentAt: at(t.SentAt),
		Attempts: t.Attempts, Owner: t.Owner, Version: t.Version + 1,
	}
	for _, p := range t.Parts {
		i.Parts = append(i.Parts, partItem{ID: p.MessageID, Network: p.Network, Price: p.Price})
	}
	for _, id := range slices.Sorted(maps.Keys(t.Receipts)) {
		i.Receipts = append(i.Receipts, partOfText{ID: id, Delivery: t.Receipts[id]})
	}
	if !t.LookAt.IsZero() {
		i.dueKeys = dueKeys{DueShard: oneOffShard(t.ID), DueAt: at(t.LookAt)}
	}
	return i
}

// OneOff implements oneoff.Store.
func (s *Store) OneOff(ctx context.Context, id string) (oneoff.Text, error) {
	item, err := get[textItem](ctx, s, oneOffKey(id))
	return item.text(), err
}

// SaveOneOff implements oneoff.Store.
func (s *Store) SaveOneOff(ctx context.Context, text oneoff.Text) error {
	t := s.transaction()
	t.put(oneOffKey(text.ID), nextOfText(text), ofVersion(text.Version))
	return t.commit(ctx)
}

// AddOneOffs implements oneoff.TestStore.
func (s *Store) AddOneOffs(ctx context.Context, texts []oneoff.Text) error {
	t := s.transaction()
	for _, text := range texts {
		t.put(oneOffKey(text.ID), nextOfText(text), ofVersion(0))
	}
	return t.commit(ctx)
}

// DueOneOffs implements oneoff.Store.
func (s *Store) DueOneOffs(ctx context.Context, by time.Time) ([]string, error) {
	found, err := s.due(ctx, oneOffPrefix, oneOffShards, by)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(found))
	for _, e := range found {
		ids = append(ids, strings.TrimPrefix(e.pk(), oneOffPrefix))
	}
	return ids, nil
}
