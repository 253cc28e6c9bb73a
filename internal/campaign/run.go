package campaign

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/internal/pace"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// run is one holder's work on one batch. Some of its chunks are in flight: the next is claimed while the answers to the
// last are still out, or the pace would have holes.
type run struct {
	*Deliverer
	campaign Campaign      // as last read
	text     sms.Template  // of the campaign
	pacer    Pacer         // of the campaign's longest texts
	pacers   map[int]Pacer // by segments, where texts differ
	batch    Batch         // as it is stored: nobody else changes it while the lease is held
	// carry is what has landed since the last step: it is stored with the next one.
	carry  Step
	window Window // as last read, and what has landed since
	flying []*flight
	// lost: a chunk has not landed as it should. What became of it is not stored, and behind it nothing can be settled.
	lost   bool
	shared shared
	// held is where the first recipient stands who was claimed and not sent to, once there is one; behind are the
	// outcomes of those who stand behind.
	held   int
	behind []Message
	// end is when the last reserved slot is over.
	end time.Time
	// turn is when it is looked whether others wait for a sender.
	turn time.Time
	// late: there is no time for another chunk before the invocation's deadline, or others wait.
	late bool
}

// errLost: another sender holds the batch now. What this one had claimed is marked unknown by the other.
var errLost = errors.New("lease lost")

func (r *run) run(ctx context.Context) error {
	err := r.send(ctx)
	// Whatever happened, what is in the air must land: its outcomes are known to nobody else.
	landErr := r.land(ctx, 0)
	if !r.lost {
		// What was certainly not sent is given back, also after a fault.
		err = errors.Join(err, r.close(ctx, err == nil))
	}
	err = errors.Join(err, landErr)
	if errors.Is(err, errLost) {
		r.log.WarnContext(ctx, "lease lost", "campaign", r.batch.Campaign, "batch", r.batch.Number)
		return nil
	}
	if err != nil {
		return fmt.Errorf("send batch %d of campaign %s: %w", r.batch.Number, r.batch.Campaign, err)
	}
	return nil
}

func (r *run) send(ctx context.Context) error {
	if err := r.takeOver(ctx); err != nil {
		return err
	}
	r.turn = r.now().Add(turn)
	for r.goesOn() && r.batch.Cursor < r.batch.To {
		if err := r.next(ctx); err != nil {
			return err
		}
		r.yield(ctx)
	}
	return nil
}

// yield ends a run that had its turn, if others wait for a sender: its continuation queues behind them.
func (r *run) yield(ctx context.Context) {
	if r.now().Before(r.turn) {
		return
	}
	r.turn = r.now().Add(turn)
	waiting, err := r.queue.Waiting(ctx)
	if err != nil {
		r.log.WarnContext(ctx, "unknown whether others wait", "campaign", r.batch.Campaign, "batch", r.batch.Number, "error", err)
	}
	r.late = r.late || waiting > 0
}

// know takes note of the campaign as it was read, and of what its limits are then.
func (r *run) know(c Campaign) {
	if r.pacer == nil || c.Epoch != r.campaign.Epoch {
		r.pacer, r.pacers, r.text = r.pacing(c, r.batch.Number), make(map[int]Pacer), c.Template()
	}
	r.campaign = c
}

func (r *run) running() bool { return r.campaign.Status == Running }

// goesOn says whether there may be another chunk.
func (r *run) goesOn() bool {
	return r.running() && !r.late && r.held < 0 && r.shared.stopped() == ""
}

// next reserves, claims and launches one chunk.
func (r *run) next(ctx context.Context) error {
	if err := r.await(ctx, r.end.Add(-2*claimLead)); err != nil || !r.goesOn() {
		return err
	}
	pacer := r.pacer
	n := min(r.pacerOf(r.shortest()).Chunk(), r.batch.To-r.batch.Cursor)
	if !r.timeFor(ctx, later(r.now(), r.end).Add(sending(n-1, pacer.Rate()))) {
		return nil
	}
	if err := r.land(ctx, r.aloft(n)-1); err != nil || !r.goesOn() {
		return err
	}
	list, err := r.recipients(ctx, r.batch.Cursor, n)
	if err != nil {
		return err
	}
	n, segments := r.fit(list)
	list, pacer = list[:n], r.pacerOf(segments)
	slots, err := r.reserve(ctx, pacer, n)
	if err != nil || slots.N == 0 {
		return err
	}
	if err := r.await(ctx, slots.First.Add(-claimLead)); err != nil {
		return err
	}
	if holds, err := pacer.Confirm(ctx, slots); err != nil || !holds {
		return err // the rate has changed since: the next round reserves anew
	}
	r.end = slots.End()
	if !r.goesOn() {
		return nil
	}
	return r.takeChunk(ctx, list[:slots.N], segments, pacer, slots)
}

