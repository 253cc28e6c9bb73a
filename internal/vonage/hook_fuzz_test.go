package vonage_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"sluice/internal/sms"
	"sluice/internal/vonage"
)

// seeds are requests that are signed, and some that are not.
func seeds() []*http.Request {
	var all []*http.Request
	for _, p := range []params{sign(aReceipt), sign(aReceipt, "status", "failed", "err-code", "9"), sign(anInbound), sign(aPart)} {
		for _, request := range wires {
			all = append(all, request(p))
		}
	}
	return append(all, signedMessage(statusJSON), signedMessage(rejectedJSON), signedMessage(messageInboundJSON),
		get(receiptQuery), post(formType, binaryQuery), post("application/json", receiptJSON), post("", statusJSON),
		post("application/json", `{"x":{"y":[1,null]},"x":"\u0000\ud800"`), get("a=%ff&a;b=%zz&=&&"))
}

// fuzz feeds requests that are like the seeds to read, which gets each as often as it asks for it.
func fuzz(f *testing.F, read func(t *testing.T, request func() *http.Request)) {
	for _, r := range seeds() {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(r.Method == http.MethodPost, r.URL.RawQuery, r.Header.Get("Content-Type"), r.Header.Get("Authorization"), body)
	}
	f.Fuzz(func(t *testing.T, isPost bool, query, contentType, authorization string, body []byte) {
		read(t, func() *http.Request {
			r := post(contentType, string(body))
			if r.URL.RawQuery = query; !isPost {
				r.Method = http.MethodGet
			}
			r.Header.Set("Authorization", authorization)
			return r
		})
	})
}

// alike is s as its signature sees it.
func alike(s string) string { return strings.NewReplacer("&", "_", "=", "_").Replace(s) }

func alikeReceipt(r sms.Receipt) sms.Receipt {
	r.Ref, r.From, r.MessageID = alike(r.Ref), sms.Sender(alike(string(r.From))), alike(r.MessageID)
	return r
}

func alikeInbound(in sms.Inbound) sms.Inbound {
	in.Text, in.To, in.MessageID = alike(in.Text), sms.Sender(alike(string(in.To))), alike(in.MessageID)
	return in
}

// Whatever comes in, it is refused for a reason of three, or says what one of the signed seeds says.
func FuzzReceipt(f *testing.F) {
	w, signed := hooks(), make(map[sms.Receipt]bool)
	for _, r := range seeds() {
		if got, err := w.Receipt(r); err == nil {
			signed[alikeReceipt(got)] = true
		}
	}
	if len(signed) != 4 {
		f.Fatalf("%d kinds of signed seeds", len(signed))
	}
	fuzz(f, func(t *testing.T, request func() *http.Request) {
		got, err := w.Receipt(request())
		checkFuzzed(t, err)
		if err == nil && !signed[alikeReceipt(got)] {
			t.Errorf("nobody signed %#v", got)
		}
		open, err := unsignedHooks().Receipt(request())
		checkFuzzed(t, err)
		if err != nil {
			if got != (sms.Receipt{}) {
				t.Errorf("only what is signed can be read: %v", err)
			}
			return
		}
		checkName(t, open.MessageID, open.To)
		if open.Status == 0 || open.At.After(hookTime.AddDate(0, 0, 1)) || utf8.RuneCountInString(open.Ref) > 100 ||
			!printable(open.Ref) || !printable(string(open.From)) || (open.Code == "") != (open.Reason == "") {
			t.Errorf("got %#v", open)
		}
	})
}

// As FuzzReceipt.
func FuzzInbound(f *testing.F) {
	w, signed := hooks(), make(map[sms.Inbound]bool)
	for _, r := range seeds() {
		if got, err := w.Inbound(r); err == nil {
			signed[alikeInbound(got)] = true
		}
	}
	if len(signed) != 3 {
		f.Fatalf("%d kinds of signed seeds", len(signed))
	}
	fuzz(f, func(t *testing.T, request func() *http.Request) {
		got, err := w.Inbound(request())
		checkFuzzed(t, err)
		if err == nil && !signed[alikeInbound(got)] {
			t.Errorf("nobody signed %#v", got)
		}
		open, err := unsignedHooks().Inbound(request())
		checkFuzzed(t, err)
		if err != nil {
			if got != (sms.Inbound{}) {
				t.Errorf("only what is signed can be read: %v", err)
			}
			return
		}
		checkName(t, open.MessageID, open.From)
		p := open.Part
		if !utf8.ValidString(open.Text) || strings.Contains(open.Text, "\x00") || open.To == "" || !printable(string(open.To)) ||
			(p != sms.InboundPart{} && (p.Ref == "" || p.Total < 2 || p.Total > 255 || p.Number < 1 || p.Number > p.Total)) {
			t.Errorf("got %#v, %q", open, open.Text)
		}
	})
}

func checkFuzzed(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, vonage.ErrForged) && !errors.Is(err, vonage.ErrUnreadable) && !errors.Is(err, vonage.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

func checkName(t *testing.T, id string, n sms.Number) {
	t.Helper()
	if parsed, err := sms.ParseNumber(n.Digits()); err != nil || parsed != n || id == "" || len(id) > 100 || !printable(id) {
		t.Errorf("message %q of %q", id, n.Digits())
	}
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) })
}
