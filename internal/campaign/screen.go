package campaign

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// blocked is whom nothing may be sent to, as far as was asked. It may be used concurrently.
type blocked struct {
	mu      sync.Mutex
	numbers map[sms.Number]bool
}

func (b *blocked) has(n sms.Number) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.numbers[n]
}

func (b *blocked) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.numbers)
}

// ask adds those of the numbers who are blocked now.
func (b *blocked) ask(ctx context.Context, screen Screen, from sms.Sender, numbers []sms.Number) error {
	found, err := screen.Blocked(ctx, from, numbers)
	if err != nil {
		return fmt.Errorf("screen recipients: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.Copy(b.numbers, found)
	return nil
}

// screened is who is claimed next, and who of them is not sent to.
type screened struct {
	list    []recipients.Recipient
	blocked *blocked
	taken   map[sms.Number][]sms.Part
	// at is when it was asked who is blocked.
	at time.Time
}

// screenedFor is how old a screening may be at the claim.
const screenedFor = time.Second

// maxRounds bounds how often a chunk is filled up: each round takes a look at the list, while the slots come near.
const maxRounds = 4

// choose screens recipients, and as many of the next as are blocked, so that no slot is wasted: a chunk gets twice as long
// at most, and no text of it has more segments than its slots are for. If it cannot be found out who is blocked, nobody is claimed.
func (r *run) choose(ctx context.Context, list []recipients.Recipient, segments int) (screened, error) {
	chunk := screened{at: r.now(), blocked: &blocked{numbers: make(map[sms.Number]bool)}}
	var err error
	if chunk.taken, err = r.takenBefore(ctx, list); err != nil {
		return chunk, err
	}
	most := min(2*len(list), MaxChunk, r.batch.To-r.batch.Cursor)
	for range maxRounds {
		known := chunk.blocked.count()
		if err := chunk.blocked.ask(ctx, r.screen, r.campaign.Sender, numbersOf(list)); err != nil {
			return chunk, err
		}
		chunk.list = append(chunk.list, list...)
		more := min(chunk.blocked.count()-known, most-len(chunk.list))
		if more <= 0 {
			break
		}
		if list, err = r.recipients(ctx, r.batch.Cursor+len(chunk.list), more); err != nil {
			return chunk, err
		}
		if r.segments(list) > segments {
			break
		}
	}
	return chunk, nil
}

// takenBefore finds out, of a recipient whom a person sends to again, whether the provider has told meanwhile that it had
// taken the first text. Batches of retries are of one recipient.
func (r *run) takenBefore(ctx context.Context, list []recipients.Recipient) (map[sms.Number][]sms.Part, error) {
	if r.campaign.Retries == 0 || r.batch.To-r.batch.From != 1 {
		return nil, nil
	}
	taken, err := r.screen.Taken(ctx, r.batch.Campaign, numbersOf(list))
	if err != nil {
		return nil, fmt.Errorf("look for receipts: %w", err)
	}
	return taken, nil
}

// recheck screens again what was claimed late: who opted out meanwhile is not sent to.
func (r *run) recheck(ctx context.Context, chunk screened) error {
	if r.now().Sub(chunk.at) < screenedFor {
		return nil
	}
	return chunk.blocked.ask(ctx, r.screen, r.campaign.Sender, numbersOf(chunk.list))
}

// recipients reads n of the list from there on.
func (r *run) recipients(ctx context.Context, from, n int) ([]recipients.Recipient, error) {
	list, err := r.store.Recipients(ctx, r.campaign.List(), from, from+n, r.batch.To)
	if err != nil {
		return nil, fmt.Errorf("read recipients: %w", err)
	}
	return list, nil
}

func numbersOf(list []recipients.Recipient) []sms.Number {
	numbers := make([]sms.Number, len(list))
	for i, r := range list {
		numbers[i] = r.Number
	}
	return numbers
}
