package oneoff

import (
	"maps"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/sms"
)

// Folded adds a receipt, and says whether anything changed. A receipt proves that the provider took the text.
func (t Text) Folded(r sms.Receipt) (Text, bool) {
	before := t
	if r.Status > t.Receipts[r.MessageID] {
		t.Receipts = maps.Clone(t.Receipts)
		if t.Receipts == nil {
			t.Receipts = make(map[string]sms.Delivery)
		}
		t.Receipts[r.MessageID] = r.Status
	}
	if r.Whole && len(t.Parts) == 0 { // the outcome was lost that says so
		t.Parts = []sms.Part{{MessageID: r.MessageID}}
	}
	t.Delivery = t.least()
	if t.State == campaign.Unknown {
		t.State, t.Code, t.Reason, t.LookAt = campaign.Accepted, "", "", time.Time{}
	}
	return t, t.State != before.State || !maps.Equal(t.Receipts, before.Receipts)
}

// least is the delivery of the part that came least far. A part without a receipt was accepted: the text was.
func (t Text) least() sms.Delivery {
	if len(t.Receipts) == 0 {
		return 0
	}
	parts := len(t.Parts)
	if parts == 0 { // not known
		parts = sms.Measure(t.Body).Segments
	}
	least := sms.Delivered
	if len(t.Receipts) < parts {
		least = sms.DeliveryAccepted
	}
	for _, d := range t.Receipts {
		least = min(least, d)
	}
	return least
}
