package sms_test

import (
	"errors"
	"testing"

	"sluice/internal/sms"
)

func TestParseSender(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"a number", "+44 7700 900123", "447700900123"},
		{"a short code of three digits", "123", "123"},
		{"a short code of six digits", "123456", "123456"},
		{"a name", "Acme", "Acme"},
		{"a name of eleven characters", "Acme Shop 1", "Acme Shop 1"},
		{"a name is trimmed", " Acme ", "Acme"},
		{"digits and letters", "Acme2", "Acme2"},
		{"a name of twelve characters", "Acme Shop 12", ""},
		{"two digits", "12", ""},
		{"a national number", "07700900123", ""},
		{"sixteen digits", "1234567890123456", ""},
		{"a sign", "Acme!", ""},
		{"an accent", "Acmé", ""},
		{"empty", "", ""},
		{"only spaces", "   ", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := sms.ParseSender(c.in)
			if string(got) != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if (err == nil) != (c.want != "") || (err != nil && !errors.Is(err, sms.ErrSender)) {
				t.Errorf("got error %v", err)
			}
		})
	}
}
