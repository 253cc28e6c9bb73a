package numberplan_test

import (
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"sluice/internal/numberplan"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

var _ recipients.Numbering = numberplan.Plan{}

func TestParse(t *testing.T) {
	plan := numberplan.New()
	for _, c := range []struct{ name, text, region, want string }{
		{"international form without a region", "+447700900001", "", "447700900001"},
		{"the plus may be missing", "447700900001", "", "447700900001"},
		{"Ofcom's range for fiction, of which the plan knows nothing", "447700900999", "", "447700900999"},
		{"the tests of the North American plan", "12025550123", "", "12025550123"},
		{"what a spreadsheet puts between", "+44\u00a07700\u202f900\u2011001", "", "447700900001"},
		{"marks of direction around it", "\u202a+44 7700 900001\u202c\u200f", "", "447700900001"},
		{"a byte order mark before it", "\ufeff447700900001", "", "447700900001"},
		{"dashes of a word processor", "+44–7700–900001", "", "447700900001"},
		{"the zero in parentheses", "+44 (0)7700 900001", "", "447700900001"},
		{"the zero without them", "+4407700900001", "", "447700900001"},
		{"an apostrophe that keeps a spreadsheet off", "'+447700900001", "", "447700900001"},
		{"a formula that keeps a spreadsheet off", `="447700900001"`, "", "447700900001"},
		{"a number that a program took for a fraction", "447700900001.0", "", "447700900001"},
		{"with two decimals", "4917612345678.00", "DE", "4917612345678"},
		{"an Italian landline keeps its zero", "+39 06 1234 5678", "", "390612345678"},
		{"a country of short numbers", "+683 4002", "", "6834002"},
		{"a code of no country", "+882 16 123 45678", "", "8821612345678"},
		{"a code of three digits", "+353 85 012 3456", "", "353850123456"},

		{"GB national", "07700 900001", "GB", "447700900001"},
		{"GB without the zero, which a spreadsheet took", "7700900001", "GB", "447700900001"},
		{"GB with the code and no plus", "447700900001", "GB", "447700900001"},
		{"GB international", "+44 7700 900001", "GB", "447700900001"},
		{"GB as dialled from abroad", "00447700900001", "GB", "447700900001"},
		{"GB, a French number", "+33 6 12 34 56 78", "GB", "33612345678"},
		{"GB, a French mobile phone without the plus", "33612345678", "GB", "33612345678"},
		{"DE, a French mobile phone without the plus", "33612345678", "DE", "33612345678"},
		{"DE, a German mobile phone without the plus", "4917612345678", "DE", "4917612345678"},
		{"GB, a French number as dialled", "0033 6 12 34 56 78", "GB", "33612345678"},
		{"GB parentheses", "(07700) 900-001", "GB", "447700900001"},
		{"IM shares the code of GB", "07624 300000", "IM", "447624300000"},
		{"US national", "(202) 555-0123", "US", "12025550123"},
		{"US with 1", "1-202-555-0123", "US", "12025550123"},
		{"US dots", "202.555.0123", "US", "12025550123"},
		{"US as dialled, a British number", "011 44 7700 900001", "US", "447700900001"},
		{"CA national", "416-555-0123", "CA", "14165550123"},
		{"AG without area code", "464-1234", "AG", "12684641234"},
		{"FR national", "06 12 34 56 78", "FR", "33612345678"},
		{"FR without the zero", "612345678", "FR", "33612345678"},
		{"FR with the code and no plus", "33612345678", "FR", "33612345678"},
		{"DE national", "01512 3456789", "DE", "4915123456789"},
		{"DE slash", "0151/23456789", "DE", "4915123456789"},
		{"DE with the code and no plus", "4915123456789", "DE", "4915123456789"},
		{"DE without the zero", "15123456789", "DE", "4915123456789"},
		{"DE landline", "030 123456", "DE", "4930123456"},
		{"AT national", "0664 123456", "AT", "43664123456"},
		{"CH national", "078 123 45 67", "CH", "41781234567"},
		{"NL national", "06 12345678", "NL", "31612345678"},
		{"BE national", "0470 12 34 56", "BE", "32470123456"},
		{"ES has no prefix", "612 34 56 78", "ES", "34612345678"},
		{"ES with the code and no plus", "34612345678", "ES", "34612345678"},
		{"IT mobile", "312 345 6789", "IT", "393123456789"},
		{"IT mobile that begins like the code", "391 234 5678", "IT", "393912345678"},
		{"IT landline keeps its zero", "06 1234 5678", "IT", "390612345678"},
		{"PT has no prefix", "912 345 678", "PT", "351912345678"},
		{"SE national", "070 123 45 67", "SE", "46701234567"},
		{"NO has no prefix", "406 12 345", "NO", "4740612345"},
		{"DK has no prefix", "34 41 23 45", "DK", "4534412345"},
		{"FI national", "041 2345678", "FI", "358412345678"},
		{"PL has no prefix", "512 345 678", "PL", "48512345678"},
		{"CZ has no prefix", "601 123 456", "CZ", "420601123456"},
		{"HU has a prefix of two digits", "06 20 123 4567", "HU", "36201234567"},
		{"RU national", "8 (912) 345-67-89", "RU", "79123456789"},
		{"RU with the code and no plus", "79123456789", "RU", "79123456789"},
		{"KZ shares the code of RU", "8 771 000 9998", "KZ", "77710009998"},
		{"UA national", "050 123 4567", "UA", "380501234567"},
		{"TR national", "0501 234 56 78", "TR", "905012345678"},
		{"IL national", "050-234-5678", "IL", "972502345678"},
		{"IN national", "081234 56789", "IN", "918123456789"},
		{"IN without the zero", "8123456789", "IN", "918123456789"},
		{"IN with the code and no plus", "918123456789", "IN", "918123456789"},
		{"CN has no prefix for mobiles", "131 2345 6789", "CN", "8613123456789"},
		{"JP national", "090-1234-5678", "JP", "819012345678"},
		{"KR national", "010-2000-0000", "KR", "821020000000"},
		{"SG has no prefix", "8123 4567", "SG", "6581234567"},
		{"AU national", "0412 345 678", "AU", "61412345678"},
		{"NZ national", "021 123 4567", "NZ", "64211234567"},
		{"ID with the code and no plus", "62812345678", "ID", "62812345678"},
		{"ZA national", "071 123 4567", "ZA", "27711234567"},
		{"NG national", "0802 123 4567", "NG", "2348021234567"},
		{"KE national", "0712 123456", "KE", "254712123456"},
		{"EG national", "0100 123 4567", "EG", "201001234567"},
		{"BR national with a carrier", "0 15 11 96123-4567", "BR", "5511961234567"},
		{"BR without", "(11) 96123-4567", "BR", "5511961234567"},
		{"MX has no prefix any more", "222 123 4567", "MX", "522221234567"},
		{"AR mobile as it is called at home", "011 15-2345-6789", "AR", "5491123456789"},
		{"CL has no prefix", "2 2123 4567", "CL", "56221234567"},
		{"XK with the code and no plus", "38343201234", "XK", "38343201234"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := plan.Parse(c.text, c.region); err != nil || got.Digits() != c.want {
				t.Errorf("got %s, %v; want %s", got.Digits(), err, c.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	plan := numberplan.New()
	for _, c := range []struct{ name, text, region, want string }{
		{"nothing", "", "GB", "is empty"},
		{"spaces alone", " \u00a0\t", "GB", "is empty"},
		{"a plus alone", "+", "", "has no digits"},
		{"punctuation alone", "(-)", "", "has no digits"},
		{"a national number without a region", "07700900001", "", "is not in international form: write it with its country code, or say which region the numbers are of"},
		{"00 without a region, which is not everywhere the way abroad", "00447700900001", "", "is not in international form: write it with its country code, or say which region the numbers are of"},
		{"a plus before a zero", "+07700900001", "GB", "has a country code that does not exist"},
		{"a code that nobody has", "+999 7700 900001", "", "has a country code that does not exist"},
		{"a region that is none", "07700900001", "XX", "is to be read as in a region that does not exist"},
		{"a region in lower case", "07700900001", "gb", "is to be read as in a region that does not exist"},
		{"GB, a digit too few", "0770090000", "GB", ""},
		{"GB, two digits too few, so that the zero seems to be one of them", "077009000", "GB", "has either too many or too few digits for a number in GB"},
		{"zeros", "0000000000", "GB", "has either too many or too few digits for a number in GB"},
		{"a decimal", "4477009000.01", "GB", "is a decimal number"},
		{"a decimal with a comma", "49176123456,5", "DE", "is a decimal number"},
		{"a date", "2026-11-23", "DE", "is a date"},
		{"a date with points", "23.11.2026", "DE", "is a date"},
		{"GB, a digit too many", "077009000011", "GB", "is too long for a number in GB"},
		{"GB, three digits", "077", "GB", "is too short for a number in GB"},
		{"GB, an international one of three digits", "+4477", "", "is too short for a number in GB"},
		{"US without area code", "555-0123", "US", "has no area code, or is too short, for a number in US"},
		{"US, a digit too many", "+1 202 555 01234", "", "is too long for a number in US"},
		{"a British mobile without a plus in DE, where it may be a landline", "447700900123", "DE", ""},
		{"a German one of 16 digits", "+49 1234567890 1234", "", "is too long for a number in DE"},
		{"25 digits", strings.Repeat("4", 25), "", "has too many digits: a number has 15 at most"},
		{"an extension", "+44 7700 900001 ext. 12", "", "has an extension, which no text can be sent to"},
		{"an extension after x", "(202) 555-0123x12", "US", "has an extension, which no text can be sent to"},
		{"an extension after a hash", "(202) 555-0123#12", "US", "has an extension, which no text can be sent to"},
		{"vanity", "1-800-FLOWERS", "US", "has letters in it"},
		{"a name", "Ada", "GB", "has letters in it"},
		{"a URI", "tel:+447700900001", "GB", "has letters in it"},
		{"digits of another script", "٠٧٧٠٠٩٠٠٠٠١", "GB", "has digits that are not 0 to 9"},
		{"full-width digits", "４４７７００９００００１", "", "has digits that are not 0 to 9"},
		{"scientific notation", "4.477E+11", "", "has lost digits in a spreadsheet (scientific notation): format the column as text, and export again"},
		{"scientific notation with a comma", "4,477009E+11", "GB", "has lost digits in a spreadsheet (scientific notation): format the column as text, and export again"},
		{"a plus inside", "44+7700900001", "", "has a + that is not at its beginning"},
		{"two pluses", "++447700900001", "", "has a + that is not at its beginning"},
		{"two numbers", "07700900001, 07700900002", "GB", "has an extension, which no text can be sent to"},
		{"two numbers with a slash", "07700900001/2", "GB", "is more than one number"},
		{"a range of numbers", "030 123456/78", "DE", "is more than one number"},
		{"a formula", "=cmd()", "GB", "has a character that has no place in a number"},
		{"what was lost", "0770\ufffd900001", "GB", "has a character that has no place in a number"},
		{"no UTF-8", "0770\xff900001", "GB", "has a character that has no place in a number"},
		{"NUL", "07700\x00900001", "GB", "has a character that has no place in a number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := plan.Parse(c.text, c.region)
			if c.want == "" { // a possible number, whatever it is
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			var reason numberplan.Error
			if got != "" || !errors.As(err, &reason) || err.Error() != c.want {
				t.Errorf("got %q, %v; want %s", got.Digits(), err, c.want)
			}
		})
	}
}

// mobiles are numbers of the library's, one for each region.
func mobiles(visit func(region string, n *phonenumbers.PhoneNumber)) {
	for region := range phonenumbers.GetSupportedRegions() {
		if n := phonenumbers.GetExampleNumberForType(region, phonenumbers.MOBILE); n != nil {
			visit(region, n)
		}
	}
}

func TestEveryRegionsMobilesAreReadInAllTheirForms(t *testing.T) {
	plan := numberplan.New()
	regions := 0
	mobiles(func(region string, n *phonenumbers.PhoneNumber) {
		regions++
		e164 := phonenumbers.Format(n, phonenumbers.E164)
		forms := map[string]string{
			"international": phonenumbers.Format(n, phonenumbers.INTERNATIONAL),
			"national":      phonenumbers.Format(n, phonenumbers.NATIONAL),
			"without plus":  e164[1:],
			"E.164":         e164,
			"bare":          phonenumbers.GetNationalSignificantNumber(n),
		}
		if region == "AR" { // the library's own form leaves the area code out
			delete(forms, "national")
		}
		for form, text := range forms {
			if got, err := plan.Parse(text, region); err != nil || "+"+got.Digits() != e164 {
				t.Errorf("%s %s %s: got %s, %v; want %s", region, form, text, got.Digits(), err, e164)
			}
		}
		for _, text := range []string{e164, e164[1:], forms["international"]} {
			if got, err := plan.Parse(text, ""); err != nil || "+"+got.Digits() != e164 {
				t.Errorf("without a region, %s: got %s, %v; want %s", text, got.Digits(), err, e164)
			}
		}
		if !plan.Knows(region) {
			t.Errorf("there is no region %s", region)
		}
	})
	if regions < 200 {
		t.Fatalf("only %d regions", regions)
	}
}

func TestKnowsRegions(t *testing.T) {
	plan := numberplan.New()
	for region, want := range map[string]bool{"GB": true, "US": true, "XK": true, "": false, "gb": false, "001": false, "ZZ": false, "UK": false} {
		if plan.Knows(region) != want {
			t.Errorf("%q: got %t", region, !want)
		}
	}
}

func TestAPlanIsUsedConcurrently(t *testing.T) {
	plan := numberplan.New()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			mobiles(func(region string, n *phonenumbers.PhoneNumber) {
				_, _ = plan.Parse(phonenumbers.GetNationalSignificantNumber(n), region)
			})
		})
	}
	group.Wait()
}

// byLibrary is the number as the library alone reads it; empty where it is not possible.
func byLibrary(text, region string) string {
	n, err := phonenumbers.Parse(text, region)
	if err != nil || phonenumbers.IsPossibleNumberWithReason(n) != phonenumbers.IS_POSSIBLE {
		return ""
	}
	digits := phonenumbers.Format(n, phonenumbers.E164)[1:]
	if len(digits) < 7 || len(digits) > 15 {
		return ""
	}
	return digits
}

// What is read is what the library reads, but for mobile phones' numbers without a plus.
func FuzzParse(f *testing.F) {
	mobiles(func(region string, n *phonenumbers.PhoneNumber) {
		f.Add(phonenumbers.Format(n, phonenumbers.NATIONAL), region)
		f.Add(phonenumbers.Format(n, phonenumbers.INTERNATIONAL), region)
		f.Add(phonenumbers.GetNationalSignificantNumber(n), region)
		f.Add(phonenumbers.Format(n, phonenumbers.E164)[1:], "")
	})
	for _, text := range []string{"", "+", "0", "00", "+0", "1-800-FLOWERS", "07700 900001 x2", "4.477E+11", "\xff", "０１", "0151/2345678", "+4400", "810", "+80000000000"} {
		f.Add(text, "GB")
	}
	plan := numberplan.New()
	f.Fuzz(func(t *testing.T, text, region string) {
		n, err := plan.Parse(text, region)
		if err != nil {
			if n != "" {
				t.Fatalf("an error and %s", n.Digits())
			}
			if len(text) > 3 && text != "region" && strings.ContainsAny(text, "0123456789") && strings.Contains(err.Error(), text) {
				t.Fatalf("the error repeats the number: %v", err)
			}
			return
		}
		digits := n.Digits()
		if again, err := sms.ParseNumber(digits); err != nil || again != n {
			t.Fatalf("%q is %s, which is no number: %v", text, digits, err)
		}
		kept := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' || r == '+' {
				return r
			}
			return -1
		}, regexp.MustCompile(`[.,]0+$`).ReplaceAllString(text, ""))
		if region == "" && !strings.HasPrefix(kept, "+") {
			kept = "+" + kept
		}
		if digits == kept { // a mobile phone's number with its country code and without a plus
			return
		}
		if want := byLibrary(kept, region); digits != want {
			t.Fatalf("%q in %q is %s, by the library %s", text, region, digits, want)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	plan := numberplan.New()
	for _, c := range []struct{ name, text, region string }{
		{"international", "+447700900001", ""}, {"without plus", "447700900001", ""}, {"spaced", "+44 7700 900 001", "GB"},
		{"with zero", "+44 (0)7700 900001", ""}, {"national", "07700 900001", "GB"}, {"code without plus", "447700900001", "GB"},
		{"bare GB", "7700900001", "GB"}, {"bare US", "2025550123", "US"}, {"refused", "0770090", "GB"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = plan.Parse(c.text, c.region)
			}
		})
	}
	b.Run("sms.ParseNumber", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = sms.ParseNumber("+44 7700 900 001")
		}
	})
	b.Run("New", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			numberplan.New()
		}
	})
}
