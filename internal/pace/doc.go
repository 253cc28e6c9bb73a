// Package pace shares out the instants at which requests may leave, among all who send.
//
// It is GCRA, the generic cell rate algorithm (ITU-T I.371), in its virtual-scheduling form without a burst: one number
// for each limited thing, the theoretical arrival time (TAT), is the first instant not yet given away. Reserving n slots
// moves it n intervals on, from now if it lies in the past, in one atomic step:
//
//	TAT before ──┐          first = max(TAT, now)
//	             ▼
//	────┬────┬───┬────┬────┬────┬─────► time
//	             0    1    2    └── TAT after = first + n × interval
//
// The holder spends the slots by its own clock. Slots that are not spent (a pause, a death) are wasted, never reused,
// so the rate can only be undershot.
//
// State has the arithmetic and is pure; Store keeps one for each key; Pacer is what senders use; Limits is for people.
//
// # Headroom
//
// Requests that leave evenly do not arrive evenly. A provider that counts in fixed windows refuses the request that
// arrives early behind one that arrived late, so the interval is stretched by a headroom: with 4 % at 30 a second, a
// window of one second has room for arrivals that are up to 40 ms out of place.
//
// # Several limits
//
// A request is charged to several limits (the account's requests, a sender's segments, a campaign's own). A stretch is
// taken of each, so that every TAT moves by just its own cost, one after the other, each no earlier than the one before:
//
//	campaign, 10/s  ├─ 0..9 ───────────────────────────┤
//	account, 30/s   ├─ 0..9 ───┤├─ somebody else's ────────
//	requests        | | | | | |
//
// The requests leave as densely as the fastest allows, so that each lies within its stretch under every limit. Under the
// fastest this is exact. Under a slower one a window can hold more than it should only where chunks of different sizes
// meet, by one chunk less one at most; chunks of a second of the slowest limit, which is what senders take, meet it
// exactly.
//
// The limit that made this process wait longest comes first, then the slowest: it decides when, and the others follow.
// These are taken only 300 ms before their time, because what is taken of an idle limit for later, nobody else can use.
// If a later one begins more than its tolerance after the first, the first one's stretch would be spent late, where
// others' may lie, and is taken anew. So at worst is wasted: of a limit that idles, those 300 ms; of one that has to wait
// for another, a stretch for each round, which ends it mostly after the first, because the order is learned. Stretches
// take turns: under a full account, a slow campaign gets a chunk for each chunk of the others, which may be less than its
// own limit.
//
// # Clocks
//
// A sender whose clock is ahead reserves from its own later now, and idles the pace; that is harmless. But it also spends
// its slots early, and one that is behind spends them late: two stretches that are disjoint in the table meet in one real
// second. With clocks half a second apart, a window holds half as much again.
//
// So senders share one clock: that of the store, whose every answer bears a date. It tells the second only, and a Clock
// learns the rest by asking every 10 ms until the second turns, which gives the offset to within 10 ms and the time of an
// answer, whatever it is. That takes a second at most, once in the life of a process, and it is done when a reservation
// first finds others ahead, who have to be waited for anyhow: who sends alone needs no common clock. When the clock jumps
// forward, slots that lie behind now are missed, and reserved anew; when it jumps back, there is a hole.
//
// What remains: who starts on an idle pace with a wrong clock that is behind spends its first stretches late by its error,
// until it first sees others; one window can then hold more by that error times the rate. A clock that is set while the
// process lives is not noticed. The store's servers are taken to agree among themselves.
//
// # Refusals
//
// A wrong setting, or somebody else on the same account, shows in refusals. The first one gives nothing away for the wait
// that the provider named, lowers the rate to 90 % of what was refused, to 70 % if it came within five seconds of another,
// and opens a generation:
//
//	limit ┤                                                      ....
//	      │                                                  ...'
//	refused ┤ ──┐              ......................'''
//	      │     │     ..'''
//	90 %  ┤     └ .'
//	            0             20 s                            60 s
//
// The rate comes back as CUBIC's does (RFC 9438): quickly at first, then it stays where it was refused, then it tries what
// is above, and is back at the limit in a minute.
//
// One generation, one decrease: a refusal counts only if its slot was priced in the generation that is on, and the first
// report of it replaces the state on condition that it still is. What left at the old rate says nothing of the new one.
// With a generation, stretches that end more than two seconds from now are taken back and given away anew, so that many
// who wait in turn do not go on at the old rate. Who has waited for its slots longer than half a second asks before it
// claims (Confirm); on its way it looks at what its own process knows (Holds), which is that slots within the halt are void.
// A single request after a silence that is refused only halts: our rate was not the reason.
//
// A person's new limit is a new generation too. Each reservation names the generation that it was priced in, and where
// that is over it takes nothing and is told the new state: nobody reads the limit before a chunk.
//
// # When things fail
//
// If the store does not answer, nothing is reserved as far as the caller knows; if it did reserve, those slots are
// wasted. A slot that its holder missed by more than Slots.Tolerance must be reserved anew: two holders' late requests
// would meet in one window. A refusal that cannot be reported is not lost on anybody: the next one will be.
package pace
