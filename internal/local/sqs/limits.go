package sqs

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of standard queues (Amazon SQS Developer Guide, "Amazon SQS quotas"; API Reference of each operation).
const (
	MaxDelay             = 900 * time.Second
	MaxVisibilityTimeout = 43200 * time.Second
	MaxWait              = 20 * time.Second
	MinRetention         = 60 * time.Second
	MaxRetention         = 14 * 24 * time.Hour
	MaxBatchEntries      = 10
	MaxReceived          = 10
	MinMessageBytes      = 1 << 10
	MaxMessageBytes      = 1 << 20
	MaxInFlight          = 120_000
	MaxReceives          = 1000
	MaxAttributes        = 10
	MaxMoveRate          = 500 // Messages a second.
	MaxMoveResults       = 10
	maxEntryID           = 80
	maxGroupID           = 128
	purgeEvery           = 60 * time.Second
	maxRequestBytes      = 8 << 20 // 1 MiB of text can take six times that in JSON escapes.
)

// What a queue has when nothing else is said (API Reference, CreateQueue).
const (
	DefaultVisibilityTimeout = 30 * time.Second
	DefaultRetention         = 4 * 24 * time.Hour
	DefaultMaxReceives       = 10
	DefaultMoveRate          = MaxMoveRate // The service finds a rate of its own.
)

// whole reads an optional number of seconds, at least 0 and at most limit.
func whole(name string, given *int64, fallback, limit time.Duration) (time.Duration, error) {
	if given == nil {
		return fallback, nil
	}
	if *given < 0 || *given > int64(limit/time.Second) {
		return 0, invalidValue("Value %d for parameter %s is invalid. Reason: %s must be >= 0 and <= %d.",
			*given, name, name, int64(limit/time.Second))
	}
	return time.Duration(*given) * time.Second, nil
}

// checkEntries holds a batch to its limits: 1 to 10 entries with valid and distinct ids.
func checkEntries(ids []string) error {
	if len(ids) == 0 {
		return fail("EmptyBatchRequest", "There should be at least one entry in the request.")
	}
	if len(ids) > MaxBatchEntries {
		return fail("TooManyEntriesInBatchRequest",
			"Maximum number of entries per request are %d. You have sent %d.", MaxBatchEntries, len(ids))
	}
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		if !validEntryID(id) {
			return fail("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens "+
				"and underscores. It can be at most %d letters long.", maxEntryID)
		}
		if seen[id] {
			return fail("BatchEntryIdsNotDistinct", "Id %s repeated.", id)
		}
		seen[id] = true
	}
	return nil
}

func validEntryID(id string) bool {
	if id == "" || len(id) > maxEntryID {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// checkText refuses what XML 1.0 cannot hold (API Reference, SendMessage, MessageBody).
func checkText(text string) error {
	if !utf8.ValidString(text) {
		return invalidContents("is not valid UTF-8")
	}
	for _, r := range text {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return invalidContents(fmt.Sprintf("holds the character U+%04X", r))
		}
	}
	return nil
}

// checkGroup refuses what is no message group: letters, digits and punctuation of ASCII alone (API Reference, SendMessage,
// MessageGroupId). On a standard queue there may be none.
func checkGroup(id *string) error {
	if id == nil || len(*id) >= 1 && len(*id) <= maxGroupID && !strings.ContainsFunc(*id, isNotPrinted) {
		return nil
	}
	return invalidValue("Value %s for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include "+
		"alphanumeric and punctuation characters. 1 to %d in length.", *id, maxGroupID)
}

func isNotPrinted(r rune) bool { return r <= ' ' || r > '~' }
