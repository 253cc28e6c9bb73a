// Package campaign is the domain: what a campaign is, when its batches are released, and how a batch is sent so that
// nobody gets two texts and nobody is lost, whatever fails. It knows no AWS, no HTTP and no provider; ports.go says what
// it needs of them.
//
// # A campaign is a cursor over its recipient list
//
//	          launch              last batch done
//	draft ─────────────► running ─────────────────► completed
//	  │                  │     ▲                        ▲
//	  │            pause │     │ resume                 │
//	  │ cancel           ▼     │    last batch done     │
//	  ├───────────────  paused ─────────────────────────┘
//	  ▼                  │  running and paused may be cancelled
//	cancelled ◄──────────┘
//
// Batches are made when they are released, a little over two dispatcher ticks ahead of their time, and not before: a
// pause or a cancel touches one item, and nothing has to be called back from a queue. A new pace and a resume take back
// the few that are released and have not begun. Each transition opens a new epoch. Batch k is due at the start of batch 1
// plus k - 1 times the delay.
//
// The list of a draft comes in parts (package recipients). The launch seals it: who stands there twice is left out, and from
// then on the i-th recipient is the i-th recipient. The text of each is filled in when it is sent.
//
// # A batch has one holder, and a chunk is claimed before it is sent
//
//	From        Settled        Cursor          To
//	 ├─ outcomes ──┼── in flight ──┼── untouched ──┤
//
// A sender takes the batch's lease and then, chunk by chunk of about a second of sends, reserves slots, claims (moves
// Cursor, in one transaction with the condition that the campaign runs in this epoch), sends each message at its slot,
// stores the outcomes, and settles (moves Settled, with the counts, in the transaction of the next claim). Two chunks at
// most are in flight or, where a second's sends are more than a chunk, two seconds of sends, twelve chunks at most.
//
// What was certainly not sent is given back: Cursor returns to the first who was not sent to, and the batch notes which
// recipients behind have an outcome (Counted), so that whoever goes on leaves them out.
//
// # What the provider says
//
//	accepted   it took the text, or a part of it
//	retry      it certainly did not: tried again in place, five times, each at a slot of its own, with backoff. Where only
//	           the rate was the reason, everybody slows down, and the text does not fail however often
//	failed     for this recipient, for good. More than BRAKE_PERCENT of the latest hundred or two: the campaign pauses itself
//	stop       for everybody (credentials, credit, a barred account or sender): the campaign pauses itself and says why;
//	           who was refused so is sent to after the resume
//	unknown    the answer was lost. Only a person sends again (Manager.Retry), in a batch of one
//
// # When things fail
//
//   - A sender dies: its lease runs out; whoever takes the batch next finds what lies between Settled and Cursor and has
//     no outcome, marks it unknown, and goes on behind it. Nothing is sent again to find out.
//   - A sender stands still and wakes up after its lease was taken: it claims and sends nothing more. An outcome that it
//     still has replaces the unknown that stands in its place, and the counts follow.
//   - The outcomes of a chunk cannot be stored: nothing behind it is settled, and the batch is left to the dispatcher.
//   - A message waits for its next attempt, and the campaign is paused or the batch taken: it is not sent.
//   - A delivery is lost, or a sender's continuation: the dispatcher queues a batch again that is overdue and not held.
//   - A delivery comes twice: the second finds the lease held or the batch done, and has served.
//   - A release is cut off between the store and the queue: the batch is stored, the dispatcher queues it.
//   - An answer of the store is lost: a step is read back and compared; everything else is conditional and may be done
//     again.
package campaign
