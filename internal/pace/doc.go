// Package pace shares out the instants at which requests may leave, among all who send.
//
// It is GCRA, the generic cell rate algorithm (ITU-T I.371), in its virtual-scheduling form without a burst: one number
// for each limited thing, the theoretical arrival time (TAT), is the first instant not yet given away. Reserving n slots
// moves it n intervals on, from now if it lies in the past, in one atomic step:
//
//	TAT before ──┐          start = max(TAT, now)
//	             ▼
//	────┬────┬───┬────┬────┬────┬─────► time
//	             0    1    2    └── TAT after = start + n × interval
//
// The holder spends the slots by its own clock. Slots that are not spent (a pause, a death) are wasted, never reused,
// so the rate can only be undershot.
//
// # Headroom
//
// Requests that leave evenly do not arrive evenly. A provider that counts in fixed windows refuses the request that
// arrives early behind one that arrived late, so the interval is stretched by a headroom: with 4 % at 30 a second, a
// window of one second has room for arrivals that are up to 40 ms out of place.
//
// # When things fail
//
// If the store does not answer, nothing is reserved as far as the caller knows; if it did reserve, those slots are
// wasted. A slot that its holder missed by more than Slots.Tolerance must be reserved anew: two holders' late requests
// would meet in one window. Slots that their holder would not live to use must not be reserved (before, FullError): each
// moves the TAT on, and nothing moves it back.
package pace
