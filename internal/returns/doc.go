// Package returns is what comes back: delivery receipts, replies and opt-outs. It is the second half of the domain: a
// campaign that asks for answers is judged by them.
//
//	provider ─► webhook ─► queue ─► Recorder ─► table ◄─ Desk ◄─ the people who answer
//
// # Whatever comes, in whatever order, however often
//
// A receipt is folded into its recipient's Delivery: of each part of the text the furthest status holds, and the state of
// the whole follows from the parts. The fold is commutative and idempotent, and the delivery has a version: it is written,
// together with the counters that change by it, in one transaction that holds only if nobody wrote it meanwhile. So the
// counters equal the rows after every single write; a crash repeats what was not acknowledged, and a repetition changes
// nothing.
//
// A receipt proves that the provider took the text. If the recipient is unknown, because its sender died or the answer was
// lost, the receipt resolves it. If there is no record yet, or the sender has not yet settled it, the event is put back and
// looked at again later: until the record is there, or the provider has long stopped to send receipts. Of whom nothing is
// recorded, nothing is counted.
//
// # Whose reply it is
//
// A reply has two numbers and a time. Every campaign is listed under its sender; the records of the person in the latest of
// these say which was the last to write to them. No text that is sent costs a write for this.
//
// # Opt-outs
//
// STOP and its like close the sender (or all of them), in one transaction with the reply, the counters and the one
// confirmation, which is sent as a text of its own (package oneoff). From then on no claim takes the number.
package returns
