package dynamostore

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sluice/internal/returns"
	"sluice/internal/sms"
)

// cursor packs the words that say where a page ended.
func cursor(words ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(words, "\n")))
}

// readCursor unpacks so many words; returns.ErrCursor.
func readCursor(packed string, n int) ([]string, error) {
	plain, err := base64.RawURLEncoding.DecodeString(packed)
	if err != nil || len(plain) > maxCursor {
		return nil, returns.ErrCursor
	}
	words := strings.Split(string(plain), "\n")
	if len(words) != n || slices.ContainsFunc(words, isStrange) {
		return nil, returns.ErrCursor
	}
	return words, nil
}

// isStrange: it is not of what keys are made of, ASCII that can be seen.
func isStrange(word string) bool {
	return word == "" || strings.ContainsFunc(word, func(c rune) bool { return c <= ' ' || c > '~' })
}

// maxCursor is longer than any place, and short enough for a key.
const maxCursor = 200

// readNumberCursor reads where a list of numbers goes on, "" for its beginning.
func readNumberCursor(after string) (sms.Number, error) {
	if after == "" {
		return "", nil
	}
	words, err := readCursor(after, 1)
	if err != nil {
		return "", err
	}
	n, err := sms.ParseNumber(words[0])
	if err != nil {
		return "", returns.ErrCursor
	}
	return n, nil
}

// place is where a reply stands in the lists of replies: by time, then by id.
type place struct {
	at           instant
	id, campaign string
}

func placeOf(r returns.Reply) place {
	return place{at: at(r.ReceivedAt), id: r.ID, campaign: r.Campaign}
}

// millisDigits are those of an instant until the year 2286, so that texts sort as instants do.
const millisDigits = 13

func (p place) sk() string { return fmt.Sprintf("%0*d#%s", millisDigits, p.at, p.id) }

// readPlace reads the place back from the keys of the entry in its campaign's list.
func readPlace(pk, sk string) (place, error) {
	p := place{campaign: strings.TrimPrefix(pk, repliesPrefix)}
	if p.campaign == noName {
		p.campaign = ""
	}
	millis, id, found := strings.Cut(sk, "#")
	ms, err := strconv.ParseUint(millis, 10, 63)
	if err != nil || !found || len(millis) != millisDigits || id == "" {
		return p, fmt.Errorf("the key of a reply's entry has no time of %d digits and an id", millisDigits)
	}
	p.at, p.id = instant(ms), id
	return p, nil
}

func (p place) cursor() string { return cursor(replyEntryKey(p).pk, p.sk()) }

// readPlaceCursor reads where a list of replies goes on; nil for its beginning.
func readPlaceCursor(after string) (*place, error) {
	if after == "" {
		return nil, nil
	}
	words, err := readCursor(after, 2)
	if err != nil {
		return nil, err
	}
	p, err := readPlace(words[0], words[1])
	if err != nil || !strings.HasPrefix(words[0], repliesPrefix) {
		return nil, returns.ErrCursor
	}
	return &p, nil
}
