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
// so the rate can only be undershot: by a chunk at most, which is about a second's slots.
//
// State has the arithmetic and is pure; Store keeps one for each key; Pace is what the senders of a process share, Pacer
// what one of them uses; Limits is for people.
//
// # Headroom
//
// Requests that leave evenly do not arrive evenly. A provider that counts in fixed windows refuses the request that
// arrives early behind one that arrived late, so the interval is stretched by a headroom: with 4 % at 30 a second, a
// window of one second has room for arrivals that are up to 40 ms out of place. Half of that is for the sender, who may use
// a slot so much later (Slots.Missed), and half for the road.
//
// # Several limits
//
// A request is charged to several limits, from the widest to the narrowest: the account's requests, its number's segments,
// a campaign's own. A stretch is taken of each, all from one instant, in one transaction or not at all:
//
//	campaign, 10/s  ├─ 0..9 ───────────────────────────┤
//	account, 30/s   ├─ 0..9 ───┤├─ somebody else's ────────
//	requests        | | | | | |
//
// The requests leave as densely as the widest limit allows, so that each lies within its stretch of that, and nothing of it is
// lost. Under a narrower one a chunk is then a burst. What a window of a second holds is therefore counted there: the state
// remembers the latest bursts, and a new one begins when there is room for each of its requests, whatever their sizes and
// units (State.Spend, room). A chunk is never larger than what a window holds: at 10 segments a second, three texts of three
// segments. What chunks of different sizes cost is a part of a second where they meet.
//
// The instant is the first that is free under all. Where a narrow limit is free later than a wide one, the sender waits
// until it is near: what it would take of the wide one by then, nobody else could use. Where others were faster, the answer
// tells by how much, and the next try starts from there.
//
// A number's limit that nobody has set follows from the account's (Implied). It is looked up once a second and costs
// nothing else, until it is set or the provider refuses.
//
// # Fairness
//
// Stretches take turns, so senders share a limit evenly, but campaigns with more senders would get more of it. The state
// therefore remembers who took the latest eight stretches, in the item that each take writes anyway. Where these are of
// several groups (campaigns), each sender takes its group's share of a second, divided by the group's senders: a round of
// all takes a second, and every group the same from it. So a campaign that may send less than its share gets all that it may.
//
// # Clocks
//
// A sender whose clock is ahead reserves from its own later now, and idles the pace; that is harmless. But it also spends
// its slots early, and one that is behind spends them late: two stretches that are disjoint in the table meet in one real
// second. With clocks half a second apart, a window holds half as much again.
//
// So senders share one clock: that of the store, whose every answer bears a date. It tells the second only, and a Clock
// learns the rest by asking every 10 ms until the second turns, which gives the offset to within 10 ms and the time of an
// answer; a clock that is less wrong is left alone. That takes a second at most, once in the life of a process, and it is
// done when a reservation first finds others ahead, who have to be waited for anyhow: who sends alone needs no common clock.
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
// that is over it takes nothing and is told the new state: nobody reads the limit before a chunk. A campaign's own limit
// comes with its charge, and the number of its generation with it: whoever brings a newer one stores it.
//
// # When things fail
//
// If the store does not answer, nothing is reserved as far as the caller knows; if it did reserve, those slots are
// wasted. A slot that its holder missed is lost, or two holders' late requests would meet in one window; those behind it are
// not. Slots that their holder would not live to use are not reserved (FullError): each moves the TAT on, and nothing moves
// it back. A refusal that cannot be reported is not lost on anybody: the next one will be.
package pace
