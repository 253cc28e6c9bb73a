package pace

// Remembered is how many of the latest takers a State knows: enough to see who shares it, and few enough to be kept in the
// item that each take writes anyway.
const Remembered = 8

// Taker is who takes slots: one sender, for one group of senders (a campaign). The zero Taker is nobody known.
type Taker struct{ Group, Sender string }

// sharers are how many groups have taken slots lately, and how many senders of one of them.
func sharers(takers [Remembered]Taker, of string) (groups, senders int) {
	seen, own := make(map[string]bool, Remembered), make(map[string]bool, Remembered)
	for _, t := range takers {
		if t == (Taker{}) {
			continue
		}
		if seen[t.Group] = true; t.Group == of {
			own[t.Sender] = true
		}
	}
	return len(seen), max(1, len(own))
}

// share is how many of a second's slots, most at the most, one of the senders of a group takes at once where several groups
// share them: so that a round of all takes a second, and every group the same from it.
func share(perSecond float64, most int, groups, senders int) int {
	n := min(perSecond/float64(groups), float64(most)) / float64(senders)
	return max(1, int(min(perSecond, float64(most))/Remembered), int(n+0.5))
}
