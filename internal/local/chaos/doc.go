// Package chaos kills the functions of the local platform, with SIGKILL and at random moments, while a campaign goes
// out, and then asks the stand-in for Vonage and the API what became of everybody.
//
// A round is one campaign on a platform of its own: the deployed binaries, as `make run` runs them, on real ports and in
// real time. Each kill takes one sender, or every process of every function at once; the platform itself, which stands
// for AWS, goes on. What a round must show in the end:
//
//   - nobody twice: the stand-in accepted no number more than once;
//   - nobody lost: every recipient has one row in one final state, and whose row says accepted was accepted;
//   - the campaign completed, and its counts, its batches' counts and its rows are the same figures;
//   - unknown, which is the price, is bounded: a sender has two chunks in flight at the most, so each one killed leaves
//     no more than that.
//
// When what is killed comes back by itself is the dispatcher's matter: at the first tick, of which there is one a minute,
// after its lease is over, which is half a minute after its last claim. Config.Resume cuts that short as a person can, by
// pausing and resuming the campaign once the leases are over.
//
// A seed makes the plan repeatable: which campaign, and what is killed when. It does not make the processes so, which are
// at another instruction each time.
package chaos
