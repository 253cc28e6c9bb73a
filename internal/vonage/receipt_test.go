package vonage_test

import (
	"strings"
	"testing"
	"time"

	"sluice/internal/sms"
	"sluice/internal/vonage"
)

// The receipts of Vonage's PHP SDK (test/SMS/requests).
const (
	receiptQuery = "msisdn=14845552121&to=16105553939&network-code=310004&messageId=14000000F9DBBBBB&price=0.00845000&status=delivered" +
		"&scts=1234567890&err-code=0&api-key=a1234567&client-ref=my-ref&message-timestamp=2020-07-17+02%3A34%3A35"
	receiptJSON = `{"msisdn":"14845552121","to":"16105553939","network-code":"310004","messageId":"14000000F9DBBBBB","price":"0.00845000",` +
		`"status":"delivered","scts":"1234567890","err-code":"0","api-key":"a1234567","message-timestamp":"2020-07-17 02:35:01"}`
)

// aReceipt is the first of them.
var aReceipt = params{
	"msisdn": "14845552121", "to": "16105553939", "network-code": "310004", "messageId": "14000000F9DBBBBB", "price": "0.00845000",
	"status": "delivered", "scts": "1234567890", "err-code": "0", "api-key": "a1234567", "client-ref": "my-ref",
	"message-timestamp": "2020-07-17 02:34:35",
}

func receiptOf() sms.Receipt {
	return sms.Receipt{
		Ref: "my-ref", To: "14845552121", From: "16105553939", MessageID: "14000000F9DBBBBB", Status: sms.Delivered,
		Network: "310004", Price: "0.00845000", At: time.Date(2020, 7, 17, 2, 34, 35, 0, time.UTC),
	}
}

func TestReceiptReadsWhatVonageSends(t *testing.T) {
	later := receiptOf()
	later.Ref, later.At = "", time.Date(2020, 7, 17, 2, 35, 1, 0, time.UTC)
	for _, c := range []struct {
		name string
		got  func() (sms.Receipt, error)
		want sms.Receipt
	}{
		{"a GET", func() (sms.Receipt, error) { return unsignedHooks().Receipt(get(receiptQuery)) }, receiptOf()},
		{"a form", func() (sms.Receipt, error) {
			return unsignedHooks().Receipt(post("application/x-www-form-urlencoded; charset=UTF-8", receiptQuery))
		}, receiptOf()},
		{"JSON", func() (sms.Receipt, error) { return unsignedHooks().Receipt(post("application/json", receiptJSON)) }, later},
		{"JSON with a charset", func() (sms.Receipt, error) {
			return unsignedHooks().Receipt(post("application/json; charset=utf-8", receiptJSON))
		}, later},
		{"JSON with a parameter that is none", func() (sms.Receipt, error) {
			return unsignedHooks().Receipt(post("Application/JSON; charset", receiptJSON))
		}, later},
		{"JSON without a content type", func() (sms.Receipt, error) { return unsignedHooks().Receipt(post("", " "+receiptJSON)) }, later},
		{"JSON with numbers", func() (sms.Receipt, error) {
			return unsignedHooks().Receipt(post("application/json", strings.NewReplacer(`"14845552121"`, "14845552121",
				`"0.00845000"`, "0.00845000", `"0"`, "0", `"310004"`, " 310004 ").Replace(receiptJSON)))
		}, later},
		{"JSON with values of other kinds", func() (sms.Receipt, error) {
			return unsignedHooks().Receipt(post("application/json", `{"client-ref":null,"x":true,"y":false,`+receiptJSON[1:]))
		}, later},
		{"a body that has been opened to anybody, with a signature", func() (sms.Receipt, error) {
			return unsignedHooks().Receipt(postJSON(with(aReceipt, "sig", "00")))
		}, receiptOf()},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := c.got(); err != nil || got != c.want {
				t.Errorf("got %#v (%v)", got, err)
			}
		})
	}
}

