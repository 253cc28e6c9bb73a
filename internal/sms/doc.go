// Package sms has the words of the trade: numbers that mask themselves, senders, segments, and the outcome of one
// attempt to send. It is pure: no clock, no network.
package sms
