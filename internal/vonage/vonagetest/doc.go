// Package vonagetest is Vonage's SMS API and Messages API to test against: an http.Handler that judges requests as the
// real ones do, throttles as they do, fails on demand, and keeps a ledger of everything that it was asked and everything
// that it accepted. That ledger, and not what a sender believes, says whether somebody was texted twice.
//
//	POST   /sms/json      send a text, as the SMS API does
//	POST   /v1/messages   send a text, as the Messages API does
//	GET    /ledger        every request judged so far, in order of arrival: a JSON array of Entry
//	POST   /faults        add a Fault (JSON)
//	DELETE /faults        forget all faults
//	POST   /inbound       send us a text from somebody: {"from": …, "to": …, "text": …}, as Fake.Reply does
//	GET    /webhooks      how many webhooks there are, by kind and outcome: {"receipt": {"taken": 1, …}, "inbound": {…}}
//
// A request is judged, and entered in the ledger, at the moment that it arrives; Config.Jitter passes before that, and
// Config.Latency after it. So an attempt that its sender gave up may well be in the ledger as accepted, as it may be with
// the real one.
//
// It also answers back, if Config.Returns says so and as long as Fake.Run runs: delivery receipts and replies go to our
// webhooks, signed as Vonage signs them, late, in disorder, more than once or never. Fake.Webhooks is the ledger of that.
//
// It serves a socket as well as a call in process (package inprocess) in a testing/synctest bubble. Where a connection
// is dropped the handler panics with http.ErrAbortHandler: over a socket the client sees the connection closed, in
// process the round trip fails with io.EOF.
//
// Known differences from the real APIs:
//
//   - One account, with credentials in the form or as Basic authorization; no signatures. One application of it, whose
//     tokens only the Messages API takes.
//   - Only the types text and unicode (with the Messages API auto too, and only texts by SMS), and no ttl, message-class,
//     callback, failover or other options: they are ignored.
//   - The rate counts requests with valid credentials, whatever becomes of them; whether Vonage counts the parts of
//     long texts is not known. Of limits of a sender's own (Config.SenderRate) it is known that they are in parts (10DLC,
//     Vonage support article 4406782736532), not over which time: here it is a Window, opened by the sender's first text.
//     Carriers have none, and nothing is queued.
//   - Every text costs the same, every number is on the same network, and the balance never runs out by itself.
//   - `client-ref` and `client_ref` may have 40 characters, the limit of the APIs' older versions; newer ones allow 100.
//   - Both APIs count towards one rate. What the Messages API does at a sender's own limit is not known: here it refuses
//     as at the account's.
//   - A status that is injected comes from the Messages API as the HTTP status and code that mean the same, for the text
//     as a whole: it accepts all parts if the fault keeps one.
//   - Numbers are only checked for their form.
//   - All webhooks of an account have one form, that of the SMS API or that of the Messages API, whichever of the two a
//     text came by: in the form of the Messages API it gets one receipt, named by the first of its ids.
//   - A webhook that is sent again is the same to the byte, with the time and the signature of its first attempt, and a
//     copy (Returns.Copies) has its own; what Vonage does is not known. Vonage's pages disagree on when it sends again: this
//     is article 360028543292.
//   - Vonage makes an expired receipt after 72 hours without another; here that is a fate like the others, and its time
//     follows Returns.Delay.
//   - People reply to the number that texted them, at any hour; that they say STOP has no consequence at the provider. No
//     inbound text is binary, and concatenation is told for all parts, which some American carriers do not.
package vonagetest
