// Package local is a small AWS for one machine: it runs the functions as template.yaml wires them, and as nothing else
// does. What it cannot mirror, the template's reader refuses by name.
//
//	              ┌ gateway ──► function ─┐
//	HTTP ────────►│                       ├──► Cloud: DynamoDB, SQS, Secrets Manager
//	              │ poller  ──► function ─┤
//	SQS ─────────►│                       │
//	              │ scheduler ► function ─┘
//	the minute ──►└ Platform
//
// A function is a lambda.Invoker: the deployed binary in processes of its own (make run), or its handler in this process
// and in virtual time (the simulation). Each part's package lists where it differs from the real thing.
package local
