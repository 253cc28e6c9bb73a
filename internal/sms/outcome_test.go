package sms_test

import (
	"testing"

	"sluice/internal/sms"
)

func TestVerdictString(t *testing.T) {
	for verdict, want := range map[sms.Verdict]string{
		sms.Accepted: "accepted", sms.Retry: "retry", sms.Failed: "failed", sms.Stop: "stop", sms.Unknown: "unknown", 0: "none",
	} {
		if got := verdict.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
