package dynamostore

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"sluice/internal/campaign"
	"sluice/internal/recipients"
)

// uploadItem is a part. Upload tells which pages are its own (stack).
type uploadItem struct {
	Number       int            `dynamodbav:"number"`
	Digest       string         `dynamodbav:"digest"`
	Upload       string         `dynamodbav:"upload"`
	Accepted     int            `dynamodbav:"accepted"`
	Refused      int            `dynamodbav:"refused,omitempty"`
	Repeated     int            `dynamodbav:"repeated,omitempty"`
	Pages        []int          `dynamodbav:"pages,omitempty"`
	RefusedPages int            `dynamodbav:"refused_pages,omitempty"`
	Forcing      map[string]int `dynamodbav:"forcing,omitempty"`
	Segments     int            `dynamodbav:"segments,omitempty"`
	StoredAt     instant        `dynamodbav:"stored_at,omitempty"`
}

func (i uploadItem) part() recipients.Part {
	return recipients.Part{
		Number: i.Number, Digest: i.Digest, Accepted: i.Accepted, Refused: i.Refused, Repeated: i.Repeated, Pages: i.Pages,
		RefusedPages: i.RefusedPages, Forcing: i.Forcing, Segments: i.Segments, StoredAt: i.StoredAt.time(),
	}
}

func itemOfPart(p recipients.Part, upload string) uploadItem {
	return uploadItem{
		Number: p.Number, Digest: p.Digest, Upload: upload, Accepted: p.Accepted, Refused: p.Refused, Repeated: p.Repeated,
		Pages: p.Pages, RefusedPages: p.RefusedPages, Forcing: p.Forcing, Segments: p.Segments, StoredAt: at(p.StoredAt),
	}
}

func (i uploadItem) stack(id string) stack {
	return stack{campaign: id, part: i.Number, upload: i.Upload}
}

// there says whether there is such a part.
func (i uploadItem) there() bool { return i.Upload != "" }

// newUpload names what one upload writes.
func newUpload() string { return crand.Text() }

// Part implements recipients.Store.
func (s *Store) Part(ctx context.Context, id string, number int) (recipients.Part, error) {
	item, err := s.upload(ctx, id, number)
	if err == nil && !item.there() {
		err = recipients.ErrNotFound
	}
	return item.part(), err
}

// upload reads a part; the zero value where it is not there.
func (s *Store) upload(ctx context.Context, id string, number int) (uploadItem, error) {
	item, err := get[uploadItem](ctx, s, partKey(id, number))
	if errors.Is(err, campaign.ErrNotFound) {
		return uploadItem{Number: number}, nil
	}
	return item, err
}

// Parts implements recipients.Store.
func (s *Store) Parts(ctx context.Context, id string) ([]recipients.Part, error) {
	items, err := s.uploads(ctx, id)
	parts := make([]recipients.Part, 0, len(items))
	for _, item := range items {
		parts = append(parts, item.part())
	}
	return parts, err
}

