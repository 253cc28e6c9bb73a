package vonage_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sluice/internal/vonage"
)

// refusedInEveryForm lets a webhook of the SMS API come in by each way.
func refusedInEveryForm(t *testing.T, w *vonage.Webhooks, p params, want error) {
	t.Helper()
	for _, request := range wires {
		refused(t, w, request(p), want)
	}
}

func TestForgedWebhooksAreRefused(t *testing.T) {
	for kind, p := range map[string]params{"a receipt": sign(aReceipt), "an inbound text": sign(aPart, "concat-ref", "7")} {
		forge := func(name string, p params) {
			t.Helper()
			t.Run(kind+"/"+name, func(t *testing.T) { refusedInEveryForm(t, hooks(), p, vonage.ErrForged) })
		}
		names := slices.Sorted(maps.Keys(p))
		for i, name := range names {
			forge("another "+name, with(p, name, p[name]+"1"))
			forge("a shorter "+name, with(p, name, p[name][1:]+" "))
			forge("no "+name, with(p, name, "-"))
			forge(name+" blank", with(p, name, " "))
			forge(name+" by another name", with(p, name, "-", name+"x", p[name]))
			forge(name+" in capitals", with(p, name, "-", strings.ToUpper(name), p[name]))
			other := names[(i+1)%len(names)]
			forge(name+" and "+other+" exchanged", with(p, name, p[other], other, p[name]))
		}
		forge("one more", with(p, "x", "1"))
		forge("one more that is ours", with(p, "data", "00"))
		forge("one in another's value", with(p, "nonce", "-", "messageId", p["messageId"]+"&nonce="+p["nonce"]))
		forge("signed with another secret", with(p, "sig", vonage.HMACSHA256.Sign(p, "another")))
		forge("signed with no secret", with(p, "sig", vonage.HMACSHA256.Sign(p, "")))
		for _, m := range vonage.Methods() {
			if m != vonage.HMACSHA256 {
				forge("signed by "+string(m), with(p, "sig", m.Sign(p, signatureSecret)))
			}
		}
	}
}

func TestForgedSignaturesAreRefused(t *testing.T) {
	p := sign(aReceipt)
	sig := p["sig"]
	forged := []string{sig[:len(sig)-2], sig[:32], sig[2:], sig + "00", sig + "0", " " + sig, sig + " ", "0x" + sig, "g", "00", sig + sig, "é"}
	for i := range sig {
		other := byte('0')
		if sig[i] == other {
			other = '1'
		}
		forged = append(forged, sig[:i]+string(other)+sig[i+1:])
	}
	for _, s := range forged {
		refusedInEveryForm(t, hooks(), with(p, "sig", s), vonage.ErrForged)
	}
}

func TestUnsignedWebhooksAreForgedAndSoNamed(t *testing.T) {
	for _, p := range []params{aReceipt, aPart, with(sign(aReceipt), "sig", ""), with(sign(aPart), "sig", "-")} {
		refusedInEveryForm(t, hooks(), p, vonage.ErrUnsigned)
	}
	if !errors.Is(vonage.ErrUnsigned, vonage.ErrForged) {
		t.Error("what is unsigned may be forged")
	}
}

// What is without a value is not always part of what is signed. So it must never mean anything.
func TestWhatIsAddedWithoutAValueSaysNothing(t *testing.T) {
	p := sign(aReceipt, "client-ref", "-")
	want := receiptOf()
	want.Ref = ""
	for wire, request := range wires {
		for _, blank := range []string{"", " ", "\t"} {
			if got, err := hooks().Receipt(request(with(p, "client-ref", blank, "text", blank))); err != nil || got != want {
				t.Errorf("%s, %q: got %#v (%v)", wire, blank, got, err)
			}
		}
	}
}

// Vonage signs "_" for both of these, so nobody can tell.
func TestSignaturesDoNotTellSeparatorsFromUnderscores(t *testing.T) {
	p := sign(anInbound, "text", "Hello & co")
	want := inboundOf()
	want.Text = "Hello _ co"
	if got, err := hooks().Inbound(postJSON(with(p, "text", "Hello _ co"))); err != nil || got != want {
		t.Errorf("got %#v (%v)", got, err)
	}
}

