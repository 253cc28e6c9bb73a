package oneoff_test

import (
	"fmt"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/oneoff"
	"sluice/internal/pace"
)

func TestWhatIsNotWantedAnyMoreIsSkipped(t *testing.T) {
	for _, c := range []struct {
		name string
		kind oneoff.Kind
		out  bool
		code string // empty: it is sent
	}{
		{"who came back gets no confirmation", oneoff.Confirmation, false, "superseded"},
		{"who opted out again is not welcomed", oneoff.Welcome, true, "opted out"},
		{"who came back is welcomed", oneoff.Welcome, false, ""},
		{"who opted out gets no test", oneoff.Test, true, "opted out"},
		{"who did not gets a test", oneoff.Test, false, ""},
		{"who opted out is helped", oneoff.Help, true, ""},
		{"who did not is helped", oneoff.Help, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t, c.kind, func(s *stage) {
				s.out = c.out
				if err := s.deliver(); err != nil {
					t.Error(err)
				}
				if c.code == "" {
					s.ends(campaign.Accepted, "", 1)
					return
				}
				if text := s.ends(campaign.Skipped, c.code, 0); text.Reason == "" || !text.LookAt.IsZero() {
					t.Errorf("skipped because %q, to be looked at at %v", text.Reason, text.LookAt)
				}
			})
		})
	}
}

func TestALateTextIsNotSent(t *testing.T) {
	for kind, most := range map[oneoff.Kind]time.Duration{
		oneoff.Answer: 24 * time.Hour, oneoff.Confirmation: 5 * time.Minute, oneoff.Welcome: 5 * time.Minute,
		oneoff.Help: 5 * time.Minute, oneoff.Test: time.Hour,
	} {
		for _, after := range []time.Duration{most - time.Second, most + time.Second} {
			t.Run(fmt.Sprintf("%s after %v", kind, after), func(t *testing.T) {
				onStage(t, kind, func(s *stage) {
					s.out = kind == oneoff.Confirmation
					time.Sleep(after)
					if err := s.deliver(); err != nil {
						t.Error(err)
					}
					if after < most {
						s.ends(campaign.Accepted, "", 1)
					} else if text := s.ends(campaign.Failed, "late", 0); text.Reason == "" || !text.LookAt.IsZero() {
						t.Errorf("failed because %q, to be looked at at %v", text.Reason, text.LookAt)
					}
				})
			})
		}
	}
}

func TestATextThatBecomesLateWhileItWaitsForItsSlotIsNotSent(t *testing.T) {
	onStage(t, oneoff.Confirmation, func(s *stage) {
		s.out = true
		time.Sleep(5*time.Minute - 10*time.Second)
		stretch := pace.Stretch{NotBefore: time.Now(), Length: 20 * time.Second}
		if _, err := s.pace.Take(t.Context(), "account", 0, stretch); err != nil {
			t.Fatal(err)
		}
		if err := s.deliver(); err != nil {
			t.Error(err)
		}
		s.ends(campaign.Failed, "late", 0)
	})
}
