package vonagetest_test

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sluice/internal/sms"
	"sluice/internal/vonage/vonagetest"
)

func TestOnlyNumbersAreReplied(t *testing.T) {
	for from, want := range map[string]int{"Acme": 0, "A1": 0, "447700900999": 1, "60606": 1} {
		running(t, vonagetest.Returns{Replies: 1, ReplyTexts: []string{"Yes"}}, &desk{}, func(t *testing.T, fake *vonagetest.Fake) {
			post(t, client(fake), form("from", from))
			settle(t, fake)
			if got := len(fake.Webhooks()); got != want {
				t.Errorf("a text from %s has %d replies, want %d", from, got, want)
			}
		})
	}
}

func TestWhoWasNotReachedDoesNotReply(t *testing.T) {
	for name, r := range map[string]vonagetest.Returns{
		"failed": {Failed: 1}, "rejected": {Rejected: 1}, "expired": {Expired: 1}, "opted out": {OptedOut: 1},
	} {
		r.Replies = 1
		running(t, r, &desk{}, func(t *testing.T, fake *vonagetest.Fake) {
			sendTo(t, fake, 10)
			settle(t, fake)
			if kinds := count(fake.Webhooks(), func(w vonagetest.Webhook) vonagetest.WebhookKind { return w.Kind }); kinds[vonagetest.KindInbound] != 0 {
				t.Errorf("%s: %v", name, kinds)
			}
		})
	}
}

func TestPeopleSayVariousThings(t *testing.T) {
	d := &desk{}
	running(t, vonagetest.Returns{Replies: 1, Stops: 0.2}, d, func(t *testing.T, fake *vonagetest.Fake) {
		sendTo(t, fake, 500)
		settle(t, fake)
	})
	said, types := map[string]bool{}, map[string]bool{}
	for _, h := range d.hooks() {
		p := params(t, h)
		said[p["text"]], types[p["type"]+p["concat-total"]] = true, true
	}
	if len(said) < 13 || !said["STOP"] || !types["text"] || !types["unicode"] || !types["text2"] {
		t.Errorf("%d texts of the types %v", len(said), types)
	}
}

func TestRepliesKeepTheirTime(t *testing.T) {
	r := vonagetest.Returns{Replies: 1, ReplyTexts: []string{"Yes"}, ReplyDelay: vonagetest.Curve{Median: time.Hour, P95: 4 * time.Hour}}
	running(t, r, &desk{}, func(t *testing.T, fake *vonagetest.Fake) {
		const n = 2000
		start := time.Now()
		sendTo(t, fake, n)
		settle(t, fake)
		half, most := 0, 0
		for _, w := range fake.Webhooks() {
			after := w.At.Sub(start)
			if after <= r.ReplyDelay.Median {
				half++
			}
			if after <= r.ReplyDelay.P95 {
				most++
			}
			if after > 16*time.Hour || after < time.Hour/16 {
				t.Errorf("a reply came after %v", after)
			}
		}
		mustBeAbout(t, "within the median", half, n, 0.5)
		mustBeAbout(t, "within the 95th percentile", most, n, 0.95)
	})
}

