package dynamostore

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"sluice/internal/campaign"
)

// DueBatches implements campaign.Store.
func (s *Store) DueBatches(ctx context.Context, by time.Time) ([]campaign.BatchKey, error) {
	found, err := s.due(ctx, "BATCH#", dueShards, by)
	if err != nil {
		return nil, err
	}
	keys := make([]campaign.BatchKey, 0, len(found))
	for _, e := range found {
		n, err := e.batchNumber()
		if err != nil {
			return nil, err
		}
		keys = append(keys, campaign.BatchKey{Campaign: e.campaignID(), Number: n})
	}
	return keys, nil
}

// Batch implements campaign.Store.
func (s *Store) Batch(ctx context.Context, k campaign.BatchKey) (campaign.Batch, error) {
	item, err := get[batchItem](ctx, s, batchKey(k))
	return item.batch(), err
}

// Batches implements campaign.Store.
func (s *Store) Batches(ctx context.Context, id string, after, limit int) ([]campaign.Batch, error) {
	found, err := s.query(ctx, query{
		limit: limit,
		condition: expression.Key(attrPK).Equal(expression.Value(campaignPrefix + id)).
			And(expression.Key(attrSK).Between(expression.Value(batchSK(after+1)), expression.Value(batchPrefix+"~"))),
	})
	if err != nil {
		return nil, err
	}
	batches := make([]campaign.Batch, 0, len(found))
	for _, e := range found {
		item, err := decode[batchItem](attributes(e))
		if err != nil {
			return nil, err
		}
		batches = append(batches, item.batch())
	}
	return batches, nil
}

// Lease implements campaign.Store.
func (s *Store) Lease(ctx context.Context, k campaign.BatchKey, owner string, now, until time.Time) (campaign.Batch, error) {
	set := expression.
		Set(expression.Name("lease_owner"), expression.Value(owner)).
		Set(expression.Name("lease_until"), expression.Value(at(until)))
	stored, err := s.update(ctx, update{
		key: batchKey(k), set: set,
		condition: expression.Name("done").Equal(expression.Value(false)).And(unheld(now)),
	})
	if err != nil && !errors.Is(err, campaign.ErrConflict) {
		return campaign.Batch{}, err
	}
	if stored == nil {
		return campaign.Batch{}, campaign.ErrNotFound
	}
	item, decodeErr := decode[batchItem](stored)
	switch {
	case decodeErr != nil:
		return campaign.Batch{}, decodeErr
	case err == nil, item.Owner == owner: // the latter: an earlier try took effect and its answer was lost
		return item.batch(), nil
	case item.Done:
		return campaign.Batch{}, campaign.ErrConflict
	default:
		return campaign.Batch{}, campaign.ErrHeld
	}
}

// unheld: nobody has a lease that is still good.
func unheld(now time.Time) expression.ConditionBuilder {
	return expression.AttributeNotExists(expression.Name("lease_owner")).
		Or(expression.Name("lease_until").LessThanEqual(expression.Value(at(now))))
}

// Step implements campaign.Store.
func (s *Store) Step(ctx context.Context, b campaign.Batch, step campaign.Step) error {
	own := s.stepOfBatch(b, step)
	if step.Counts == (campaign.Counts{}) && !step.Claims(b) && !step.Parks && !step.Done {
		_, err := s.update(ctx, own)
		return err
	}
	batch, err := s.updating(own)
	if err != nil {
		return err
	}
	c, err := s.updating(stepOfCampaign(b, step))
	if err != nil {
		return err
	}
	return s.transact(ctx, batch, c)
}

