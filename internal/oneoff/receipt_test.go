package oneoff_test

import (
	"strings"
	"testing"

	"sluice/internal/campaign"
	"sluice/internal/oneoff"
	"sluice/internal/sms"
)

func TestATextHasComeAsFarAsItsLastPart(t *testing.T) {
	two, long := []sms.Part{{MessageID: "a"}, {MessageID: "b"}}, strings.Repeat("two parts ", 20)
	is := func(id string, d sms.Delivery) sms.Receipt { return sms.Receipt{MessageID: id, Status: d} }
	for _, c := range []struct {
		name     string
		parts    []sms.Part
		body     string
		receipts []sms.Receipt
		want     sms.Delivery
	}{
		{"one of one", two[:1], "", []sms.Receipt{is("a", sms.Delivered)}, sms.Delivered},
		{"one of two", two, "", []sms.Receipt{is("a", sms.Delivered)}, sms.DeliveryAccepted},
		{"one of two, buffered", two, "", []sms.Receipt{is("a", sms.DeliveryBuffered)}, sms.DeliveryAccepted},
		{"one of two, of which nothing is known", two, "", []sms.Receipt{is("a", sms.DeliveryUnknown)}, sms.DeliveryUnknown},
		{"both", two, "", []sms.Receipt{is("b", sms.Delivered), is("a", sms.Delivered)}, sms.Delivered},
		{"one twice", two, "", []sms.Receipt{is("a", sms.Delivered), is("a", sms.Delivered)}, sms.DeliveryAccepted},
		{"both, one buffered", two, "", []sms.Receipt{is("a", sms.Delivered), is("b", sms.DeliveryBuffered)}, sms.DeliveryBuffered},
		{"both, one failed", two, "", []sms.Receipt{is("a", sms.Undeliverable), is("b", sms.Delivered)}, sms.Undeliverable},
		{"one of as many as the text has", nil, long, []sms.Receipt{is("a", sms.Delivered)}, sms.DeliveryAccepted},
		{"as many as the text has", nil, long, []sms.Receipt{is("a", sms.Delivered), is("b", sms.Delivered)}, sms.Delivered},
		{"one of the whole text", nil, long, []sms.Receipt{{MessageID: "a", Status: sms.Delivered, Whole: true}}, sms.Delivered},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := oneoff.Text{State: campaign.Accepted, Parts: c.parts, Body: c.body}
			for _, r := range c.receipts {
				text, _ = text.Folded(r)
			}
			if text.Delivery != c.want {
				t.Errorf("delivery is %s, want %s", text.Delivery, c.want)
			}
		})
	}
}

// The receipt of one part is faster than the answer that says that there are two.
func TestAReceiptThatIsFasterThanTheOutcomeIsOfOnePart(t *testing.T) {
	onStage(t, oneoff.Answer, func(s *stage) {
		s.answer = func(int) sms.Outcome {
			text, err := s.table.OneOff(t.Context(), id)
			if err != nil {
				t.Error(err)
			}
			text, _ = text.Folded(sms.Receipt{MessageID: "m1", Status: sms.Delivered})
			if err := s.table.SaveOneOff(t.Context(), text); err != nil {
				t.Error(err)
			}
			return sms.Outcome{Verdict: sms.Accepted, Parts: []sms.Part{{MessageID: "m1"}, {MessageID: "m2"}}}
		}
		if err := s.deliver(); err != nil {
			t.Error(err)
		}
		text := s.ends(campaign.Accepted, "", 1)
		if text.Delivery != sms.DeliveryAccepted {
			t.Errorf("delivery is %s after one receipt of two", text.Delivery)
		}
		if text, _ = text.Folded(sms.Receipt{MessageID: "m2", Status: sms.Delivered}); text.Delivery != sms.Delivered {
			t.Errorf("delivery is %s after both", text.Delivery)
		}
	})
}

func TestReceiptsInAnyOrderAndMoreThanOnce(t *testing.T) {
	text := oneoff.Text{State: campaign.Accepted}
	for _, r := range []sms.Receipt{
		{MessageID: "a", Status: sms.Delivered}, {MessageID: "b", Status: sms.DeliveryBuffered},
		{MessageID: "a", Status: sms.DeliveryAccepted}, {MessageID: "b", Status: sms.Delivered},
	} {
		text, _ = text.Folded(r)
	}
	if text.Delivery != sms.Delivered {
		t.Errorf("delivery is %s", text.Delivery)
	}
	if _, changed := text.Folded(sms.Receipt{MessageID: "b", Status: sms.Delivered}); changed {
		t.Error("a receipt that comes twice changes something")
	}
}