func TestWebhooksAreTakenForThreeDays(t *testing.T) {
	ago := func(d time.Duration) string { return strconv.FormatInt(hookTime.Add(-d).Unix(), 10) }
	for _, c := range []struct {
		name, timestamp string
		taken           bool
	}{
		{"now", ago(0), true},
		{"at the last retry", ago(72 * time.Hour), true},
		{"as old as may be", ago(vonage.MaxWebhookAge), true},
		{"a second older", ago(vonage.MaxWebhookAge + time.Second), false},
		{"of the last century", "1", false},
		{"as far ahead as may be", ago(-vonage.MaxWebhookAhead), true},
		{"a second further", ago(-vonage.MaxWebhookAhead - time.Second), false},
		{"at the end of time", "8589934591", false},
		{"after the end of time", "9999999999999999999", false},
		{"in milliseconds", ago(0) + "000", false},
		{"before time", "-1772355600", false},
		{"a date", "2026-03-01 09:00:00", false},
		{"with a fraction", ago(0) + ".5", false},
		{"blank", " ", false},
		{"none", "-", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := sign(aReceipt, "timestamp", c.timestamp)
			if !c.taken {
				refusedInEveryForm(t, hooks(), p, vonage.ErrForged)
				return
			}
			for wire, request := range wires {
				if got, err := hooks().Receipt(request(p)); err != nil || got != receiptOf() {
					t.Errorf("%s: got %v (%v)", wire, got, err)
				}
			}
		})
	}
}

func TestEverySecretIsTried(t *testing.T) {
	for name, secrets := range map[string][]string{
		"the only one": {signatureSecret}, "the current one": {signatureSecret, "old"}, "the one before": {"new", signatureSecret},
		"one beside a blank": {"", " ", signatureSecret},
	} {
		w := vonage.NewWebhooks(hookConfig(vonage.HMACSHA256, secrets...))
		if _, err := w.Receipt(postJSON(sign(aReceipt))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := w.Receipt(signedMessage(statusJSON)); err != nil {
			t.Errorf("%s, a message: %v", name, err)
		}
	}
}

func TestSecretsAreReadOnceAndRenewedOnceWhereNoneFits(t *testing.T) {
	for _, c := range []struct {
		name           string
		p              params
		first, renewed []string
		reads, renews  int
		want           error
	}{
		{"the first fits", sign(aReceipt), []string{signatureSecret}, nil, 1, 0, nil},
		{"the newer one fits", sign(aReceipt), []string{"old"}, []string{signatureSecret, "old"}, 1, 1, nil},
		{"only the newer one is there", sign(aReceipt), nil, []string{signatureSecret}, 1, 1, nil},
		{"none fits", sign(aReceipt), []string{"old"}, []string{"new", "old"}, 1, 1, vonage.ErrForged},
		{"unsigned", aReceipt, []string{"old"}, []string{"new"}, 0, 0, vonage.ErrForged},
		{"too old", sign(aReceipt, "timestamp", "1"), []string{signatureSecret}, nil, 1, 0, vonage.ErrForged},
		{"unreadable", params{"msisdn": "\x00"}, []string{signatureSecret}, nil, 0, 0, vonage.ErrUnreadable},
	} {
		t.Run(c.name, func(t *testing.T) {
			reads, renews := 0, 0
			config := hookConfig(vonage.HMACSHA256)
			config.Secrets = func(context.Context) ([]string, error) { reads++; return c.first, nil }
			config.Renew = func(context.Context) ([]string, error) { renews++; return c.renewed, nil }
			if _, err := vonage.NewWebhooks(config).Receipt(postJSON(c.p)); !errors.Is(err, c.want) || reads != c.reads || renews != c.renews {
				t.Errorf("got %v, %d reads, %d renewals", err, reads, renews)
			}
		})
	}
}

// A webhook that could not be verified through no fault of its own is neither forged nor unreadable.
func TestFaultsAreNotBlamedOnTheWebhook(t *testing.T) {
	down := errors.New("the secret store is down")
	failing := func(context.Context) ([]string, error) { return nil, down }
	for name, config := range map[string]vonage.WebhookConfig{
		"no configuration":           {},
		"no secrets to read":         {Method: vonage.HMACSHA256},
		"no secret":                  hookConfig(vonage.HMACSHA256),
		"only blank secrets":         hookConfig(vonage.HMACSHA256, "", "  "),
		"no method":                  hookConfig("", signatureSecret),
		"a method that there is not": hookConfig("rot13", signatureSecret),
		"secrets that fail":          {Method: vonage.HMACSHA256, Secrets: failing},
		"only blank secrets anew":    {Method: vonage.HMACSHA256, Secrets: always("old"), Renew: always("", "  ")},
		"secrets that fail to renew": {Method: vonage.HMACSHA256, Secrets: always("old"), Renew: failing},
	} {
		t.Run(name, func(t *testing.T) {
			p := sign(aReceipt)
			for _, sig := range []string{vonage.HMACSHA256.Sign(p, signatureSecret), vonage.HMACSHA256.Sign(p, ""), vonage.HMACSHA256.Sign(p, "  ")} {
				_, err := vonage.NewWebhooks(config).Receipt(postJSON(with(p, "sig", sig)))
				if err == nil || errors.Is(err, vonage.ErrForged) || errors.Is(err, vonage.ErrUnreadable) || errors.Is(err, vonage.ErrTooLarge) {
					t.Errorf("got %v", err)
				}
				if config.Secrets != nil && strings.Contains(name, "fail") && !errors.Is(err, down) {
					t.Errorf("got %v, want %v", err, down)
				}
			}
		})
	}
}
