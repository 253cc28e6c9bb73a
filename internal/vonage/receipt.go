package vonage

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"sluice/internal/sms"
)

const (
	maxMessageID = 100
	// maxRef is the longest client-ref that Vonage takes (SMS API reference 1.5.1). A longer one is not ours.
	maxRef = 100
	// maxOddSender is the longest sender that is kept though it is none by our rules: a longest number and some more.
	maxOddSender = 20
	maxNetwork   = 8
	maxPrice     = 20
	// maxAhead is by how much what is dated ahead of our clock is believed.
	maxAhead = 24 * time.Hour
)

// deliveries are the statuses of both APIs' receipts (Vonage, "Delivery receipts" and "Messages status callbacks"). `read`
// is for other channels than SMS.
var deliveries = map[string]sms.Delivery{
	"accepted": sms.DeliveryAccepted, "submitted": sms.DeliveryAccepted,
	"buffered": sms.DeliveryBuffered,
	"expired":  sms.Expired,
	"rejected": sms.Rejected,
	"failed":   sms.Undeliverable, "undeliverable": sms.Undeliverable,
	"delivered": sms.Delivered, "read": sms.Delivered,
}

// readReceipt reads a delivery receipt of the SMS API, in which msisdn is the recipient and to is the sender.
func readReceipt(params map[string]string, now time.Time) (sms.Receipt, error) {
	if isBlank(params["status"]) {
		return sms.Receipt{}, unreadableWebhook("it is no receipt: it has no status")
	}
	r := sms.Receipt{
		MessageID: params["messageId"],
		Ref:       readRef(params["client-ref"]),
		From:      readSender(params["to"]),
		Status:    readDelivery(params["status"]),
		Network:   digitsOrNone(params["network-code"]),
		Price:     decimalOrNone(params["price"]),
		At:        readTime(params["message-timestamp"], now),
	}
	r.Code, r.Reason, r.OptedOut = explain(r.Status, params["err-code"])
	var err error
	r.To, err = identify(r.MessageID, params["msisdn"])
	if err != nil {
		return sms.Receipt{}, err
	}
	return r, nil
}

func readDelivery(status string) sms.Delivery {
	if d, ok := deliveries[strings.ToLower(strings.TrimSpace(status))]; ok {
		return d
	}
	return sms.DeliveryUnknown
}

// identify checks a message's name, which becomes a key, and reads the number that it went to or came from.
func identify(messageID, number string) (sms.Number, error) {
	if messageID == "" || len(messageID) > maxMessageID || strings.ContainsFunc(messageID, notVisibleASCII) {
		return "", unreadableWebhook("it has no message id, or one that is too long or has signs in it that none has")
	}
	n, err := sms.ParseNumber(number)
	if err != nil {
		return "", unreadableWebhook("the number " + sms.ErrNumber.Error())
	}
	return n, nil
}

func notVisibleASCII(c rune) bool { return c <= ' ' || c >= unicode.MaxASCII }

// readSender reads a sender of ours. One that is none by our rules is kept: it was not necessarily us who sent.
func readSender(s string) sms.Sender {
	if sender, err := sms.ParseSender(s); err == nil {
		return sender
	}
	return sms.Sender(printableOrNone(s, maxOddSender))
}

func readRef(s string) string { return printableOrNone(s, maxRef) }

// printableOrNone does not cut what is too long: a part of a name is another name.
func printableOrNone(s string, most int) string {
	if utf8.RuneCountInString(s) > most || strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return ""
	}
	return s
}

func digitsOrNone(s string) string {
	if len(s) > maxNetwork || strings.Trim(s, "0123456789") != "" {
		return ""
	}
	return s
}

func decimalOrNone(s string) string {
	whole, fraction, point := strings.Cut(s, ".")
	if len(s) > maxPrice || whole == "" || strings.Trim(whole+fraction, "0123456789") != "" || (point && fraction == "") {
		return ""
	}
	return s
}

// timeLayouts are how the SMS API writes a time (in UTC), and the forms of ISO 8601 that the Messages API has had.
var timeLayouts = []string{time.DateTime, time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05 Z0700"}

// readTime returns now for what cannot be read or cannot be.
func readTime(s string, now time.Time) time.Time {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil && t.Sub(now) <= maxAhead {
			return t.UTC()
		}
	}
	return now.UTC()
}
