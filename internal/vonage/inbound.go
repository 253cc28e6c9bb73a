package vonage

import (
	"strconv"
	"strings"
	"time"

	"sluice/internal/sms"
)

// maxParts is what a text's user data header can count (3GPP TS 23.040, 9.2.3.24.1).
const maxParts = 255

// readInbound reads an inbound text of the SMS API, in which msisdn is who sent it and to is our number.
func readInbound(params map[string]string, now time.Time) (sms.Inbound, error) {
	_, hasText := params["text"]
	if kind := params["type"]; !isBlank(params["status"]) || (!hasText && isBlank(kind)) {
		return sms.Inbound{}, unreadableWebhook("it is no inbound text: it has a status, or neither a text nor a type")
	}
	in := sms.Inbound{
		To:        readSender(params["to"]),
		MessageID: params["messageId"],
		At:        readTime(params["message-timestamp"], now),
	}
	if params["type"] != "binary" { // whose text, if any, is of Vonage's making
		in.Text = params["text"]
	}
	var err error
	if in.From, err = identify(in.MessageID, params["msisdn"]); err != nil {
		return sms.Inbound{}, err
	}
	if in.Part, err = readPart(params); err != nil {
		return sms.Inbound{}, err
	}
	return in, checkAddressee(in.To)
}

func checkAddressee(to sms.Sender) error {
	if to == "" {
		return unreadableWebhook("it does not say, in a form that can be kept, to whom it was sent")
	}
	return nil
}

// readPart reads which part of a long text it is. Some phones make long texts of a single part.
func readPart(params map[string]string) (sms.InboundPart, error) {
	if !strings.EqualFold(params["concat"], "true") {
		return sms.InboundPart{}, nil
	}
	part := sms.InboundPart{Ref: printableOrNone(params["concat-ref"], maxOddSender)}
	part.Total, _ = strconv.Atoi(params["concat-total"]) // 0 is refused below
	part.Number, _ = strconv.Atoi(params["concat-part"])
	switch {
	case part.Total == 1 && part.Number == 1:
		return sms.InboundPart{}, nil
	case part.Ref == "" || part.Total < 2 || part.Total > maxParts || part.Number < 1 || part.Number > part.Total:
		return sms.InboundPart{}, unreadableWebhook("it is a part of a long text, and does not say rightly which")
	}
	return part, nil
}
