// Package vonage sends texts through the Vonage SMS API (POST https://rest.nexmo.com/sms/json) with vonage-go-sdk, and
// says of every attempt what became of it, in the words of package sms.
//
// The SDK builds the request; everything that could go wrong around it is in the hands of this package:
//
//	Client.Send ── SDK client of this call ── guard ── shared transport ── Vonage
//	                                            │
//	                                            └─ answer ── classify ── sms.Outcome
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
// # Known limits
//
// A status 5 (internal error) is taken at its word as "not sent", as Vonage's own Java SDK does; no page of Vonage
// says that it never was.
package vonage
