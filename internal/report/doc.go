// Package report tells what became of a campaign's texts: of each recipient's, in the list's order or by state, and of all
// together. It only reads.
package report
