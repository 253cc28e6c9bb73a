package vonage_test

import (
	"testing"
	"time"

	"sluice/internal/sms"
	"sluice/internal/vonage"
)

// The inbound texts of Vonage's PHP SDK (test/SMS/requests).
const (
	inboundQuery = "msisdn=14845552121&to=16105553939&messageId=02000000DA7C52E7&concat=true&concat-ref=4&concat-total=4&concat-part=3" +
		"&text=Hello%2C+%C3%A9%26%3D&type=text&keyword=HELLO&api-key=a1234567&message-timestamp=2020-07-01+15%3A53%3A25"
	binaryQuery = "msisdn=14845552121&to=16105553939&messageId=02000000DA7C52E7&text=Binary+message&type=binary&keyword=BINARY" +
		"&api-key=a1234567&message-timestamp=2020-07-01+15%3A53%3A25&data=EA0601AE02056A0045C60C037761702E6F7A656B692E6875&udh=0605040B8423F0"
)

var anInbound = params{
	"msisdn": "14845552121", "to": "16105553939", "messageId": "02000000DA7C52E7", "text": "Hello, é&=", "type": "text",
	"keyword": "HELLO", "api-key": "a1234567", "message-timestamp": "2020-07-01 15:53:25",
}

var aPart = with(anInbound, "concat", "true", "concat-ref", "4", "concat-total", "4", "concat-part", "3")

func inboundOf() sms.Inbound {
	return sms.Inbound{
		From: "14845552121", To: "16105553939", MessageID: "02000000DA7C52E7", Text: "Hello, é&=",
		At: time.Date(2020, 7, 1, 15, 53, 25, 0, time.UTC),
	}
}

func partOf() sms.Inbound {
	in := inboundOf()
	in.Part = sms.InboundPart{Ref: "4", Number: 3, Total: 4}
	return in
}

func TestInboundReadsWhatVonageSends(t *testing.T) {
	if got, err := unsignedHooks().Inbound(get(inboundQuery)); err != nil || got != partOf() {
		t.Errorf("a GET: got %#v (%v)", got, err)
	}
	if got, err := unsignedHooks().Inbound(post("application/x-www-form-urlencoded", inboundQuery)); err != nil || got != partOf() {
		t.Errorf("a form: got %#v (%v)", got, err)
	}
	binary := inboundOf()
	binary.Text = ""
	if got, err := unsignedHooks().Inbound(get(binaryQuery)); err != nil || got != binary {
		t.Errorf("a binary one: got %#v (%v)", got, err)
	}
	for wire, request := range wires {
		if got, err := hooks().Inbound(request(sign(anInbound))); err != nil || got != inboundOf() {
			t.Errorf("%s: got %#v (%v)", wire, got, err)
		}
		if got, err := hooks().Inbound(request(sign(aPart))); err != nil || got != partOf() {
			t.Errorf("%s: a part: got %#v (%v)", wire, got, err)
		}
	}
}

func TestInboundReads(t *testing.T) {
	text := func(s string) sms.Inbound { in := inboundOf(); in.Text = s; return in }
	part := func(ref string, number, total int) sms.Inbound {
		in := inboundOf()
		in.Part = sms.InboundPart{Ref: ref, Number: number, Total: total}
		return in
	}
	dated := func(at time.Time) sms.Inbound { in := inboundOf(); in.At = at; return in }
	sentTo := func(s sms.Sender) sms.Inbound { in := inboundOf(); in.To = s; return in }
	for _, c := range []struct {
		name string
		p    params
		want sms.Inbound
	}{
		{"a text in unicode", with(anInbound, "type", "unicode", "text", "Да 😀"), text("Да 😀")},
		{"a text with line ends", with(anInbound, "text", "a\nb\r"), text("a\nb\r")},
		{"an empty text", with(anInbound, "text", ""), text("")},
		{"no text but a type", with(anInbound, "text", "-"), text("")},
		{"no type but a text", with(anInbound, "type", "-"), inboundOf()},
		{"a blank text", with(anInbound, "text", "  "), text("  ")},
		{"to a short code", with(anInbound, "to", "12345"), sentTo("12345")},
		{"no part, though it says of what", with(aPart, "concat", "false"), inboundOf()},
		{"no part, though it has a total", with(aPart, "concat", "-"), inboundOf()},
		{"a part, in capitals", with(aPart, "concat", "TRUE"), partOf()},
		{"the first of two", with(aPart, "concat-part", "1", "concat-total", "2"), part("4", 1, 2)},
		{"the last of the most", with(aPart, "concat-part", "255", "concat-total", "255", "concat-ref", "65535"), part("65535", 255, 255)},
		{"a part that is the whole", with(aPart, "concat-part", "1", "concat-total", "1", "concat-ref", "-"), inboundOf()},
		{"without a time", with(anInbound, "message-timestamp", "-"), dated(hookTime)},
	} {
		t.Run(c.name, func(t *testing.T) {
			for wire, request := range wires {
				if got, err := hooks().Inbound(request(sign(c.p))); err != nil || got != c.want {
					t.Errorf("%s: got %#v (%v)", wire, got, err)
				}
			}
		})
	}
}

func TestInboundRefusesWhatIsNone(t *testing.T) {
	for _, c := range []struct {
		name string
		p    params
	}{
		{"a receipt", aReceipt},
		{"a text with a status", with(anInbound, "status", "delivered")},
		{"neither a text nor a type", with(anInbound, "text", "-", "type", "-")},
		{"no message id", with(anInbound, "messageId", "-")},
		{"nobody who sent it", with(anInbound, "msisdn", "-")},
		{"a name that sent it", with(anInbound, "msisdn", "Acme")},
		{"nobody to whom", with(anInbound, "to", "-")},
		{"nobody who could be", with(anInbound, "to", "\x07")},
		{"a part beyond the total", with(aPart, "concat-part", "5")},
		{"part 0", with(aPart, "concat-part", "0")},
		{"a part in words", with(aPart, "concat-part", "three")},
		{"no part", with(aPart, "concat-part", "-")},
		{"no total", with(aPart, "concat-total", "-")},
		{"a total too great", with(aPart, "concat-total", "256")},
		{"a total beyond all numbers", with(aPart, "concat-total", "99999999999999999999")},
		{"no reference", with(aPart, "concat-ref", "-")},
		{"a reference too long", with(aPart, "concat-ref", "123456789012345678901")},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, request := range wires {
				_, err := hooks().Inbound(request(sign(c.p)))
				checkRefusal(t, "Inbound", err, vonage.ErrUnreadable)
			}
		})
	}
}
