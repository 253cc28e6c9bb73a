// Package poller is Lambda's event source mapping for an SQS queue: it receives messages, invokes a function with
// batches of them, and deletes those that succeeded. It works in real and in virtual time.
//
//	ReceiveMessage ─► gather: batch size, window or 6 MB ─► Invoke ─► DeleteMessageBatch
//	     ▲                                                    │
//	     └───── only while fewer than MaximumConcurrency run ─┘
//
// When things fail:
//
//   - The function fails: nothing is deleted; the messages come back after the queue's visibility timeout, received
//     once more.
//   - The function reports some items (ReportBatchItemFailures): the others are deleted.
//   - The function is throttled: the same batch is tried again, with growing pauses, until its visibility timeout is
//     over.
//   - Receiving fails: it is tried again, with growing pauses of at most 30 s.
//
// Known differences from Lambda:
//
//   - One receive is under way at a time, where Lambda has five pollers or more; they make no difference to a queue in
//     memory.
//   - Concurrency is at once what MaximumConcurrency allows: it neither grows by steps nor shrinks after function
//     errors.
//   - A window ends up to a second late, because a receive waits for whole seconds.
//   - There are no filters, no provisioned mode, no FIFO queues and no on-failure destinations.
//
// Source: Lambda Developer Guide, "Using Lambda with Amazon SQS" and the pages below it.
package poller
