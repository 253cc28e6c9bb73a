// Package lambda runs functions as AWS Lambda does, on this machine.
//
// An Invoker is a deployed function. There are two:
//
//   - Pool runs the very binary that is deployed, over the Runtime API (Lambda Developer Guide, "Using the Lambda
//     runtime API"): one process for each concurrent invocation, started when it is needed, reused while idle, killed
//     at its deadline.
//   - Handler runs a Go handler in this process, in real or virtual time.
//
// Known differences from Lambda:
//
//   - Memory is announced to the function, not enforced. CPU is not shared out by memory.
//   - Idle processes are never frozen or retired; INIT is not retried, and fails after 10 s.
//   - The Runtime API is served at 127.0.0.1:port/environment rather than at a bare host and port, which aws-lambda-go
//     takes; runtimes that insist on a bare host would not. There are no extensions, no init/error, no response
//     streaming.
//   - Without Linux, processes are not killed by the kernel when this one dies: a Go function then ends by itself when
//     it next calls the Runtime API, which is at once if it is idle.
//   - Throttling counts concurrent invocations only, not invocations a second.
//   - Invocations are synchronous (RequestResponse); there are no asynchronous retries.
package lambda
