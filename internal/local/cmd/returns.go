package main

import (
	"fmt"
	"time"

	"sluice/internal/vonage/vonagetest"
	"sluice/internal/webhook"
)

const (
	// tail is how much longer than the median the slowest twentieth of receipts and replies takes at least.
	tail = 4
	// webhooksAtOnce is below the number of processes that a function without a reserved concurrency may have
	// (lambda.DefaultConcurrency): beyond it, webhooks would be refused and come again later.
	webhooksAtOnce = 8
	// noWebhooks is the VONAGE_WEBHOOKS of a stand-in that sends nothing back.
	noWebhooks = "none"
	maxCopies  = 10
)

// readReturns reads what the stand-in sends back, and where. How it is signed is the stack's to say (machine.answer).
func readReturns(r *reader, api string) vonagetest.Returns {
	format := r.word("VONAGE_WEBHOOKS", string(vonagetest.FormatJSON), string(vonagetest.FormatPOST),
		string(vonagetest.FormatGET), noWebhooks)
	returns := vonagetest.Returns{
		Delivered: r.share("VONAGE_DELIVERED", 94), Failed: r.share("VONAGE_FAILED", 3),
		Expired: r.share("VONAGE_EXPIRED", 1), OptedOut: r.share("VONAGE_OPTED_OUT", 0),
		Delay: r.curve("VONAGE_RECEIPT_DELAY", 2*time.Second), Lost: r.share("VONAGE_LOST", 0),
		Replies: r.share("VONAGE_REPLIES", 10), Stops: r.share("VONAGE_STOPS", 10),
		ReplyDelay: r.curve("VONAGE_REPLY_DELAY", 15*time.Second),
		Copies:     r.number("VONAGE_COPIES", 1, 1, maxCopies), Concurrency: webhooksAtOnce,
	}
	const slack = 1e-9 // of sums in floating point
	if sum := returns.Delivered + returns.Failed + returns.Expired + returns.OptedOut; sum > 1+slack {
		r.faults = append(r.faults, fmt.Errorf("VONAGE_DELIVERED, VONAGE_FAILED, VONAGE_EXPIRED and VONAGE_OPTED_OUT add up "+
			"to %.4g percent: they must be at most 100", 100*sum))
	}
	if format != noWebhooks {
		returns.Format = vonagetest.Format(format)
		returns.ReceiptsURL, returns.InboundURL = api+webhook.ReceiptsPath, api+webhook.InboundPath
	}
	return returns
}

func (r *reader) curve(name string, fallback time.Duration) vonagetest.Curve {
	median := r.duration(name, fallback)
	return vonagetest.Curve{Median: median, P95: tail * median}
}
