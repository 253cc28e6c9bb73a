package vonagetest

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Format is how webhooks are sent (Vonage's dashboard, API settings, "Webhook format").
type Format string

// The formats. The zero value is FormatJSON, which Vonage recommends.
const (
	FormatGET  Format = "get"       // everything in the query
	FormatPOST Format = "post"      // a form
	FormatJSON Format = "post-json" // one flat object of strings
)

// DefaultConcurrency is how many webhooks are under way at once unless Returns says otherwise.
const DefaultConcurrency = 50

// Returns says what comes back to the account's webhooks while Run runs: receipts for the texts that were accepted, and
// replies from the people who got them. The zero value is nothing.
//
// All shares are from 0 to 1. Chance is drawn from the Seed for each recipient and client-ref (and how many such texts
// there were before), and for each setting by itself: a run in virtual time can be repeated, and to change one setting
// does not deal the others again.
type Returns struct {
	// ReceiptsURL and InboundURL are where the webhooks are; empty for none of the kind.
	ReceiptsURL, InboundURL string
	// Transport carries them; nil means one of its own, like http.DefaultTransport.
	Transport http.RoundTripper

	// Secret signs them; empty means unsigned.
	Secret string
	// Method is that of the SMS API: md5hash (which the zero value means), md5, sha1, sha256 or sha512.
	Method string
	Format Format
	// MessagesAPI sends them in the form of the Messages API instead, version v1: JSON with a signed JWT, one for each
	// text whatever its parts, Method and Format being of no matter. An account has one of the two forms at a time.
	MessagesAPI bool

	// Delivered to OptedOut are the shares of what becomes of the texts; all parts of one have the same fate. The rest
	// gets no final receipt. OptedOut is a failure with err-code 9 (error 1240 in the Messages API).
	Delivered, Failed, Rejected, Expired, OptedOut float64
	// Buffered is the share of texts of which an intermediate receipt comes too, accepted or buffered.
	Buffered float64
	// Delay is the time from acceptance to the final receipt; the intermediate one comes at some moment within it.
	Delay Curve
	// Early is the share of texts whose receipts come at once, and before the send is answered, which waits for that up
	// to a second.
	Early float64
	// Lost is the share of receipts that are never sent.
	Lost float64

	// Replies is the share of recipients who reply, out of those whom the text reached: not those of Failed, Rejected,
	// Expired and OptedOut. Only a number can be replied to, not a name.
	Replies float64
	// ReplyDelay is the time from acceptance to the reply.
	ReplyDelay Curve
	// ReplyTexts are what people say; none means a dozen natural ones, one of them of two parts.
	ReplyTexts []string
	// Stops is the share of the replies that say STOP instead.
	Stops float64

	// Jitter is the longest time, not itself included, that a webhook is late. Each has a random one, so that the parts of
	// one text, and intermediate and final receipts, may overtake each other.
	Jitter time.Duration
	// Copies is how often each webhook is sent: 0 and 1 mean once. A quarter of the copies go out at the same instant, the
	// others up to CopySpread later.
	Copies int
	// Seed deals all of this.
	Seed uint64
	// Concurrency is how many webhooks are under way at once: 0 means DefaultConcurrency.
	Concurrency int
}

// Check says what makes no sense, in one error.
func (r Returns) Check() error {
	return errors.Join(
		checkURL("ReceiptsURL", r.ReceiptsURL), checkURL("InboundURL", r.InboundURL),
		r.Delay.check("Delay"), r.ReplyDelay.check("ReplyDelay"), r.checkShares(), r.checkWords(), r.checkCounts(),
	)
}

func checkURL(name, value string) error {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%s %q is not an http or https address", name, value)
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%s %q has a query or a fragment: Vonage supports none", name, value)
	}
	return nil
}

// shareSlack lets shares that were added up in floating point be a whole.
const shareSlack = 1e-9

func (r Returns) checkShares() error {
	var faults []error
	for _, s := range []struct {
		name  string
		share float64
	}{
		{"Delivered", r.Delivered}, {"Failed", r.Failed}, {"Rejected", r.Rejected}, {"Expired", r.Expired},
		{"OptedOut", r.OptedOut}, {"Buffered", r.Buffered}, {"Early", r.Early}, {"Lost", r.Lost},
		{"Replies", r.Replies}, {"Stops", r.Stops},
	} {
		if !(s.share >= 0 && s.share <= 1) { // not a number is neither
			faults = append(faults, fmt.Errorf("%s is %v: must be a share from 0 to 1", s.name, s.share))
		}
	}
	if sum := r.Delivered + r.Failed + r.Rejected + r.Expired + r.OptedOut; sum > 1+shareSlack {
		faults = append(faults, fmt.Errorf("the fates add up to %v: must be at most 1", sum))
	}
	return errors.Join(faults...)
}

func (r Returns) checkWords() error {
	var faults []error
	if _, err := newMAC(r.method(), ""); err != nil {
		faults = append(faults, err)
	}
	if !slices.Contains([]Format{FormatGET, FormatPOST, FormatJSON}, r.format()) {
		faults = append(faults, fmt.Errorf("format %q is not known", r.Format))
	}
	if slices.Contains(r.ReplyTexts, "") {
		faults = append(faults, errors.New("ReplyTexts has an empty text"))
	}
	return errors.Join(faults...)
}

func (r Returns) checkCounts() error {
	if r.Jitter < 0 || r.Copies < 0 || r.Concurrency < 0 {
		return fmt.Errorf("the values %v of Jitter, %d of Copies and %d of Concurrency must not be negative",
			r.Jitter, r.Copies, r.Concurrency)
	}
	return nil
}

func (r Returns) method() string     { return cmp.Or(r.Method, methodMD5Hash) }
func (r Returns) format() Format     { return cmp.Or(r.Format, FormatJSON) }
func (r Returns) concurrency() int   { return cmp.Or(r.Concurrency, DefaultConcurrency) }
func (r Returns) copies() int        { return max(1, r.Copies) }
func (r Returns) wantsNothing() bool { return r.ReceiptsURL == "" && r.InboundURL == "" }
