package sms_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"sluice/internal/sms"
)

func TestParseNumber(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"digits alone", "447700900123", "447700900123"},
		{"a leading plus is dropped", "+447700900123", "447700900123"},
		{"spaces around it are dropped", " \t447700900123\r\n", "447700900123"},
		{"separators are dropped", "+1 (212) 555-01.99", "12125550199"},
		{"no-break spaces of a spreadsheet are dropped", "+33\u00a01\u202f99\u00a000\u00a012\u00a034", "33199001234"},
		{"direction marks of an address book are dropped", "\u202a+44\u20117700900123\u202c", "447700900123"},
		{"seven digits are the fewest", "1234567", "1234567"},
		{"fifteen digits are the most", "123456789012345", "123456789012345"},
		{"six digits are too few", "123456", ""},
		{"sixteen digits are too many", "1234567890123456", ""},
		{"a national number begins with a zero", "07700900123", ""},
		{"00 is no plus", "00447700900123", ""},
		{"a plus before a zero", "+07700900123", ""},
		{"two pluses", "++447700900123", ""},
		{"a plus inside", "44+7700900123", ""},
		{"empty", "", ""},
		{"only separators", " -.()", ""},
		{"a letter", "44770090012x", ""},
		{"an extension", "447700900123 ext 4", ""},
		{"Arabic digits", "٤٤٧٧٠٠٩٠٠١٢٣", ""},
		{"full-width digits", "４４７７００９００１２３", ""},
		{"exponent of a spreadsheet", "4.47701E+11", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := sms.ParseNumber(c.in)
			if got.Digits() != c.want {
				t.Errorf("got %q, want %q", got.Digits(), c.want)
			}
			if (err == nil) != (c.want != "") || (err != nil && !errors.Is(err, sms.ErrNumber)) {
				t.Errorf("got error %v", err)
			}
		})
	}
}

func TestNumberMasksItself(t *testing.T) {
	const digits = "447700900123"
	n := sms.Number(digits)
	m := sms.Message{From: "Acme", To: n, Text: "private words", Ref: "ref-1"}
	prints := map[string]string{}
	for _, verb := range []string{"%v", "%s", "%q", "%+v", "%#v", "%x", "%X", "%d", "%20s", "%T"} {
		prints["number "+verb] = fmt.Sprintf(verb, n)
		prints["pointer "+verb] = fmt.Sprintf(verb, &n)
		prints["slice "+verb] = fmt.Sprintf(verb, []sms.Number{n})
		prints["map "+verb] = fmt.Sprintf(verb, map[sms.Number]sms.Number{n: n})
		prints["field "+verb] = fmt.Sprintf(verb, struct{ To sms.Number }{n})
		prints["message "+verb] = fmt.Sprintf(verb, m)
		prints["messages "+verb] = fmt.Sprintf(verb, []*sms.Message{&m})
	}
	prints["String"], prints["GoString"] = n.String(), n.GoString()
	prints["error"] = fmt.Errorf("send to %v: %w", n, sms.ErrNumber).Error()

	var out bytes.Buffer
	for name, h := range map[string]slog.Handler{
		"slog JSON": slog.NewJSONHandler(&out, nil), "slog text": slog.NewTextHandler(&out, nil),
	} {
		out.Reset()
		log := slog.New(h)
		log.Info("sent", "to", n, "pointer", &n, slog.Group("g", "to", n), "message", m, "pointer to message", &m)
		log.With("to", n).Info(fmt.Sprint(n))
		prints[name] = out.String()
		if !strings.Contains(out.String(), "**********23") {
			t.Errorf("%s does not show the masked number: %s", name, &out)
		}
	}
	for name, printed := range prints {
		for _, secret := range []string{digits, "7700900", fmt.Sprintf("%x", digits), "private"} {
			if strings.Contains(strings.ToLower(printed), secret) {
				t.Errorf("%s shows %s: %s", name, secret, printed)
			}
		}
	}
	if got, want := fmt.Sprintf("%v|%s|%q|%+v|%#v", n, n, n, n, n),
		`**********23|**********23|"**********23"|**********23|"**********23"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := sms.Number("12").String(); got != "**" {
		t.Errorf("a short number prints as %s", got)
	}
}

func TestNumberIsWholeInJSON(t *testing.T) {
	got, err := json.Marshal(map[string]sms.Number{"to": "447700900123"})
	if want := `{"to":"447700900123"}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"", "+447700900123", "0044 7700", "(212) 555-0199", "١٢٣٤٥٦٧", "\xff1234567", "+", "1e10"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := sms.ParseNumber(s)
		if err != nil {
			if n != "" {
				t.Fatalf("an error and the number %q", n.Digits())
			}
			if len(s) > 7 && strings.Contains(err.Error(), s) {
				t.Fatalf("the error repeats the input: %v", err)
			}
			return
		}
		digits := n.Digits()
		if len(digits) < 7 || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" || digits[0] == '0' {
			t.Fatalf("%q became %q", s, digits)
		}
		if again, err := sms.ParseNumber("+" + digits); err != nil || again != n {
			t.Fatalf("%q does not parse to itself: %q, %v", digits, again.Digits(), err)
		}
	})
}
