package returns

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/internal/sms"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func receipt(id string, d sms.Delivery) sms.Receipt {
	return sms.Receipt{MessageID: id, Status: d, At: noon}
}

func TestFate(t *testing.T) {
	for _, c := range []struct {
		name     string
		parts    int
		receipts []sms.Receipt
		want     Fate
	}{
		{"nothing is final", 1, []sms.Receipt{receipt("a", sms.DeliveryBuffered)}, Transit},
		{"it arrived", 1, []sms.Receipt{receipt("a", sms.Delivered)}, Arrived},
		{"an intermediate status that comes late changes nothing", 1,
			[]sms.Receipt{receipt("a", sms.Delivered), receipt("a", sms.DeliveryAccepted)}, Arrived},
		{"one of two parts arrived", 2, []sms.Receipt{receipt("a", sms.Delivered)}, Transit},
		{"both arrived", 2, []sms.Receipt{receipt("a", sms.Delivered), receipt("b", sms.Delivered)}, Arrived},
		{"one of two will not", 2, []sms.Receipt{receipt("a", sms.Delivered), receipt("b", sms.Expired)}, Undelivered},
		{"one failed, and the other is still open", 2, []sms.Receipt{receipt("a", sms.Undeliverable)}, Transit},
		{"the first text failed, and the one that a person sent again arrived", 1,
			[]sms.Receipt{receipt("a", sms.Undeliverable), receipt("b", sms.Delivered)}, Arrived},
		{"a receipt of the whole text", 3, []sms.Receipt{{MessageID: "a", Status: sms.Delivered, Whole: true, At: noon}}, Arrived},
		{"no information", 1, []sms.Receipt{receipt("a", sms.DeliveryUnknown)}, Transit},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d, _ := (Delivery{}).fold(c.receipts, made{parts: c.parts}); d.Fate != c.want {
				t.Errorf("got %s, want %s", d.Fate, c.want)
			}
		})
	}
}

// However receipts are ordered, repeated and grouped, the same comes out.
func TestFoldDependsOnTheReceiptsOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.IntRange(1, 3).Draw(t, "parts")
		one := rapid.Custom(func(t *rapid.T) sms.Receipt {
			return sms.Receipt{
				MessageID: fmt.Sprint(rapid.IntRange(1, parts).Draw(t, "part")),
				Status:    sms.Delivery(rapid.IntRange(1, int(sms.Delivered)).Draw(t, "status")),
				Code:      rapid.SampledFrom([]string{"", "1", "9"}).Draw(t, "code"),
				At:        noon.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "second")) * time.Second),
			}
		})
		receipts := rapid.SliceOfN(one, 1, 12).Draw(t, "receipts")
		want, _ := (Delivery{}).fold(receipts, made{parts: parts})

		repeated := append(append([]sms.Receipt(nil), receipts...), rapid.SliceOf(rapid.SampledFrom(receipts)).Draw(t, "again")...)
		got := Delivery{}
		for left := rapid.Permutation(repeated).Draw(t, "order"); len(left) > 0; {
			n := rapid.IntRange(1, len(left)).Draw(t, "together")
			got, _ = got.fold(left[:n], made{parts: parts})
			left = left[n:]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if again, changed := got.fold(repeated, made{parts: parts}); changed {
			t.Fatalf("the same receipts changed %+v", again)
		}
	})
}

func TestAThousandPartsAreNotKept(t *testing.T) {
	var receipts []sms.Receipt
	for i := range 1000 {
		receipts = append(receipts, receipt(fmt.Sprint(i), sms.Delivered))
	}
	if d, _ := (Delivery{}).fold(receipts, made{parts: 1}); len(d.Parts) != maxParts || d.Fate != Arrived {
		t.Errorf("%d parts, %s", len(d.Parts), d.Fate)
	}
}

func TestWhyATextDidNotArrive(t *testing.T) {
	d, _ := (Delivery{}).fold([]sms.Receipt{
		{MessageID: "a", Status: sms.Delivered, At: noon}, {MessageID: "b", Status: sms.Rejected, Reason: "the number is barred", At: noon},
	}, made{parts: 2})
	if p, ok := d.Failure(); !ok || p.Reason != "the number is barred" {
		t.Errorf("got %+v, %t", p, ok)
	}
	d, _ = d.fold([]sms.Receipt{receipt("b", sms.Delivered)}, made{parts: 2})
	if _, ok := d.Failure(); ok {
		t.Error("a text that arrived has a failure")
	}
}

// A person sent a text of two parts again: what arrived of the one attempt does not make the other whole.
func TestTwoAttemptsDoNotAddUp(t *testing.T) {
	of := made{parts: 2, ids: []string{"c", "d"}}
	for _, c := range []struct {
		name     string
		receipts []sms.Receipt
		want     Fate
	}{
		{"a part of each", []sms.Receipt{receipt("a", sms.Delivered), receipt("c", sms.Delivered)}, Transit},
		{"the first arrived", []sms.Receipt{receipt("a", sms.Delivered), receipt("b", sms.Delivered)}, Arrived},
		{"the second arrived", []sms.Receipt{receipt("a", sms.Expired), receipt("c", sms.Delivered), receipt("d", sms.Delivered)}, Arrived},
		{"neither did", []sms.Receipt{receipt("a", sms.Delivered), receipt("b", sms.Expired), receipt("c", sms.Expired), receipt("d", sms.Delivered)}, Undelivered},
		{"the second is still under way", []sms.Receipt{receipt("a", sms.Expired), receipt("b", sms.Expired)}, Transit},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d, _ := (Delivery{}).fold(c.receipts, of); d.Fate != c.want {
				t.Errorf("got %s, want %s", d.Fate, c.want)
			}
		})
	}
}