func (s *Store) uploads(ctx context.Context, id string) ([]uploadItem, error) {
	found, err := s.query(ctx, query{
		limit: recipients.MaxParts,
		condition: expression.Key(attrPK).Equal(expression.Value(campaignPrefix + id)).
			And(expression.KeyBeginsWith(expression.Key(attrSK), partPrefix)),
	})
	if err != nil {
		return nil, fmt.Errorf("list parts: %w", err)
	}
	items := make([]uploadItem, 0, len(found))
	for _, e := range found {
		item, err := decode[uploadItem](attributes(e))
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// stackOf finds the pages of a part; recipients.ErrChanged where another content has its number now.
func (s *Store) stackOf(ctx context.Context, id string, p recipients.Part) (uploadItem, error) {
	item, err := s.upload(ctx, id, p.Number)
	if err == nil && (!item.there() || item.Digest != p.Digest) {
		err = recipients.ErrChanged
	}
	return item, err
}

// PutPart implements recipients.Store. Each call writes pages of its own. So those that it takes away, because the part was
// not stored or in place of another, are known to nobody else: a list is sealed only as its parts are then, and no part
// changes after that.
func (s *Store) PutPart(ctx context.Context, id string, u recipients.Upload) (recipients.Part, error) {
	before, err := s.upload(ctx, id, u.Part.Number)
	if err != nil {
		return recipients.Part{}, err
	}
	if before.there() && before.Digest == u.Part.Digest {
		return before.part(), nil
	}
	after := itemOfPart(u.Part, newUpload())
	if err := s.writePages(ctx, after.stack(id), u); err != nil {
		return recipients.Part{}, err
	}
	stored, stale, err := s.replace(ctx, id, before, after)
	if stale.there() {
		s.deletePages(ctx, stale.stack(id), len(stale.Pages), stale.RefusedPages)
	}
	return stored.part(), err
}

// replace makes a part what it is after, and returns what is stored then, and whose pages nothing refers to any more.
func (s *Store) replace(ctx context.Context, id string, before, after uploadItem) (stored, stale uploadItem, err error) {
	read := before
	for range maxTries {
		err := s.exchange(ctx, id, before, &after)
		var failed *conditionsFailed
		if err == nil {
			return after, before, nil
		}
		if !errors.As(err, &failed) {
			return uploadItem{}, uploadItem{}, fmt.Errorf("store part %d: %w", after.Number, err) // it may be stored
		}
		if err := s.whyNot(ctx, id, failed, added(before, &after)); err != nil {
			return uploadItem{}, after, err
		}
		if before, err = s.upload(ctx, id, after.Number); err != nil {
			return uploadItem{}, after, err
		}
		if before.there() && before.Digest == after.Digest {
			return before, after, nil // somebody else stored the same
		}
		if before.Upload != read.Upload {
			return uploadItem{}, after, recipients.ErrChanged // what came later than this is not to be overwritten
		}
	}
	return uploadItem{}, after, fmt.Errorf("part %d: still contended after %d tries", after.Number, maxTries)
}

// RemovePart implements recipients.Store.
func (s *Store) RemovePart(ctx context.Context, id string, number int) error {
	read := ""
	for range maxTries {
		before, err := s.upload(ctx, id, number)
		if err != nil {
			return err
		}
		switch {
		case !before.there():
			return recipients.ErrNotFound
		case read != "" && before.Upload != read:
			return recipients.ErrChanged // what came later than this is not to be taken away
		}
		read = before.Upload
		err = s.exchange(ctx, id, before, nil)
		var failed *conditionsFailed
		if err == nil {
			s.deletePages(ctx, before.stack(id), len(before.Pages), before.RefusedPages)
			return nil
		}
		if !errors.As(err, &failed) {
			return fmt.Errorf("remove part %d: %w", number, err)
		}
		if err := s.whyNot(ctx, id, failed, added(before, nil)); err != nil {
			return err
		}
	}
	return fmt.Errorf("part %d: still contended after %d tries", number, maxTries)
}

// The places of the actions in exchange.
const exchangedPart, exchangedCampaign = 0, 1

// exchange puts a part in place of another, or takes it away, if that one is there still and the campaign is a draft that
// does not get too long by it, and adds what changes to the campaign.
func (s *Store) exchange(ctx context.Context, id string, before uploadItem, after *uploadItem) error {
	t := s.transaction()
	if after != nil {
		t.put(partKey(id, after.Number), *after, asUploaded(before))
	} else {
		t.delete(partKey(id, before.Number), asUploaded(before))
	}
	by := added(before, after)
	t.update(update{
		key: campaignKey(id),
		set: expression.Add(expression.Name("recipients"), expression.Value(by.Accepted)).
			Add(expression.Name("refused"), expression.Value(by.Refused)).
			Add(expression.Name("duplicates"), expression.Value(by.Repeated)).
			Add(expression.Name("uploads"), expression.Value(1)),
		condition: expression.Name("status").Equal(expression.Value(campaign.Draft)).
			And(expression.Name("recipients").LessThanEqual(expression.Value(recipients.MaxList - by.Accepted))),
	})
	return t.commit(ctx)
}

// asUploaded: the part is the one that was read.
func asUploaded(i uploadItem) expression.ConditionBuilder {
	if !i.there() {
		return expression.AttributeNotExists(expression.Name(attrPK))
	}
	return expression.Name("upload").Equal(expression.Value(i.Upload))
}

// added is what one part in place of another adds to the campaign.
func added(before uploadItem, after *uploadItem) recipients.Part {
	by := recipients.Part{Accepted: -before.Accepted, Refused: -before.Refused, Repeated: -before.Repeated}
	if after != nil {
		by.Accepted, by.Refused, by.Repeated = by.Accepted+after.Accepted, by.Refused+after.Refused, by.Repeated+after.Repeated
	}
	return by
}

// errNoCampaign is what both packages call it.
var errNoCampaign = fmt.Errorf("campaign %w (%w)", recipients.ErrNotFound, campaign.ErrNotFound)

// whyNot says why a part was not exchanged: nil where it may go better now.
func (s *Store) whyNot(ctx context.Context, id string, failed *conditionsFailed, by recipients.Part) error {
	if !slices.Contains(failed.actions, exchangedCampaign) {
		return nil
	}
	c, err := s.Campaign(ctx, id)
	switch {
	case errors.Is(err, campaign.ErrNotFound):
		return errNoCampaign
	case err != nil:
		return err
	case c.Status != campaign.Draft:
		return recipients.ErrSealed
	case slices.Contains(failed.actions, exchangedPart): // it would add something else now
		return nil
	case c.Recipients+by.Accepted > recipients.MaxList:
		return recipients.ErrTooMany
	default:
		return nil
	}
}
