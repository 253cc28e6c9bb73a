package dynamostore_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/internal/campaign"
	"sluice/internal/campaign/campaigntest"
	"sluice/internal/dynamostore"
	"sluice/internal/oneoff"
	"sluice/internal/optout"
	"sluice/internal/recipients"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

const campaignID = "01KDVZ8W3GF1T3A4ZQ8J7M5N6P"

// What is written in a transaction costs two units a kilobyte, each change in the index one more.
const (
	item     = 2
	indexed  = item + 1
	counters = 2 * item // the minute and the total
)

// scene prepares a table and returns what is to be counted.
type scene func(ctx context.Context, s *dynamostore.Store) (func() error, error)

// TestWhatComesBackCosts states the price of each kind of event, in DynamoDB's units.
func TestWhatComesBackCosts(t *testing.T) {
	for name, c := range map[string]struct {
		write, read float64
		scene       scene
	}{
		"the first receipts of 90 texts of one part, in one minute": {write: 90*item + counters, scene: folding(1)},
		"the receipts of 90 texts of three parts, in one minute":    {write: 90*item + counters, scene: folding(3)},
		"what is known of 90 deliveries":                            {read: 90, scene: readingDeliveries},
		"a reply that wants an answer":                              {write: 2*indexed + counters, scene: keeping(plainReply())},
		"a STOP that is confirmed": {
			write: 3*item + indexed + counters, scene: keeping(stopReply()), // reply, entry and suppression; the text
		},
		"a STOP as a receipt tells of it":                   {write: item + counters, scene: keeping(optOutAlone())},
		"a reply that is closed":                            {write: 2*indexed + item, scene: closing},
		"a single text that is claimed":                     {write: indexed + 1, scene: claiming}, // it moves in the index: out, and in
		"an unknown that is resolved":                       {write: 3 * item, scene: resolving},
		"opt-outs of 100 who have none":                     {read: 100, scene: lookingUp(0)},
		"opt-outs of 100 who have one":                      {read: 100, scene: lookingUp(100)},
		"100 opt-outs that are imported, in no transaction": {write: 100, scene: importing},
		"whose reply it is, of 10 campaigns":                {read: 1 + 10, scene: attributing},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, m := metered(t)
			do, err := c.scene(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			m.write, m.read = 0, 0
			if err := do(); err != nil {
				t.Fatal(err)
			}
			if m.write != c.write || m.read != c.read {
				t.Errorf("it costs %g write and %g read units, should %g and %g", m.write, m.read, c.write, c.read)
			}
		})
	}
}

func folding(parts int) scene {
	return func(ctx context.Context, s *dynamostore.Store) (func() error, error) {
		var all []returns.Delivery
		for _, to := range campaigntest.Numbers(90) {
			d := returns.Delivery{To: to, Fate: returns.Undelivered, Parts: make(map[string]returns.Part)}
			for i := range parts {
				d.Parts[fmt.Sprint("0A0000000123ABCD", i)] = returns.Part{
					Status: sms.Undeliverable, Code: "vonage receipt 1", Reason: "the recipient cannot be reached at the moment",
					Network: "23410", Price: "0.03330000", At: campaigntest.Start,
				}
			}
			all = append(all, d)
		}
		tallies := map[time.Time]returns.Tally{campaigntest.Start: {Undelivered: len(all)}}
		return func() error { return s.Fold(ctx, campaignID, all, tallies) }, nil
	}
}

func readingDeliveries(ctx context.Context, s *dynamostore.Store) (func() error, error) {
	fold, err := folding(1)(ctx, s)
	if err == nil {
		err = fold()
	}
	return func() error {
		_, err := s.Deliveries(ctx, campaignID, campaigntest.Numbers(90))
		return err
	}, err
}

func plainReply() returns.Reception {
	return returns.Reception{
		Reply: &returns.Reply{
			ID: "01J0EXAMPLE0000000000000AB", Campaign: campaignID, Batch: 7, From: "447700900001", To: "447700900000",
			Text: strings.Repeat("Yes, that would suit me. ", 6), Status: returns.Open,
			ReceivedAt: campaigntest.Start, At: campaigntest.Start,
		},
		Campaign: campaignID, Minute: campaigntest.Start, Tally: returns.Tally{Replied: 1, Open: 1},
	}
}

func stopReply() returns.Reception {
	r := plainReply()
	r.Reply.Text, r.Reply.Status, r.Reply.Keyword = "STOP", returns.Handled, optout.Stop
	r.OneOff = &oneoff.Text{
		ID: oneoff.Confirmation.ID(r.Reply.ID), Kind: oneoff.Confirmation, From: r.Reply.To, To: r.Reply.From,
		Body: "You have unsubscribed and will get no more texts. Reply START to come back.", Reply: r.Reply.ID,
		Campaign: campaignID, State: campaign.Pending, CreatedAt: campaigntest.Start, LookAt: campaigntest.Start.Add(time.Minute),
	}
	s, _ := optout.Suppression{Number: r.Reply.From}.Stopped(optout.Everyone, optout.Mark{
		Since: campaigntest.Start, Cause: optout.ByText, Campaign: campaignID,
	})
	r.Suppression, r.Tally = &s, returns.Tally{OptedOut: 1}
	return r
}

