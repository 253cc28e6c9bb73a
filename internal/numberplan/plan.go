package numberplan

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	"sluice/internal/sms"
)

// Limits of ITU-T E.164, and of what Vonage takes.
const minDigits, maxDigits = 7, 15

// Plan reads numbers. It is a recipients.Numbering; it may be used concurrently.
type Plan struct{}

// New makes a Plan of the library's data.
func New() Plan { return Plan{} }

// Knows says whether there is such a region (ISO 3166-1 alpha-2, upper case).
func (Plan) Knows(region string) bool { return phonenumbers.GetCountryCodeForRegion(region) != 0 }

// Parse reads a number as it is written in that region: in national form, in international form, or with the country code
// alone. Without a region it is in international form, with or without the plus. Around the digits may be what people and
// spreadsheets put there: spaces, hyphens, dots, parentheses, direction marks. The error is an Error.
func (p Plan) Parse(text, region string) (sms.Number, error) {
	w, err := read(text)
	switch {
	case err != nil:
		return "", err
	case region != "" && !p.Knows(region):
		return "", errRegion
	case region == "" && !w.plus && w.digits[0] == '0':
		return "", errNational
	}
	if w.plus || region == "" {
		return parse("+"+w.digits, "")
	}
	number, err := parse(w.digits, region)
	if w.digits[0] == '0' {
		return number, err
	}
	if abroad, errAbroad := parse("+"+w.digits, ""); errAbroad == nil && abroad != number && mobile(abroad) && !mobile(number) {
		return abroad, nil
	}
	return number, err
}

func parse(digits, region string) (sms.Number, error) {
	n, err := phonenumbers.Parse(digits, region)
	if err != nil {
		return "", unparsed(err, region)
	}
	number := sms.Number(strings.TrimPrefix(phonenumbers.Format(n, phonenumbers.E164), "+"))
	home := phonenumbers.GetRegionCodeForCountryCode(int(n.GetCountryCode()))
	reason := impossible(phonenumbers.IsPossibleNumberWithReason(n), len(number))
	if reason == "" && n.GetItalianLeadingZero() && phonenumbers.GetNddPrefixForRegion(home, true) == "0" {
		reason = oddLength // the zero could not be taken off, because too few digits would be left
	}
	if reason != "" {
		return "", reason + in(home)
	}
	return number, nil
}

// mobile says whether texts are known to reach numbers like this one. It tells what digits without plus and zero are where
// numbers differ in length, as in Germany: 49 176 1234567 is a mobile phone, as 0 49176 1234567 it would be a fixed line.
func mobile(number sms.Number) bool {
	n, err := phonenumbers.Parse("+"+number.Digits(), "")
	if err != nil {
		return false
	}
	kind := phonenumbers.GetNumberType(n)
	return kind == phonenumbers.MOBILE || kind == phonenumbers.FIXED_LINE_OR_MOBILE
}

func unparsed(err error, region string) Error {
	switch err {
	case phonenumbers.ErrInvalidCountryCode:
		return errCode
	case phonenumbers.ErrNumTooLong:
		return tooLong + in(region)
	default:
		return tooShort + in(region)
	}
}

// impossible is why a number of so many digits cannot be; empty where it can.
func impossible(result phonenumbers.ValidationResult, digits int) Error {
	switch {
	case result == phonenumbers.TOO_LONG || digits > maxDigits:
		return tooLong
	case result == phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return noAreaCode
	case result == phonenumbers.INVALID_LENGTH:
		return oddLength
	case result != phonenumbers.IS_POSSIBLE || digits < minDigits:
		return tooShort
	default:
		return ""
	}
}

// in says of which region a number would be.
func in(region string) Error {
	if region == "" || region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY || region == phonenumbers.UNKNOWN_REGION {
		return "a number with its country code"
	}
	return "a number in " + Error(region)
}
