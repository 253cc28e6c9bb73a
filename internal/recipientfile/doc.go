// Package recipientfile reads lists of recipients as clients upload them: CSV as spreadsheets and databases write it, and
// JSON, either of them packed with gzip. What is read comes from strangers: memory is bounded by the limits below whatever a
// file holds, nothing is passed on that is not UTF-8, and no error repeats what a file says.
//
//	body ── Unpack ──► content ── Digest ──► whether it is there already
//	                           └─ Read ────► rows, and rows that cannot be used
package recipientfile