func (s *Store) stepOfBatch(b campaign.Batch, step campaign.Step) update {
	set := expression.
		Set(expression.Name("settled"), expression.Value(step.Settled)).
		Set(expression.Name("claimed"), expression.Value(step.Cursor)).
		Set(expression.Name("done"), expression.Value(step.Done))
	if step.Lease.IsZero() {
		set = set.Remove(expression.Name("lease_owner")).Remove(expression.Name("lease_until"))
	} else {
		set = set.Set(expression.Name("lease_until"), expression.Value(at(step.Lease)))
	}
	if step.GivesBack(b) && len(step.Counted) > 0 {
		set = set.Set(expression.Name("counted"), expression.Value(step.Counted))
	} else if step.GivesBack(b) {
		set = set.Remove(expression.Name("counted"))
	}
	if started := step.Started(b); !started.Equal(b.StartedAt) {
		set = set.Set(expression.Name("started_at"), expression.Value(at(started)))
	}
	if step.Done {
		set = set.Set(expression.Name("ended_at"), expression.Value(at(step.At)))
	}
	if step.LookAt.IsZero() || !step.LookAt.Equal(b.LookAt) { // somebody may have set it since
		set = setDue(set, batchShard(b.Campaign), step.LookAt)
	}
	return update{
		key: batchKey(campaign.BatchKey{Campaign: b.Campaign, Number: b.Number}),
		set: addCounts(set, step.Counts),
		condition: expression.Name("lease_owner").Equal(expression.Value(b.Owner)).
			And(expression.Name("claimed").Equal(expression.Value(b.Cursor))).
			And(expression.Name("settled").Equal(expression.Value(b.Settled))).
			And(notLate(b)),
	}
}

// notLate: no outcome of a former holder came in since b was read.
func notLate(b campaign.Batch) expression.ConditionBuilder {
	if b.Late == 0 {
		return expression.AttributeNotExists(expression.Name("late"))
	}
	return expression.Name("late").Equal(expression.Value(b.Late))
}

func stepOfCampaign(b campaign.Batch, step campaign.Step) update {
	done := 0
	if step.Done {
		done = 1
	}
	condition := expression.AttributeExists(expression.Name(attrPK))
	switch {
	case step.Claims(b):
		condition = runningIn(step.Epoch)
	case step.Parks:
		condition = expression.Name("epoch").Equal(expression.Value(step.Epoch))
	}
	set := addCounts(expression.Add(expression.Name("batches_done"), expression.Value(done)), step.Counts)
	return update{key: campaignKey(b.Campaign), set: addWindow(set, step), condition: condition}
}

func addWindow(set expression.UpdateBuilder, step campaign.Step) expression.UpdateBuilder {
	sent, failed := expression.Name("window_sent"), expression.Name("window_failed")
	if step.FreshWindow { // what stands on the right is of before the update
		return set.Set(sent, expression.Value(step.Counts.Sent())).Set(failed, expression.Value(step.Counts.Failed)).
			Set(expression.Name("earlier_sent"), expression.IfNotExists(sent, expression.Value(0))).
			Set(expression.Name("earlier_failed"), expression.IfNotExists(failed, expression.Value(0)))
	}
	return set.Add(sent, expression.Value(step.Counts.Sent())).Add(failed, expression.Value(step.Counts.Failed))
}

func addCounts(set expression.UpdateBuilder, c campaign.Counts) expression.UpdateBuilder {
	return set.Add(expression.Name("accepted"), expression.Value(c.Accepted)).
		Add(expression.Name("failed"), expression.Value(c.Failed)).
		Add(expression.Name("skipped"), expression.Value(c.Skipped)).
		Add(expression.Name("unknown"), expression.Value(c.Unknown))
}

// Postpone implements campaign.Store.
func (s *Store) Postpone(ctx context.Context, b campaign.Batch, lookAt time.Time, repairs int) error {
	asRead := expression.Name("done").Equal(expression.Value(false))
	if b.LookAt.IsZero() {
		asRead = asRead.And(expression.AttributeNotExists(expression.Name(attrDueAt)))
	} else {
		asRead = asRead.And(expression.Name(attrDueAt).Equal(expression.Value(at(b.LookAt))))
	}
	set := expression.Set(expression.Name("repairs"), expression.Value(repairs))
	_, err := s.update(ctx, update{
		key:       batchKey(campaign.BatchKey{Campaign: b.Campaign, Number: b.Number}),
		set:       setDue(set, batchShard(b.Campaign), lookAt),
		condition: asRead,
	})
	return err
}
