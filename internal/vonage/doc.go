// Package vonage sends texts through Vonage's SMS API (POST https://rest.nexmo.com/sms/json) or its Messages API (POST
// https://api.nexmo.com/v1/messages), and says of every attempt what became of it, in the words of package sms. It also
// verifies and reads what Vonage sends back.
//
// For the SMS API vonage-go-sdk builds the request; the Messages API, which it does not have, gets a request of our own,
// with the SDK's token. Everything that could go wrong around either is in the hands of this package:
//
//	Client.Send ─┬─ SDK client of this call ─┬─ guard ── shared transport ── Vonage
//	             └─ request with a token ────┘    │
//	                                              └─ answer ── classify ── sms.Outcome
//
// The SDK knows no context and no timeout, drops the error text and the headers, panics on an answer without messages
// and races when one client is shared. So each call has an SDK client of its own, which is cheap, over one transport,
// which is not; the guard between them carries the context, watches whether the request was written, and keeps the
// answer to itself. The outcome is read from that alone.
//
// # What may be sent again
//
// Vonage has no idempotency key: a request that is repeated is a second text. An attempt is therefore Retry only where
// it certainly came to nothing: no connection was had to write on, or Vonage itself said no. From the moment that a
// connection is there to write on, whatever ends the attempt without a readable answer makes it Unknown. For the same
// reason redirects are not followed, HTTP/2 is not used (its retries are harder to account for), and no
// Idempotency-Key header may ever be set: net/http takes it as leave to send a POST again by itself.
//
// # What comes back
//
// Webhooks reads delivery receipts and texts that came in, of the SMS API and of the Messages API, into the words of
// package sms, once they are shown to be from Vonage:
//
//	request ── readWebhook ── verify (sig, or a token) ── readReceipt, readInbound ── sms.Receipt, sms.Inbound
//
// What is verified is what is read: a request of which there are two readings, for its parameters that come twice, or a
// body besides a query, is refused.
//
// # Known limits
//
// The SMS API's signature does not tell & and = from _ in a value (Vonage, "Signing messages"): whoever can change a text
// on its way can exchange these.
//
// A status 5 (internal error) is taken at its word as "not sent", as Vonage's own Java SDK does; no page of Vonage
// says that it never was. So is the Messages API's HTTP 500 or 503, but only with a problem of its own in the body.
//
// The Messages API answers for the whole text: no part can be refused alone, and neither network nor price is told.
// Whose limit it was that a request exceeded it does not say either; it is taken for the account's. An answer of 2xx
// without a readable id is Unknown, as it is with the SMS API.
package vonage
