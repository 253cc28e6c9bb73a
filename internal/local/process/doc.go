// Package process runs the local platform as a program of its own, as `make run` does: what `make build` and `make run`
// built, on free ports of this machine and in real time. It is for programs that measure the whole from outside.
//
// Platform is also a client of what it runs: of the API, and of the ledger of the stand-in for Vonage. Its requests are
// repeated while their answers are those of a function that was killed, so that it may be asked whatever happens to the
// functions meanwhile.
package process
