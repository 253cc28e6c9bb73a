package vonage

import (
	"strconv"

	"sluice/internal/sms"
)

// The codes by which the two APIs say that the recipient has opted out (Vonage, "Messaging opted-out numbers").
const (
	optedOutReceipt = "9"
	optedOutMessage = "1240"
)

// reasons are the words for why a text did not arrive, or has not yet.
var reasons = map[string]string{
	// err-code of the SMS API's receipts (Vonage, "Delivery receipts"; support, article 204014733).
	"1":             "the provider does not know why",
	"2":             "the recipient could not be reached for a while",
	"3":             "the number is not in use any more",
	"4":             "the recipient's operator bars the number from receiving texts",
	"5":             "the number was moved to another operator, and the move is not complete",
	"6":             "the operator took the text for spam",
	"7":             "the recipient's phone was busy",
	"8":             "the network failed",
	optedOutReceipt: "the recipient has opted out",
	"10":            "the text is not allowed",
	"11":            "there is no route to the number",
	"12":            "the number's network cannot be reached",
	"13":            "the recipient is too young for the text, by the operator's records",
	"14":            "the operator blocks such texts, or the number's owner has them blocked",
	"15":            "the recipient's prepaid credit is used up",
	"16":            "the provider's gateway had used up its quota",
	"50":            "the country's filter refused the business that the text is from",
	"51":            "the country's filter refused the sender",
	"52":            "the country's filter refused the text",
	"53":            "the country's filter found no consent of the recipient",
	"54":            "the country's rules do not allow the text",
	"99":            "a general error of the network",

	// Error codes of the Messages API (reference 1.20, x-errors).
	"1000":          "the account's rate limit was reached",
	"1010":          "the request lacked a required value",
	"1020":          "the request had an invalid value",
	"1030":          "the provider had an internal error",
	"1040":          "the text is not valid",
	"1050":          "the number is barred",
	"1060":          "the account is suspended",
	"1070":          "the account has no credit left",
	"1120":          "the sender is not allowed",
	"1130":          "the time to live is not valid",
	"1160":          "the account is in demo mode and the number is not on its list",
	"1170":          "the number is not valid",
	"1180":          "the recipient could not be reached for a while",
	"1190":          "the number is not in use any more",
	"1200":          "the number was moved to another operator, and the move is not complete",
	"1210":          "the operator took the text for spam",
	"1220":          "the recipient's phone was busy",
	"1230":          "the network failed",
	optedOutMessage: "the recipient has opted out",
	"1241":          "the number was sent too many texts",
	"1250":          "there is no route to the number",
	"1251":          "there is no route to the number",
	"1260":          "the number's network cannot be reached",
	"1280":          "the operator blocks such texts",
	"1282":          "the provider blocked the text",
	"1330":          "the provider does not know why",
	"1331":          "the provider had an error",
	"1360":          "it was not delivered in time",
	"1420":          "the sender is not valid",
	"1430":          "the number is not valid",
	"1450":          "the reference is not valid",
	"1460":          "the day's limit of the sender's campaign was reached",
	"1490":          "the network did not say in time what became of the text; parts of it may have arrived",
}

// explain says why a text is where it is: nothing where that is as it should be.
func explain(status sms.Delivery, code string) (ours, reason string, optedOut bool) {
	if status == sms.Delivered {
		return "", "", false
	}
	number := errorNumber(code)
	if number == "" {
		return explainStatus(status)
	}
	reason, known := reasons[number]
	if !known {
		reason = "error " + number
	}
	return "vonage receipt " + number, reason, number == optedOutReceipt || number == optedOutMessage
}

// explainStatus is for a receipt whose code says that nothing is wrong: Vonage's own word after 72 hours without one from
// the operator, for instance.
func explainStatus(status sms.Delivery) (ours, reason string, optedOut bool) {
	switch status {
	case sms.Expired:
		reason = "it was not delivered in time"
	case sms.Rejected, sms.Undeliverable:
		reason = "it was not delivered, and the provider does not say why"
	default:
		return "", "", false
	}
	return "vonage receipt " + status.String(), reason, false
}

// errorNumber keeps out of our records whatever else might come in place of a code; empty for none, and for zero.
func errorNumber(code string) string {
	if isBlank(code) {
		return ""
	}
	switch n, err := strconv.Atoi(code); {
	case err != nil || n < 0 || n > 9999:
		return "?"
	case n == 0:
		return ""
	default:
		return strconv.Itoa(n)
	}
}
