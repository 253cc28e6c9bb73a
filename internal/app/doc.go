// Package app is the composition root: one constructor for each function, from what it stands on (AWS, environment,
// clock, log) to its Lambda handler. The mains call them, and so do the tests that run the whole system in one process.
package app