// shortest is how few segments a text may have.
func (r *run) shortest() int {
	if len(r.text.Variables()) == 0 {
		return r.campaign.Segments
	}
	return 1
}

// fit is how many of these go out as one chunk, the more the shorter their texts are, and the segments of the longest.
func (r *run) fit(list []recipients.Recipient) (n, segments int) {
	if len(r.text.Variables()) == 0 {
		return len(list), r.campaign.Segments
	}
	for i := range list {
		longest := max(segments, r.segments(list[i:i+1]))
		if i > 0 && i >= r.pacerOf(longest).Chunk() {
			break
		}
		n, segments = i+1, longest
	}
	return n, segments
}

// segments are those of the longest text to any of these.
func (r *run) segments(list []recipients.Recipient) int {
	if len(r.text.Variables()) == 0 {
		return r.campaign.Segments
	}
	most := 1
	for _, to := range list {
		most = max(most, sms.Measure(r.text.Render(to.Values)).Segments)
	}
	return most
}

// pacerOf is that of texts of so many segments: every text of a chunk takes a slot of the same size.
func (r *run) pacerOf(segments int) Pacer {
	if segments == r.campaign.Segments {
		return r.pacer
	}
	if _, ok := r.pacers[segments]; !ok {
		c := r.campaign
		c.Segments = segments
		r.pacers[segments] = r.pacing(c, r.batch.Number)
	}
	return r.pacers[segments]
}

// takeChunk screens, claims and launches a chunk.
func (r *run) takeChunk(ctx context.Context, list []recipients.Recipient, segments int, pacer Pacer, slots pace.Slots) error {
	chunk, err := r.choose(ctx, list, segments)
	if err != nil {
		return err
	}
	from := r.batch.Cursor
	if claimed, err := r.claim(ctx, from+len(chunk.list)); err != nil || !claimed {
		return err
	}
	if err := r.recheck(ctx, chunk); err != nil {
		err = errors.Join(err, r.land(ctx, 0)) // those before them are settled first
		if r.held < 0 {                        // then these are given back
			r.held = from
		}
		return err
	}
	r.launch(ctx, &flight{
		from: from, list: chunk.list, blocked: chunk.blocked, taken: chunk.taken, done: r.batch.Counted, pacer: pacer, slots: slots,
	})
	return nil
}

// reserve takes slots for the next n. There are none if there is not to be another chunk any more.
func (r *run) reserve(ctx context.Context, pacer Pacer, n int) (pace.Slots, error) {
	w := r.want(ctx, n, later(r.batch.Due, r.end), closing)
	w.Wait = func(ctx context.Context, t time.Time) error {
		if err := r.await(ctx, t); err != nil || r.goesOn() {
			return err
		}
		return errEnough
	}
	slots, err := pacer.Reserve(ctx, w)
	if full := (pace.FullError{}); errors.As(err, &full) { // others are ahead: the continuation goes on
		r.late = true
		r.shared.wait(full.Free)
		return pace.Slots{}, nil
	}
	if errors.Is(err, errEnough) {
		return pace.Slots{}, nil
	}
	return slots, err
}

// errEnough: there is not to be another chunk.
var errEnough = errors.New("enough is sent")

// aloft is how many chunks of n may be in flight at once: two or, where a second's sends are more than a chunk, unanswered
// sends for maxAloft.
func (r *run) aloft(n int) int {
	return min(max(2, int(maxAloft.Seconds()*r.pacer.Rate())/n), maxChunksAloft)
}

