// Package oneoff sends single texts to single people, outside of any campaign: an answer to a reply, the confirmation of
// an opt-out, a test. They take their slots of the same pace as the campaigns, one at a time, and have a queue and senders of their
// own, so that no batch stands before them.
//
//	pending ──claim──► sending ──► accepted, failed, unknown
//	   ▲  └─ skipped      │
//	   └── certainly not ─┘ sent
//
// A text is stored before it is queued, and claimed, by a conditional write, before it is sent. So it is sent once at most:
// who finds it claimed leaves it alone, and after a while without an outcome it is unknown, until a receipt resolves it.
package oneoff
