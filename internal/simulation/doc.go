// Package simulation runs the whole system in one process and in virtual time: the functions' own constructors, both
// SDKs, the local platform wired by template.yaml, and the fake Vonage, in one testing/synctest bubble and without a
// socket. Days pass in milliseconds, and every run of a test takes the same course.
package simulation
