package campaign

import (
	"time"

	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// The limits of what a client may ask for, in one place. httpapi puts them into its schema; nothing repeats them.
const (
	MaxText           = sms.MaxText         // characters, before its variables are filled in and after
	MaxName           = 200                 // characters
	MaxRows           = recipients.MaxRows  // in one request
	MaxPeriod         = 30 * 24 * time.Hour // between the starts of two batches
	MaxStart          = 366 * 24 * time.Hour
	startLeeway       = time.Minute // a start_at this far in the past still means now
	MaxIdempotencyKey = 255         // characters
)

// How the work is cut up. Design decisions, not promises to clients.
const (
	// Tick is how often the dispatcher runs (template.yaml, the dispatcher's schedule).
	Tick = time.Minute
	// horizon is how far ahead batches are queued: a tick may be missed and no batch is late.
	horizon = 2*Tick + 10*time.Second
	// lead is how long before its due second a delivery is let out of the queue, and so how long a sender may
	// wait for it: queues hold back whole seconds only, and a cold start takes a part of one.
	lead = time.Second
	// releaseGroup is how many batches one transaction releases (DynamoDB takes 100 actions in one).
	releaseGroup = 50
	// maxReleaseNow bounds what one API request releases; the dispatcher goes on from there.
	maxReleaseNow  = 500
	maxReleaseTick = 5000

	// MaxChunk is the most recipients that are claimed and sent in one step; a chunk is about a second of sends.
	MaxChunk = 100
	// maxAloft is how much sending may be claimed and unanswered: at a provider that answers more slowly, the pace has
	// holes; where a sender is killed, that much is unknown.
	maxAloft = 2 * time.Second
	// maxChunksAloft is what a thousand a second need at answers after 800 ms.
	maxChunksAloft = 12
	// claimLead is how long before its first slot a chunk is claimed: one transaction's time.
	claimLead = 150 * time.Millisecond
	// slotLead is how far ahead of now slots are reserved: a reservation takes two writes where the pace was idle, and
	// the claim one.
	slotLead = 100 * time.Millisecond
	// turn is how long a sender goes on with a batch while others wait for a sender.
	turn = time.Minute
	// leaseTime is how long a sender may be silent before another may take its batch. Each claim renews it.
	leaseTime = 30 * time.Second
	// leaseMargin is the end of a lease that its holder does not rely on: clocks differ, and a write takes time.
	leaseMargin = 5 * time.Second
	// closing is kept free at the end of an invocation to land what is in flight and to queue a continuation.
	closing = 20 * time.Second
	// maxEarly is how long a sender waits for a batch's second; a delivery that is earlier goes back to the queue.
	maxEarly = 5 * time.Second
	// lastAttempt is what an attempt may take: its request and the storing of its outcome.
	lastAttempt = 15 * time.Second
	// maxWait is how long a message waits for its next attempt in place: the outcomes of its chunk wait with it. Longer
	// waits are the continuation's.
	maxWait = 5 * time.Second
	// maxAttempts bounds the retries in place of one message that the provider certainly did not take. Where only the rate
	// was the reason, it waits for its turn rather than fail: after maxThrottled in place, for a continuation.
	maxAttempts  = 5
	maxThrottled = 10
	// maxLead is the most time that is left between slots and now, where the table answers slowly.
	maxLead = 64 * slotLead
	// firstLook is how long after its due time a batch is looked at that is not done: when its sender, had it died at once,
	// would be known to have.
	firstLook = leaseTime + leaseMargin
	// repairAfter is how long after its last repair an unfinished batch is looked at: a little less than a tick, so that the
	// next one does.
	repairAfter = Tick - 5*time.Second
	// maxRepairAfter bounds the doubling of repairAfter for a batch that only waits its turn in the queue.
	maxRepairAfter = 16 * Tick
)
