package simulation_test

import (
	"net/http"
	"strings"
	"time"

	"sluice/internal/local"
	"sluice/internal/simulation"
)

// signedAt is when the webhooks under events/ are signed.
var signedAt = time.Unix(1772355600, 0)

// The people of the sample campaign, and the number that wrote to them.
const (
	anna, ben, carl = "447700900001", "447700900002", "447700900003"
)

// sample is what the API says of the sample campaign.
func (s *situation) sample() simulation.Campaign { return s.Get(local.SampleID) }

// taken: the webhook was answered 200, without a word.
func (s *situation) taken() {
	s.Helper()
	if body := s.api(http.StatusOK); len(body) > 0 {
		s.Errorf("answered %q", body)
	}
}

// refused: it was not, and nothing was queued.
func (s *situation) refused(status int) {
	s.Helper()
	s.api(status)
	for _, c := range s.Calls() {
		if c.Function == "webhook" {
			s.Errorf("%s was called", c.Operation)
		}
	}
}

// delivered: the receipt is recorded, once its text is: the sample campaign has sent nothing yet.
func (s *situation) delivered() {
	s.Helper()
	time.Sleep(10 * time.Minute)
	if r := s.sample().Returns; r.Delivered != 1 || r.Undelivered != 0 || r.OptedOut != 0 {
		s.Errorf("%+v", r)
	}
}

// replied: there is one open reply. While the sample campaign has sent nothing it waits, and then it belongs to that.
func (s *situation) replied(text string) {
	s.Helper()
	time.Sleep(5 * time.Minute)
	if open := s.OpenReplies(""); len(open) != 1 || open[0].Text != text || open[0].Number != anna || open[0].Campaign != local.SampleID {
		s.Errorf("%d replies are open: %+v", len(open), open)
	}
}

func (s *situation) suppressed(number string) {
	s.Helper()
	if status, answer := s.Do(http.MethodGet, "/suppressions/"+number, nil); status != http.StatusOK {
		s.Errorf("%s is not on the list: %d: %s", number, status, answer)
	}
}

var receiptTaken = func(s *situation) { s.taken(); s.delivered() }
var replyTaken = func(s *situation) { s.taken(); s.replied("Yes, & thank you 😀") }

// unknownReply: there is no such reply, and nothing happened.
var unknownReply = func(s *situation) {
	s.api(http.StatusNotFound)
	if s.wrote > 0 {
		s.Errorf("%d writes", s.wrote)
	}
}

