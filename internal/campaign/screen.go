package campaign

import (
	"context"
	"fmt"
	"maps"
	"time"

	"sluice/internal/sms"
)

// screened is who is claimed next, and who of them is not sent to.
type screened struct {
	list    []sms.Number
	blocked map[sms.Number]bool
	// at is when it was asked who is blocked.
	at time.Time
}

// screenedFor is how old a screening may be at the claim.
const screenedFor = time.Second

// maxRounds bounds how often a chunk is filled up: each round takes a look at the list, while the slots come near.
const maxRounds = 4

// choose screens recipients, and as many of the next as are blocked, so that no slot is wasted: a chunk gets twice as long
// at most. If it cannot be found out who is blocked, nobody is claimed.
func (r *run) choose(ctx context.Context, list []sms.Number) (screened, error) {
	chunk := screened{at: r.now(), blocked: make(map[sms.Number]bool)}
	most := min(2*len(list), MaxChunk, r.batch.To-r.batch.Cursor)
	for range maxRounds {
		known := len(chunk.blocked)
		if err := r.screenOut(ctx, &chunk, list); err != nil {
			return chunk, err
		}
		chunk.list = append(chunk.list, list...)
		more := min(len(chunk.blocked)-known, most-len(chunk.list))
		if more <= 0 {
			break
		}
		var err error
		if list, err = r.recipients(ctx, r.batch.Cursor+len(chunk.list), more); err != nil {
			return chunk, err
		}
	}
	return chunk, nil
}

// recheck screens again what was claimed late: who opted out meanwhile is not sent to.
func (r *run) recheck(ctx context.Context, chunk *screened) error {
	if r.now().Sub(chunk.at) < screenedFor {
		return nil
	}
	return r.screenOut(ctx, chunk, chunk.list)
}

func (r *run) screenOut(ctx context.Context, chunk *screened, list []sms.Number) error {
	blocked, err := r.screen.Blocked(ctx, r.campaign.Sender, list)
	if err != nil {
		return fmt.Errorf("screen recipients: %w", err)
	}
	maps.Copy(chunk.blocked, blocked)
	return nil
}

// recipients reads n of the list from there on.
func (r *run) recipients(ctx context.Context, from, n int) ([]sms.Number, error) {
	list, err := r.store.Recipients(ctx, r.batch.Campaign, from, from+n)
	if err != nil {
		return nil, fmt.Errorf("read recipients: %w", err)
	}
	return list, nil
}