func optOutAlone() returns.Reception {
	r := stopReply()
	r.Reply, r.OneOff = nil, nil
	return r
}

func keeping(r returns.Reception) scene {
	return func(ctx context.Context, s *dynamostore.Store) (func() error, error) {
		return func() error { return s.Keep(ctx, r) }, nil
	}
}

func closing(ctx context.Context, s *dynamostore.Store) (func() error, error) {
	r := plainReply()
	err := s.Keep(ctx, r)
	before := *r.Reply
	before.Version = 1
	after := before
	after.Status, after.ClosedAt = returns.Closed, campaigntest.Start
	return func() error { return s.Move(ctx, before, after, nil, returns.Tally{Open: -1, Closed: 1}) }, err
}

func claiming(ctx context.Context, s *dynamostore.Store) (func() error, error) {
	r := stopReply()
	err := s.Keep(ctx, r)
	text := *r.OneOff
	text.Version, text.State, text.Attempts = 1, oneoff.Sending, 1
	text.LookAt = campaigntest.Start.Add(5 * time.Minute)
	return func() error { return s.SaveOneOff(ctx, text) }, err
}

func resolving(ctx context.Context, s *dynamostore.Store) (func() error, error) {
	list := campaigntest.Numbers(100)
	c := campaign.Campaign{
		ID: campaignID, Sender: "447700900000", Text: "May we call you on Monday? Answer YES or NO.", BatchSize: 100,
		Delay: time.Minute, Status: campaign.Running, Recipients: 100, Epoch: 1, NextDue: campaigntest.Start,
	}
	released := c
	released.NextIndex, released.NextBatch = 100, 1
	b := campaign.Batch{Campaign: campaignID, Number: 1, To: 100, Settled: 100, Cursor: 100, Due: campaigntest.Start}
	m := campaign.Message{To: list[0], Batch: 1, State: campaign.Unknown, Code: "interrupted", At: campaigntest.Start}
	for _, prepare := range []func() error{
		func() error { return s.Create(ctx, c, recipients.UploadOf(list), nil) },
		func() error { return s.Release(ctx, c, released, campaigntest.Start, []campaign.Batch{b}) },
		func() error { return s.Record(ctx, campaignID, []campaign.Message{m}) },
	} {
		if err := prepare(); err != nil {
			return nil, err
		}
	}
	m.State, m.Code = campaign.Accepted, ""
	return func() error { return s.Resolve(ctx, campaignID, m) }, nil
}

func lookingUp(known int) scene {
	return func(ctx context.Context, s *dynamostore.Store) (func() error, error) {
		list := campaigntest.Numbers(100)
		err := s.SuppressAll(ctx, list[:known], optout.Mark{Out: true, Since: campaigntest.Start, Cause: optout.ByOperator})
		return func() error {
			_, err := s.Suppressions(ctx, list)
			return err
		}, err
	}
}

func importing(ctx context.Context, s *dynamostore.Store) (func() error, error) {
	return func() error {
		return s.SuppressAll(ctx, campaigntest.Numbers(100), optout.Mark{Out: true, Since: campaigntest.Start, Cause: optout.ByOperator})
	}, nil
}

func attributing(ctx context.Context, s *dynamostore.Store) (func() error, error) {
	list := campaigntest.Numbers(1)
	for i := range 10 {
		c := campaign.Campaign{
			ID: fmt.Sprint(campaignID[:25], i), Sender: "447700900000", Text: "?", BatchSize: 1, Status: campaign.Draft, Recipients: 1,
		}
		if err := s.Create(ctx, c, recipients.UploadOf(list), nil); err != nil {
			return nil, err
		}
	}
	return func() error {
		ids, err := s.CampaignsFrom(ctx, "447700900000", time.Time{}, 100)
		if err != nil {
			return err
		}
		if len(ids) != 10 {
			return fmt.Errorf("%d campaigns were found", len(ids))
		}
		_, err = s.MessagesTo(ctx, list[0], ids)
		return err
	}, nil
}

func TestOnlyThePartsOfLongTextsExpire(t *testing.T) {
	s, table, _ := metered(t)
	r := stopReply()
	r.Fragments = &returns.Fragments{Key: "F", Total: 2, First: "m1", ReceivedAt: campaigntest.Start}
	if err := s.Keep(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := s.Fold(t.Context(), campaignID, []returns.Delivery{{To: "447700900001"}}, nil); err != nil {
		t.Fatal(err)
	}
	name := tableName
	found, err := table.Scan(t.Context(), &dynamodb.ScanInput{TableName: &name})
	if err != nil {
		t.Fatal(err)
	}
	expires := make(map[string]string)
	for _, stored := range found.Items {
		if at, ok := stored["expires_at"].(*types.AttributeValueMemberN); ok {
			expires[stored["pk"].(*types.AttributeValueMemberS).Value] = at.Value
		}
	}
	inThreeDays := strconv.FormatInt(campaigntest.Start.Add(72*time.Hour).Unix(), 10)
	if len(expires) != 1 || expires["FRAGMENTS#F"] != inThreeDays {
		t.Errorf("of %d items these expire: %v; want that of the parts, at %s", len(found.Items), expires, inThreeDays)
	}
}
