package simulation_test

import (
	"net/http"
	"strings"
	"time"
)

// reportSituations say what each file does that is about reports and tests.
var reportSituations = map[string]func(*situation){
	"api/list-pending-messages.json": func(s *situation) {
		page := decode[struct {
			Messages []struct{ Number, Status string }
			Next     string
		}](s, s.api(http.StatusOK))
		if len(page.Messages) != 3 || page.Messages[2].Status != "pending" || page.Next != "3" {
			s.Errorf("listed %+v", page)
		}
	},
	"api/messages-as-table.json": func(s *situation) {
		lines := strings.Split(strings.TrimSpace(string(s.api(http.StatusOK))), "\n")
		if len(lines) != 8 || !strings.Contains(lines[1], ",0,,pending,") {
			s.Errorf("answered %q", lines)
		}
	},
	"api/get-unsent-message.json": func(s *situation) { s.api(http.StatusNotFound) },
	"api/get-totals.json": func(s *situation) {
		if t := decode[totals](s, s.api(http.StatusOK)); t.Recipients != 7 || t.Status.Pending != 7 || t.Price != "0.0000" {
			s.Errorf("%+v", t)
		}
	},
	"api/test-campaign.json": func(s *situation) {
		made := decode[struct{ Tests []test }](s, s.api(http.StatusAccepted)).Tests
		if len(made) != 1 || made[0].Status != "pending" || made[0].Text != "Hello, World!" {
			s.Fatalf("%+v", made)
		}
		time.Sleep(10 * time.Second)
		if texts := to(s.World, made[0].Number); len(texts) != 1 {
			s.Errorf("%d texts were sent", len(texts))
		}
	},
	"api/get-unknown-test.json": func(s *situation) { s.api(http.StatusNotFound) },
}