func TestReceiptReadsSignedWebhooksInEveryForm(t *testing.T) {
	for wire, request := range wires {
		if got, err := hooks().Receipt(request(sign(aReceipt))); err != nil || got != receiptOf() {
			t.Errorf("%s: got %v (%v)", wire, got, err)
		}
	}
}

func TestReceiptSaysHowFarATextHasCome(t *testing.T) {
	for status, want := range map[string]sms.Delivery{
		"accepted": sms.DeliveryAccepted, "buffered": sms.DeliveryBuffered, "delivered": sms.Delivered, "expired": sms.Expired,
		"failed": sms.Undeliverable, "rejected": sms.Rejected, "unknown": sms.DeliveryUnknown, "Delivered": sms.Delivered,
		"deleted": sms.DeliveryUnknown, "447700900123": sms.DeliveryUnknown,
	} {
		if got, err := unsignedHooks().Receipt(postJSON(with(aReceipt, "status", status))); err != nil || got.Status != want {
			t.Errorf("%q: got %s (%v), want %s", status, got.Status, err, want)
		}
	}
}

func TestReceiptSaysWhy(t *testing.T) {
	for _, c := range []struct {
		name, status, code string
		ours, reason       string
		optedOut           bool
	}{
		{"delivered", "delivered", "0", "", "", false},
		{"delivered without a code", "delivered", "-", "", "", false},
		{"delivered, whatever the code", "delivered", "9", "", "", false},
		{"accepted", "accepted", "0", "", "", false},
		{"accepted without a code", "accepted", "-", "", "", false},
		{"buffered for a reason", "buffered", "2", "vonage receipt 2", "the recipient could not be reached for a while", false},
		{"nobody knows", "failed", "1", "vonage receipt 1", "the provider does not know why", false},
		{"absent for ever", "failed", "3", "vonage receipt 3", "the number is not in use any more", false},
		{"barred", "failed", "4", "vonage receipt 4", "the recipient's operator bars the number from receiving texts", false},
		{"spam", "rejected", "6", "vonage receipt 6", "the operator took the text for spam", false},
		{"opted out", "failed", "9", "vonage receipt 9", "the recipient has opted out", true},
		{"opted out, rejected", "rejected", "9", "vonage receipt 9", "the recipient has opted out", true},
		{"opted out, in two digits", "rejected", "09", "vonage receipt 9", "the recipient has opted out", true},
		{"a filter", "rejected", "53", "vonage receipt 53", "the country's filter found no consent of the recipient", false},
		{"a general error", "failed", "99", "vonage receipt 99", "a general error of the network", false},
		{"a code that nobody knows", "failed", "95", "vonage receipt 95", "error 95", false},
		{"what is no code", "failed", "447700900123", "vonage receipt ?", "error ?", false},
		{"words in place of a code", "failed", "to 447700900123", "vonage receipt ?", "error ?", false},
		{"less than a code", "failed", "-1", "vonage receipt ?", "error ?", false},
		{"failed without a reason", "failed", "0", "vonage receipt failed", "it was not delivered, and the provider does not say why", false},
		{"rejected without a code", "rejected", "-", "vonage receipt rejected", "it was not delivered, and the provider does not say why", false},
		{"expired, in Vonage's own words", "expired", "0", "vonage receipt expired", "it was not delivered in time", false},
		{"unknown", "unknown", "0", "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := unsignedHooks().Receipt(postJSON(with(aReceipt, "status", c.status, "err-code", c.code)))
			if err != nil || got.Code != c.ours || got.Reason != c.reason || got.OptedOut != c.optedOut {
				t.Errorf("got %q, %q, opted out %v (%v)", got.Code, got.Reason, got.OptedOut, err)
			}
		})
	}
}

// Every reason of Vonage's list is in words.
func TestReceiptKnowsTheCodesThatVonageLists(t *testing.T) {
	codes := "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 50 51 52 53 54 99"
	for code := range strings.FieldsSeq(codes) {
		got, err := unsignedHooks().Receipt(postJSON(with(aReceipt, "status", "failed", "err-code", code)))
		if err != nil || got.Code != "vonage receipt "+code || strings.HasPrefix(got.Reason, "error") || got.Reason == "" {
			t.Errorf("%s: got %q, %q (%v)", code, got.Code, got.Reason, err)
		}
	}
}

