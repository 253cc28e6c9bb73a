package sms

import "slices"

// Foreign are the different characters of a text that have no place in GSM-7: one of them makes all of it travel as UCS-2.
func Foreign(text string) []rune {
	var found []rune
	for _, r := range text {
		if septets(r) == 0 && !slices.Contains(found, r) {
			found = append(found, r)
		}
	}
	return found
}

// MaxText is how many characters a text may have: Vonage accepts no more (SMS API, `text`).
const MaxText = 3200