func TestLongRepliesComeInParts(t *testing.T) {
	for _, c := range []struct {
		name, text string
		sizes      []int // in bytes
	}{
		{"160 letters are one", strings.Repeat("a", 160), []int{160}},
		{"161 letters are two", strings.Repeat("a", 161), []int{153, 8}},
		{"a euro sign is not cut", strings.Repeat("a", 152) + "€" + strings.Repeat("b", 10), []int{152, 13}},
		{"70 letters in Greek are one", strings.Repeat("α", 70), []int{140}},
		{"71 letters in Greek are two", strings.Repeat("α", 71), []int{134, 8}},
		{"an emoji is not cut", strings.Repeat("α", 66) + "👍" + "αααα", []int{132, 12}},
		{"the type is that of the whole", strings.Repeat("α", 67) + strings.Repeat("a", 80), []int{134, 67, 13}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &desk{}
			running(t, vonagetest.Returns{Jitter: time.Minute}, d, func(t *testing.T, fake *vonagetest.Fake) {
				if err := fake.Reply(number(0), ourNumber, c.text); err != nil {
					t.Error(err)
				}
				settle(t, fake)
			})
			parts := make([]string, len(c.sizes))
			ids, refs := map[string]bool{}, map[string]bool{}
			for _, h := range d.hooks() {
				p, i := params(t, h), 1
				if len(parts) > 1 {
					i, _ = strconv.Atoi(p["concat-part"])
					if p["concat"] != "true" || p["concat-total"] != strconv.Itoa(len(parts)) || i < 1 || i > len(parts) {
						t.Fatalf("part %v", p)
					}
				} else if p["concat"] != "" {
					t.Errorf("one part is %v", p)
				}
				if unicode := sms.Measure(c.text).Encoding == sms.UCS2; (p["type"] == "unicode") != unicode {
					t.Errorf("the type is %s", p["type"])
				}
				parts[i-1] = p["text"]
				ids[p["messageId"]], refs[p["concat-ref"]] = true, true
			}
			sizes := []int{}
			for _, part := range parts {
				sizes = append(sizes, len(part))
			}
			if strings.Join(parts, "") != c.text || !slices.Equal(sizes, c.sizes) || len(ids) != len(parts) || len(refs) != 1 {
				t.Errorf("came in %v with the ids %v and references %v, want %v", sizes, ids, refs, c.sizes)
			}
		})
	}
}

func TestATextCanBeMadeToComeByHand(t *testing.T) {
	d := &desk{}
	running(t, vonagetest.Returns{}, d, func(t *testing.T, fake *vonagetest.Fake) {
		for body, want := range map[string]int{
			`{"from":"447700900123","to":"447700900999","text":"STOP"}`: 202,
			`{"from":"Acme","to":"447700900999","text":"STOP"}`:         400,
			`{"from":"447700900123","to":"Acme","text":"STOP"}`:         400,
			`{"from":"447700900123","to":"447700900999","text":""}`:     400,
			`{"from":"447700900123","to":"447700900999","tex":"STOP"}`:  400,
			`[]`: 400, ``: 400,
			`{"from":"447700900123","to":"447700900999","text":"` + strings.Repeat("a", 4097) + `"}`: 400,
		} {
			resp, err := client(fake).Post("http://fake/inbound", "application/json", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			said, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != want || want == 400 && strings.Contains(string(said), "4477009") {
				t.Errorf("%.80s: got %s %s, want %d", body, resp.Status, said, want)
			}
		}
		settle(t, fake)
	})
	if len(d.hooks()) != 1 || params(t, d.hooks()[0])["text"] != "STOP" {
		t.Errorf("there came %+v", d.hooks())
	}
	if err := vonagetest.New(config).Reply("447700900123", ourNumber, "STOP"); err == nil {
		t.Error("there is no webhook, and no error")
	}
}

func TestTheCountsAreServed(t *testing.T) {
	d := &desk{answer: func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "inbound") {
			w.WriteHeader(400)
		}
	}}
	running(t, vonagetest.Returns{Delivered: 1, Replies: 1, ReplyTexts: []string{"Yes"}}, d, func(t *testing.T, fake *vonagetest.Fake) {
		sendTo(t, fake, 3)
		settle(t, fake)
		resp, err := client(fake).Get("http://fake/webhooks")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		want := `{"inbound":{"given-up":0,"lost":0,"refused":3,"taken":0,"waiting":0},` +
			`"receipt":{"given-up":0,"lost":0,"refused":0,"taken":3,"waiting":0}}`
		if got := strings.TrimSpace(string(body)); got != want {
			t.Errorf("got %s", got)
		}
	})
}