func TestReceiptKeepsOnlyWhatIsSane(t *testing.T) {
	at := func(s string) params { return params{"message-timestamp": s} }
	change := func(f func(*sms.Receipt)) sms.Receipt { r := receiptOf(); f(&r); return r }
	came := func(at time.Time) sms.Receipt { return change(func(r *sms.Receipt) { r.At = at }) }
	ref := func(s string) sms.Receipt { return change(func(r *sms.Receipt) { r.Ref = s }) }
	from := func(s sms.Sender) sms.Receipt { return change(func(r *sms.Receipt) { r.From = s }) }
	long := strings.Repeat("é", 100)
	for _, c := range []struct {
		name string
		set  params
		want sms.Receipt
	}{
		{"a number with a plus", params{"msisdn": "+1 484 555 2121"}, receiptOf()},
		{"no time", at("-"), came(hookTime)},
		{"a time that cannot be read", at("yesterday"), came(hookTime)},
		{"a time of a day ahead", at("2026-03-02 09:00:00"), came(hookTime.Add(24 * time.Hour))},
		{"a time further ahead", at("2026-03-02 09:00:01"), came(hookTime)},
		{"a time in ISO 8601", at("2026-03-01T10:00:00+02:00"), came(hookTime.Add(-time.Hour))},
		{"the longest reference", params{"client-ref": long}, ref(long)},
		{"a longer reference", params{"client-ref": long + "x"}, ref("")},
		{"a reference with a line end", params{"client-ref": "a\nb"}, ref("")},
		{"no reference", params{"client-ref": "-"}, ref("")},
		{"a name as the sender", params{"to": "Acme"}, from("Acme")},
		{"a sender that we would not send from", params{"to": "Acme & Sons Ltd."}, from("Acme & Sons Ltd.")},
		{"a sender too long", params{"to": "Acme & Sons and Company Ltd."}, from("")},
		{"a sender with a bell", params{"to": "Acme\a"}, from("")},
		{"no sender", params{"to": "-"}, from("")},
		{"a network that is none", params{"network-code": "abc"}, change(func(r *sms.Receipt) { r.Network = "" })},
		{"a price that is none", params{"price": "free"}, change(func(r *sms.Receipt) { r.Price = "" })},
		{"a price without decimals", params{"price": "1."}, change(func(r *sms.Receipt) { r.Price = "" })},
		{"a price without end", params{"price": strings.Repeat("9", 21)}, change(func(r *sms.Receipt) { r.Price = "" })},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := aReceipt
			for name, value := range c.set {
				p = with(p, name, value)
			}
			if got, err := unsignedHooks().Receipt(postJSON(p)); err != nil || got != c.want {
				t.Errorf("got %#v (%v)", got, err)
			}
		})
	}
}

func TestReceiptRefusesWhatIsNone(t *testing.T) {
	for _, c := range []struct {
		name string
		p    params
	}{
		{"an inbound text", anInbound},
		{"no status", with(aReceipt, "status", "-")},
		{"a blank status", with(aReceipt, "status", " ")},
		{"no message id", with(aReceipt, "messageId", "-")},
		{"a message id with a space", with(aReceipt, "messageId", "14000000 F9DBBBBB")},
		{"a message id too long", with(aReceipt, "messageId", strings.Repeat("A", 101))},
		{"a message id of other letters", with(aReceipt, "messageId", "É")},
		{"no number", with(aReceipt, "msisdn", "-")},
		{"no such number", with(aReceipt, "msisdn", "0484555")},
		{"a number in a form of its own", with(aReceipt, "msisdn", "1.4845552121e10")},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, request := range wires {
				_, err := hooks().Receipt(request(sign(c.p)))
				checkRefusal(t, "Receipt", err, vonage.ErrUnreadable)
			}
		})
	}
}
