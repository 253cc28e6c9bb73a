package campaign

import (
	"context"
	"errors"
	"fmt"

	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// Upload stores a part of a draft's list in place of the one with its number. digest tells contents apart; read feeds the
// rows to a builder, and is not called where this content is there already. StateError for a campaign that is no draft;
// ErrNotFound; recipients.ErrTooMany.
func (m *Manager) Upload(ctx context.Context, id string, number int, digest string,
	read func(Campaign, *recipients.Builder) error,
) (recipients.Part, error) {
	c, err := m.draft(ctx, id)
	if err != nil {
		return recipients.Part{}, err
	}
	there, err := m.store.Part(ctx, id, number)
	if err == nil && there.Digest == digest {
		return there, nil
	}
	if err != nil && !errors.Is(err, recipients.ErrNotFound) {
		return recipients.Part{}, fmt.Errorf("read part %d of campaign %s: %w", number, id, err)
	}
	b := recipients.NewBuilder(m.numbers, c.Region, c.Template())
	if err := read(c, b); err != nil {
		return recipients.Part{}, err
	}
	part, err := m.store.PutPart(ctx, id, b.Upload(number, digest, m.now()))
	if err != nil {
		return recipients.Part{}, m.sealed(ctx, id, fmt.Errorf("store part %d of campaign %s: %w", number, id, err))
	}
	return part, nil
}

// Parts lists what was uploaded, by number; ErrNotFound for an unknown campaign.
func (m *Manager) Parts(ctx context.Context, id string) ([]recipients.Part, error) {
	if _, err := m.Campaign(ctx, id); err != nil {
		return nil, err
	}
	parts, err := m.store.Parts(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("list the parts of campaign %s: %w", id, err)
	}
	return parts, nil
}

// Refusals returns one page of a part's refused rows, from 0.
func (m *Manager) Refusals(ctx context.Context, id string, p recipients.Part, page int) ([]recipients.Refusal, error) {
	refused, err := m.store.Refusals(ctx, id, p, page)
	if err != nil {
		return nil, fmt.Errorf("read refused rows of campaign %s: %w", id, err)
	}
	return refused, nil
}

// Remove takes a part of a draft's list away; recipients.ErrNotFound, StateError.
func (m *Manager) Remove(ctx context.Context, id string, number int) error {
	if _, err := m.draft(ctx, id); err != nil {
		return err
	}
	if err := m.store.RemovePart(ctx, id, number); err != nil {
		return m.sealed(ctx, id, fmt.Errorf("remove part %d of campaign %s: %w", number, id, err))
	}
	return nil
}

// draft reads a campaign whose list may still change.
func (m *Manager) draft(ctx context.Context, id string) (Campaign, error) {
	c, err := m.Campaign(ctx, id)
	if err == nil && c.Status != Draft {
		err = StateError{Action: "change the recipients of", Status: c.Status}
	}
	return c, err
}

// sealed says why a list does not change any more, where that was why.
func (m *Manager) sealed(ctx context.Context, id string, err error) error {
	if !errors.Is(err, recipients.ErrSealed) {
		return err
	}
	if _, why := m.draft(ctx, id); why != nil {
		return why
	}
	return err
}

// Launch starts a draft: it makes one list of its parts, in which nobody stands twice, and from then on the list is what it
// is. ErrNoRecipients for an empty one.
func (m *Manager) Launch(ctx context.Context, id string) (Campaign, error) {
	return m.change(ctx, id, transition{action: "launch", from: []Status{Draft}, make: m.sealing})
}

func (m *Manager) sealing(ctx context.Context, c Campaign) (Campaign, func() error, error) {
	list, err := Seal(ctx, m.store, c.ID)
	if errors.Is(err, recipients.ErrChanged) {
		return Campaign{}, nil, fmt.Errorf("seal the list: %w", ErrConflict)
	}
	if err != nil {
		return Campaign{}, nil, fmt.Errorf("seal the list: %w", err)
	}
	if list.Index.Len() == 0 {
		return Campaign{}, nil, ErrNoRecipients
	}
	after := c.launched(m.now())
	after.Recipients, after.Duplicates, after.Segments, after.Indexed = list.Index.Len(), list.Duplicates, list.Segments, true
	return after, func() error { return m.store.Seal(ctx, c, after, list.Index, m.looksAt(after)) }, nil
}

// Sealed is a list of parts made one.
type Sealed struct {
	Index      recipients.Index
	Duplicates int
	Segments   int
}

// Seal reads the parts of a list, in order, and leaves out whoever stood there before.
func Seal(ctx context.Context, store recipients.Store, id string) (Sealed, error) {
	parts, err := store.Parts(ctx, id)
	if err != nil {
		return Sealed{}, fmt.Errorf("list the parts: %w", err)
	}
	var list Sealed
	sealer := recipients.NewSealer(parts)
	err = recipients.Scan(ctx, store, id, parts, func(p recipients.Part, page int, entries []recipients.Entry) error {
		sealer.Add(p, page, entries)
		return nil
	})
	if err != nil {
		return Sealed{}, err
	}
	for _, p := range parts {
		list.Duplicates += p.Repeated
		list.Segments = max(list.Segments, p.Segments)
	}
	list.Index, list.Duplicates = sealer.Index(), list.Duplicates+sealer.Duplicates()
	return list, nil
}

// listed are the numbers [from, to) of a campaign's list. That of a draft has no order yet but that of its parts.
func (m *Manager) listed(ctx context.Context, c Campaign, from, to int) ([]sms.Number, error) {
	if c.Status != Draft && !c.neverSealed() {
		list, err := m.store.Recipients(ctx, c.List(), from, to, to)
		return numbersOf(list), err
	}
	parts, err := m.store.Parts(ctx, c.ID)
	if err != nil {
		return nil, fmt.Errorf("list the parts: %w", err)
	}
	var list []sms.Number
	for _, span := range recipients.Unsealed(parts).Locate(from, to) {
		l := span.Leaf
		page, err := m.store.PageOf(ctx, c.ID, recipients.Part{Number: l.Part, Digest: l.Digest}, l.Page)
		if err != nil {
			return nil, fmt.Errorf("read page %d of part %d: %w", l.Page, l.Part, err)
		}
		list = append(list, numbersOf(page[span.From:span.To])...)
	}
	return list, nil
}

// neverSealed says that the campaign was cancelled as a draft.
func (c Campaign) neverSealed() bool { return c.LaunchedAt.IsZero() }