// returnsSituations say what each file does that is about what comes back.
var returnsSituations = map[string]func(*situation){
	"webhook/receipt-get.json":  receiptTaken,
	"webhook/receipt-form.json": receiptTaken,
	"webhook/receipt-json.json": receiptTaken,
	"webhook/message-status.json": func(s *situation) {
		s.taken()
		s.delivered()
	},
	"webhook/receipt-opted-out.json": func(s *situation) {
		s.taken()
		time.Sleep(10 * time.Minute)
		if r := s.sample().Returns; r.Undelivered != 1 || r.OptedOut != 1 {
			s.Errorf("%+v", r)
		}
		s.suppressed(ben)
	},
	"webhook/receipt-forged.json":   func(s *situation) { s.refused(http.StatusUnauthorized) },
	"webhook/receipt-unsigned.json": func(s *situation) { s.refused(http.StatusUnauthorized) },
	"webhook/inbound-get.json":      replyTaken,
	"webhook/inbound-form.json":     replyTaken,
	"webhook/inbound-json.json":     replyTaken,
	"webhook/message-inbound.json": func(s *situation) {
		s.taken()
		s.replied("Yes, thank you")
	},
	"webhook/inbound-stop.json": func(s *situation) {
		s.taken()
		time.Sleep(10 * time.Second)
		s.suppressed(carl)
		if texts := to(s.World, carl); len(texts) != 1 || !strings.Contains(texts[0], "START") {
			s.Errorf("%d texts confirm it", len(texts))
		}
	},
	"webhook/inbound-part.json": func(s *situation) {
		s.taken()
		time.Sleep(time.Minute)
		if n := len(s.OpenReplies("")); n != 0 {
			s.Errorf("%d replies after one part of two", n)
		}
		time.Sleep(20 * time.Minute)
		if open := s.OpenReplies(""); len(open) != 1 || !open[0].Incomplete {
			s.Errorf("%+v", open)
		}
	},
	"recorder/receipts.json": func(s *situation) {
		s.failures()
		time.Sleep(10 * time.Minute)
		// That of the third is of another text than the one that leaves here: it says nothing of that.
		if r := s.sample().Returns; r.Delivered != 1 || r.Undelivered != 0 {
			s.Errorf("%+v", r)
		}
	},
	"recorder/inbound.json": func(s *situation) {
		s.failures()
		s.replied("What does it cost?")
	},
	"recorder/stop.json": func(s *situation) {
		s.failures()
		s.suppressed(anna)
		time.Sleep(10 * time.Second)
		if n := len(to(s.World, anna)); n != 1 {
			s.Errorf("%d confirmations", n)
		}
	},
	"recorder/unreadable.json": func(s *situation) {
		var ids []string
		for _, f := range decode[struct {
			BatchItemFailures []struct{ ItemIdentifier string }
		}](s, s.answer).BatchItemFailures {
			ids = append(ids, f.ItemIdentifier)
		}
		if len(ids) != 1 || s.wrote > 0 {
			s.Errorf("failed %q, %d writes", ids, s.wrote)
		}
	},
	"courier/one-off.json": func(s *situation) {
		if texts := to(s.World, anna); len(texts) != 1 || texts[0] == "" {
			s.Errorf("%d texts were sent", len(texts))
		}
	},
	"api/list-open-replies.json": func(s *situation) {
		if list := decode[struct{ Replies []simulation.Reply }](s, s.api(200)).Replies; list == nil || len(list) != 0 {
			s.Errorf("listed %+v", list)
		}
	},
	"api/list-replies-of-all.json": func(s *situation) {
		if p := problemIn(s.T, simulation.Answer{Status: 422, Body: s.api(422)}); len(p.places()) != 1 || p.places()[0] != "query.campaign" {
			s.Errorf("named %q", p.places())
		}
	},
	"api/get-unknown-reply.json":    unknownReply,
	"api/answer-unknown-reply.json": unknownReply,
	"api/close-unknown-reply.json":  unknownReply,
	"api/campaign-timeline.json": func(s *situation) {
		if list := decode[struct{ Minutes []simulation.Minute }](s, s.api(200)).Minutes; list == nil || len(list) != 0 {
			s.Errorf("listed %+v", list)
		}
	},
	"api/list-suppressions.json": func(s *situation) {
		if lines := strings.Split(strings.TrimSpace(string(s.api(200))), "\n"); len(lines) != 1 || !strings.Contains(lines[0], "number") {
			s.Errorf("answered %q", lines)
		}
	},
	"api/import-suppressions.json": func(s *situation) {
		if n := decode[struct{ Imported, Duplicates int }](s, s.api(200)); n.Imported != 2 || n.Duplicates != 1 {
			s.Errorf("%+v", n)
		}
		s.suppressed(anna)
		s.suppressed(ben)
		s.Until(local.SampleID, "completed", 5*time.Hour)
		if c := s.sample(); c.Counts.Skipped != 2 || c.Counts.Accepted != 5 {
			s.Errorf("ended %+v", c.Counts)
		}
		s.Check(local.SampleID)
	},
	"api/bad-suppressions.json": func(s *situation) {
		p := problemIn(s.T, simulation.Answer{Status: 422, Body: s.api(422)})
		if len(p.places()) != 2 || s.wrote > 0 {
			s.Errorf("named %q; %d writes", p.places(), s.wrote)
		}
	},
	"api/get-unknown-suppression.json": func(s *situation) { s.api(http.StatusNotFound) },
	"api/put-suppression.json": func(s *situation) {
		s.api(http.StatusOK)
		s.suppressed(anna)
	},
	"api/put-suppression-of-sender.json": func(s *situation) {
		s.api(http.StatusOK)
		s.suppressed(anna)
	},
	"api/delete-suppression.json": func(s *situation) {
		s.api(http.StatusOK)
		if status, _ := s.Do(http.MethodGet, "/suppressions/"+anna, nil); status != http.StatusNotFound {
			s.Errorf("still on the list: %d", status)
		}
	},
}
