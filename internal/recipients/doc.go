// Package recipients is whom a campaign is sent to: the rows of an upload, the parts in which a list comes, the pages in
// which it is kept, and the sealing that makes one list of all parts, in which nobody stands twice.
//
//	rows ── Builder ──► part: pages of recipients, refused rows          PUT /campaigns/{id}/recipients/{part}
//	parts ── Sealer ──► Index: which rows of which pages are sent to     launch
//	Index ── Locate ──► the i-th to the j-th recipient                   sender
//
// A part is idempotent: the same content is the same part, another content with the same number takes its place. Parts come
// in any order, and at the same time. What is sealed never changes.
package recipients