// timeFor says whether this invocation can still send until then and land. Once it cannot, the run is late.
func (r *run) timeFor(ctx context.Context, t time.Time) bool {
	deadline, ok := r.deadline(ctx)
	r.late = r.late || ok && !t.Add(closing).Before(deadline)
	return !r.late
}

// await waits for a slot and keeps the lease meanwhile: with many senders, a turn may be far off.
func (r *run) await(ctx context.Context, t time.Time) error {
	for r.goesOn() {
		renewal := r.batch.Lease.Add(-leaseTime / 2)
		if !t.After(renewal) {
			break
		}
		if err := r.idle(ctx, renewal); err != nil {
			return err
		}
		if err := r.land(ctx, 0); err != nil {
			return err
		}
		if err := r.renew(ctx); err != nil {
			return err
		}
	}
	return r.idle(ctx, t)
}

// idle waits for an instant, while there is to be another chunk. What lands meanwhile is accounted for at once: it may
// forbid going on.
func (r *run) idle(ctx context.Context, t time.Time) error {
	for r.goesOn() {
		var landed <-chan struct{}
		if len(r.flying) > 0 {
			landed = r.flying[0].landed
		}
		early, err := r.untilOr(ctx, t, landed)
		if err != nil || !early {
			return err
		}
		if err := r.land(ctx, len(r.flying)-1); err != nil {
			return err
		}
	}
	return nil
}

// launch sends a chunk.
func (r *run) launch(ctx context.Context, f *flight) {
	f.Deliverer, f.batch, f.shared, f.landed = r.Deliverer, r.batch.key(), &r.shared, make(chan struct{})
	f.blank, f.text = sms.Message{From: r.campaign.Sender, Ref: r.campaign.ID}, r.text
	r.flying = append(r.flying, f)
	go f.fly(ctx)
}

// land waits until at most n chunks are in flight and adds the others to what the next step stores.
func (r *run) land(ctx context.Context, n int) error {
	var fault error
	for len(r.flying) > n {
		f := r.flying[0]
		fault = errors.Join(fault, r.wait(ctx, f))
		r.flying = r.flying[1:]
		if !r.lost && fault == nil {
			fault = r.landed(ctx, f)
		}
		r.lost = r.lost || fault != nil
	}
	return fault
}

// wait renews the lease while a chunk takes long: messages may be tried again for a while.
func (r *run) wait(ctx context.Context, f *flight) error {
	var fault error
	timer := time.NewTicker(leaseTime / 3)
	defer timer.Stop()
	for {
		select {
		case <-f.landed:
			return fault
		case <-timer.C:
			if fault == nil {
				fault = r.renew(ctx)
			}
		}
	}
}

// landed adds one chunk's outcomes up, and pauses the campaign where they ask for it.
func (r *run) landed(ctx context.Context, f *flight) error {
	if f.storeErr != nil {
		return errors.Join(f.sendErr, f.storeErr)
	}
	r.account(f)
	if f.sendErr != nil {
		r.log.WarnContext(ctx, "chunk cut short", "campaign", f.batch.Campaign, "batch", f.batch.Number, "error", f.sendErr)
	}
	if reason := r.shared.stopped(); reason != "" {
		return r.pause(ctx, reason)
	}
	if reason := r.window.tooMany(r.brake, lastReason(f.messages)); reason != "" && countOf(f.messages).Failed > 0 {
		return r.pause(ctx, reason)
	}
	return nil
}

// account settles a flight up to the first recipient who was not sent to. Who stands behind cannot be settled, only
// counted.
func (r *run) account(f *flight) {
	if r.held < 0 {
		open := f.open()
		r.count(open, taken(f.messages[:open-f.from]))
		if open == f.from+len(f.list) {
			return
		}
		r.held = open
	}
	behind := taken(f.messages[max(0, r.held-f.from):])
	r.behind, r.window = append(r.behind, behind...), r.window.plus(countOf(behind))
}

func (r *run) count(settled int, messages []Message) {
	counts := countOf(messages)
	r.carry.Settled, r.carry.Counts = settled, r.carry.Counts.Plus(counts)
	r.window = r.window.plus(counts)
}

func lastReason(messages []Message) string {
	for i := len(messages) - 1; i >= 0; i-- {
		if messages[i].State == Failed {
			return messages[i].Reason
		}
	}
	return ""
}
