// Package parts uploads a file of recipients, of whatever size, as the parts of a campaign's list
// (PUT /campaigns/{id}/recipients/{part}).
//
//	file ── Cutter ──► parts, the same ones each time ── Uploader ──► Client ──► API
//
// A part's digest says whether the campaign has it already: an upload that was interrupted goes on where it was, and one
// that is made again sends nothing. What is in memory at any moment is a part for each upload under way, and one more.
package parts
