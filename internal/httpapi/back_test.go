package httpapi_test

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/oneoff"
	"sluice/internal/optout"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

// back keeps in memory what came back, as far as the desk and the suppression list ask for it.
type back struct {
	returns.Store // what else there is, nobody calls

	mu           sync.Mutex
	replies      map[string]returns.Reply
	texts        map[string]oneoff.Text
	suppressions map[sms.Number]optout.Suppression
	deliveries   map[sms.Number]returns.Delivery
	minutes      []returns.Minute
	total        returns.Tally
	queued       []string
	asked        []sms.Number // whose deliveries were asked for
	from         time.Time    // that minutes were asked for from
	fails        error
	unsigned     bool

	table campaign.Store // where the campaigns are

	forecast canned
}

func newBack() *back {
	return &back{
		replies: make(map[string]returns.Reply), texts: make(map[string]oneoff.Text),
		suppressions: make(map[sms.Number]optout.Suppression), deliveries: make(map[sms.Number]returns.Delivery),
	}
}

// singles is where tests are, with the campaigns.
func (b *back) singles() oneoff.Store { return b.table.(oneoff.Store) }

var errStore = errors.New("the table is on fire")

func (b *back) lock() func() {
	b.mu.Lock()
	return b.mu.Unlock
}

func (b *back) EnqueueOneOff(_ context.Context, id string, _ time.Duration) error {
	defer b.lock()()
	b.queued = append(b.queued, id)
	return nil
}

func (b *back) Campaign(_ context.Context, id string) (campaign.Campaign, error) {
	if id == unknownID {
		return campaign.Campaign{}, campaign.ErrNotFound
	}
	return campaign.Campaign{ID: id}, b.fails
}

func (b *back) Reply(_ context.Context, id string) (returns.Reply, error) {
	defer b.lock()()
	r, ok := b.replies[id]
	if !ok {
		return r, campaign.ErrNotFound
	}
	return r, b.fails
}

func (b *back) OneOff(_ context.Context, id string) (oneoff.Text, error) {
	defer b.lock()()
	return b.texts[id], b.fails
}

func (b *back) Replies(_ context.Context, id, after string, limit int) ([]returns.Reply, string, error) {
	return b.listed(after, limit, -1, func(r returns.Reply) bool { return r.Campaign == id })
}

func (b *back) OpenReplies(_ context.Context, id, after string, limit int) ([]returns.Reply, string, error) {
	return b.listed(after, limit, 1, func(r returns.Reply) bool {
		return r.Status == returns.Open && (id == returns.All || r.Campaign == id)
	})
}

// listed pages by place, in the order of time or the other.
func (b *back) listed(after string, limit, order int, is func(returns.Reply) bool) ([]returns.Reply, string, error) {
	defer b.lock()()
	all := slices.SortedFunc(maps.Values(b.replies), func(x, y returns.Reply) int {
		return order * x.ReceivedAt.Compare(y.ReceivedAt)
	})
	return paged(slices.DeleteFunc(all, func(r returns.Reply) bool { return !is(r) }), after, limit, b.fails)
}

func paged[T any](all []T, after string, limit int, err error) ([]T, string, error) {
	from, unreadable := strconv.Atoi(cmp.Or(after, "0"))
	if unreadable != nil {
		return nil, "", optout.ErrCursor
	}
	from = min(from, len(all))
	to := min(from+limit, len(all))
	if to == len(all) {
		return all[from:], "", err
	}
	return all[from:to], strconv.Itoa(to), err
}

func (b *back) Move(_ context.Context, _, after returns.Reply, t *oneoff.Text, tally returns.Tally) error {
	defer b.lock()()
	b.replies[after.ID], b.total = after, b.total.Plus(tally)
	if t != nil {
		b.texts[t.ID] = *t
	}
	return b.fails
}

func (b *back) Total(context.Context, string) (returns.Tally, error) { return b.total, b.fails }

func (b *back) Minutes(_ context.Context, _ string, from time.Time, limit int) ([]returns.Minute, error) {
	b.from = from
	found := slices.DeleteFunc(slices.Clone(b.minutes), func(m returns.Minute) bool { return m.At.Before(from) })
	return found[:min(limit, len(found))], b.fails
}

func (b *back) Deliveries(_ context.Context, _ string, numbers []sms.Number) (map[sms.Number]returns.Delivery, error) {
	b.asked = append(b.asked, numbers...)
	return b.deliveries, b.fails
}

func (b *back) Suppressions(_ context.Context, numbers []sms.Number) (map[sms.Number]optout.Suppression, error) {
	defer b.lock()()
	found := make(map[sms.Number]optout.Suppression)
	for _, n := range numbers {
		if s, ok := b.suppressions[n]; ok {
			found[n] = s
		}
	}
	return found, b.fails
}

func (b *back) Suppress(_ context.Context, s optout.Suppression) error {
	defer b.lock()()
	s.Version++
	b.suppressions[s.Number] = s
	return b.fails
}

func (b *back) SuppressAll(_ context.Context, numbers []sms.Number, m optout.Mark) error {
	defer b.lock()()
	for _, n := range numbers {
		b.suppressions[n] = optout.Suppression{Number: n, Marks: map[optout.Scope]optout.Mark{optout.Everyone: m}}
	}
	return b.fails
}

func (b *back) SuppressionsAfter(_ context.Context, after string, limit int) ([]optout.Suppression, string, error) {
	defer b.lock()()
	all := slices.SortedFunc(maps.Values(b.suppressions), func(x, y optout.Suppression) int {
		return cmp.Compare(x.Number, y.Number)
	})
	return paged(slices.DeleteFunc(all, func(s optout.Suppression) bool { return !s.Out() }), after, limit, b.fails)
}

func (b *back) AllSuppressions(ctx context.Context, visit func([]optout.Suppression)) error {
	all, _, err := b.SuppressionsAfter(ctx, "", len(b.suppressions))
	visit(all)
	return err
}
