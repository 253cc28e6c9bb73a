// Package vonagetest is a Vonage SMS API to test against: an http.Handler that judges requests as the real one does,
// throttles as it does, fails on demand, and keeps a ledger of everything that it was asked and everything that it
// accepted. That ledger, and not what a sender believes, says whether somebody was texted twice.
//
//	POST   /sms/json   send a text, as the SMS API does
//	GET    /ledger     every request judged so far, in order of arrival: a JSON array of Entry
//	POST   /faults     add a Fault (JSON)
//	DELETE /faults     forget all faults
//
// A request is judged, and entered in the ledger, at the moment that it arrives; Config.Jitter passes before that, and
// Config.Latency after it. So an attempt that its sender gave up may well be in the ledger as accepted, as it may be with
// the real one.
//
// It serves a socket as well as a call in process (package inprocess) in a testing/synctest bubble. Where a connection
// is dropped the handler panics with http.ErrAbortHandler: over a socket the client sees the connection closed, in
// process the round trip fails with io.EOF.
//
// Known differences from the real API:
//
//   - One account, with credentials in the form or as Basic authorization; no signatures.
//   - Only the types text and unicode, and no ttl, message-class, callback or other options: they are ignored.
//   - The rate counts requests with valid credentials, whatever becomes of them; whether Vonage counts the parts of
//     long texts is not known. Of limits of a sender's own (Config.SenderRate) it is known that they are in parts (10DLC,
//     Vonage support article 4406782736532), not over which time: here it is a Window, opened by the sender's first text.
//     Carriers have none, and nothing is queued.
//   - Every text costs the same, every number is on the same network, and the balance never runs out by itself.
//   - `client-ref` may have 40 characters, the limit of the API's older versions; 1.5.1 allows 100.
//   - Numbers are only checked for their form.
package vonagetest
