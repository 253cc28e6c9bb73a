package report

import (
	"context"
	"fmt"
	"strconv"

	"sluice/internal/campaign"
	"sluice/internal/optout"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

const (
	// MaxPage is how many rows a page may have.
	MaxPage = 1000
	// maxWalk is how many recipients one page looks at where the list has to be walked for those in one state.
	maxWalk = 5 * MaxPage
	// cancelled is why those are skipped whom a cancelled campaign did not come to.
	cancelled = "the campaign was cancelled"
	// MaxIndex is beyond the end of every list.
	MaxIndex = 1_000_000_000
)

// ErrCursor: what should say where a page ended was not given out as such.
var ErrCursor = optout.ErrCursor

// Campaigns knows the campaigns and their lists (campaign.Manager). It may be called concurrently.
type Campaigns interface {
	// Campaign returns campaign.ErrNotFound for an unknown id.
	Campaign(ctx context.Context, id string) (campaign.Campaign, error)
	// Messages lists recipients in the list's order, from index after on, with what is known of each.
	Messages(ctx context.Context, id string, after, limit int) ([]campaign.Message, error)
}

// Store has the records. It may be called concurrently.
type Store interface {
	// Messages and Deliveries return those of the numbers that have one.
	Messages(ctx context.Context, id string, numbers []sms.Number) (map[sms.Number]campaign.Message, error)
	Deliveries(ctx context.Context, id string, numbers []sms.Number) (map[sms.Number]returns.Delivery, error)
	// Records lists the records that are in one state, in an order that stays the same, behind the given cursor ("" is the
	// beginning); next is the cursor of the next page, "" at the end. It looks at as much as one request may: a page may
	// be short, and empty, where next is not. ErrCursor.
	Records(ctx context.Context, id string, state campaign.State, after string, limit int,
	) (page []campaign.Message, next string, err error)
	// Sum adds up all records with their deliveries. Of those who are written to at this moment, it may not see the last
	// second.
	Sum(ctx context.Context, id string) (Sum, error)
	// Total is what came back to the campaign.
	Total(ctx context.Context, id string) (returns.Tally, error)
}

// Reporter makes reports. It may be used concurrently.
type Reporter struct {
	campaigns Campaigns
	store     Store
}

// New returns a reporter.
func New(campaigns Campaigns, store Store) *Reporter {
	return &Reporter{campaigns: campaigns, store: store}
}

// Query is what a list is to have in it.
type Query struct {
	// State is the one that the recipients are in; empty for all of them.
	State campaign.State
	// After is the next of the page before, empty for the first; Limit at most MaxPage.
	After string
	Limit int
}

// Page lists recipients with what became of each; next is the After of the next page, empty at the end. All of them, and
// those without a record, stand in the list's order, and After is then an index. Others stand in no order that means
// anything. Where one state is asked for, a page may be short, and even empty, though there is a next one: so many are
// looked at in one call. campaign.ErrNotFound, ErrCursor.
func (r *Reporter) Page(ctx context.Context, id string, q Query) (page []Row, next string, err error) {
	c, err := r.campaigns.Campaign(ctx, id)
	if err != nil {
		return nil, "", err
	}
	if q.After == "0" { // as an index, it is the beginning
		q.After = ""
	}
	if index, ok := q.walks(c); ok {
		return r.walk(ctx, c, q, index)
	}
	found, next, err := r.store.Records(ctx, id, q.State, q.After, q.Limit)
	if err != nil {
		return nil, "", fmt.Errorf("list the records of campaign %s: %w", id, err)
	}
	page, err = r.rows(ctx, id, found)
	return page, next, err
}

// walks says whether the list is walked, and from which index on: where all are asked for, or some who have no record. Once
// begun, it goes on in the same way, whatever becomes of the campaign.
func (q Query) walks(c campaign.Campaign) (int, bool) {
	if q.After == "" {
		unrecorded := q.State == campaign.Pending || q.State == campaign.Skipped && c.Status == campaign.Cancelled
		return 0, q.State == "" || unrecorded
	}
	index, err := strconv.ParseUint(q.After, 10, 31)
	return int(index), err == nil
}

// walk looks through the list for a page.
func (r *Reporter) walk(ctx context.Context, c campaign.Campaign, q Query, from int) (page []Row, next string, err error) {
	most := q.Limit
	if q.State != "" {
		most = maxWalk
	}
	at := from
	for at < c.Recipients && at-from < most {
		some, err := r.campaigns.Messages(ctx, c.ID, at, min(MaxPage, most-(at-from)))
		if err != nil {
			return nil, "", err
		}
		if len(some) == 0 {
			break
		}
		taken, looked := q.take(some, q.Limit-len(page))
		rows, err := r.rows(ctx, c.ID, taken)
		if err != nil {
			return nil, "", err
		}
		page, at = append(page, rows...), at+looked
		if len(page) == q.Limit {
			break
		}
	}
	if at < c.Recipients && at > from {
		next = strconv.Itoa(at)
	}
	return page, next, nil
}

// take picks those who are asked for, at most limit, and says at how many it has looked for that.
func (q Query) take(some []campaign.Message, limit int) (taken []campaign.Message, looked int) {
	for i, m := range some {
		if len(taken) == limit {
			return taken, i
		}
		if q.State == "" || m.State == q.State {
			taken = append(taken, m)
		}
	}
	return taken, len(some)
}

// rows adds what the receipts say. Who has no batch has no record, and was not sent to.
func (r *Reporter) rows(ctx context.Context, id string, messages []campaign.Message) ([]Row, error) {
	var sent []sms.Number
	for _, m := range messages {
		if m.Batch > 0 {
			sent = append(sent, m.To)
		}
	}
	var deliveries map[sms.Number]returns.Delivery
	if len(sent) > 0 {
		var err error
		if deliveries, err = r.store.Deliveries(ctx, id, sent); err != nil {
			return nil, fmt.Errorf("read the deliveries of campaign %s: %w", id, err)
		}
	}
	rows := make([]Row, 0, len(messages))
	for _, m := range messages {
		row := Row{Message: m}
		if d, ok := deliveries[m.To]; ok {
			row.Delivery = &d
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// Row is one recipient, whose text has a record; campaign.ErrNotFound for an unknown campaign, campaign.ErrNoMessage for
// whom nothing is recorded of.
func (r *Reporter) Row(ctx context.Context, id string, to sms.Number) (Row, error) {
	c, err := r.campaigns.Campaign(ctx, id)
	if err != nil {
		return Row{}, err
	}
	stored, err := r.store.Messages(ctx, id, []sms.Number{to})
	if err != nil {
		return Row{}, fmt.Errorf("read a message of campaign %s: %w", id, err)
	}
	m, ok := stored[to]
	if !ok {
		return Row{}, campaign.ErrNoMessage
	}
	if m.State == campaign.Retrying {
		m = campaign.Message{To: m.To, Index: m.Index, Batch: m.Batch, State: campaign.Pending}
		if c.Status == campaign.Cancelled {
			m.State, m.Reason = campaign.Skipped, cancelled
		}
	}
	rows, err := r.rows(ctx, id, []campaign.Message{m})
	if err != nil {
		return Row{}, err
	}
	return rows[0], nil
}

// Totals adds up what became of all recipients. campaign.ErrNotFound.
func (r *Reporter) Totals(ctx context.Context, id string) (Totals, error) {
	c, err := r.campaigns.Campaign(ctx, id)
	if err != nil {
		return Totals{}, err
	}
	sum, err := r.store.Sum(ctx, id)
	if err != nil {
		return Totals{}, fmt.Errorf("add up the records of campaign %s: %w", id, err)
	}
	returned, err := r.store.Total(ctx, id)
	if err != nil {
		return Totals{}, fmt.Errorf("add up what came back to campaign %s: %w", id, err)
	}
	return sum.Totals(c, returned), nil
}
