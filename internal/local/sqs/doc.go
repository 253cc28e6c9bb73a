// Package sqs is an in-memory Amazon SQS for standard queues: an http.Handler that speaks the AWS JSON 1.0 protocol, so
// that the AWS SDK and a deployed binary use it unchanged.
//
// Limits, errors and timing follow the Amazon SQS API Reference (version 2012-11-05): delays of 0 to 900 s kept to the
// exact instant, visibility timeouts, receive counts, dead-letter queues, retention, long polling. Nothing runs while
// nobody waits: a queue catches up with the clock at its next request, and only a waiting ReceiveMessage owns a timer.
// All time is the time package's, so the whole runs inside a testing/synctest bubble.
//
// Known differences from Amazon SQS:
//   - Delivery is exact: no message comes twice by itself, is missed by a short poll or overtakes an older one. Whoever
//     needs the surprises of at-least-once delivery has to make them, by letting a visibility timeout run out.
//   - Counts in GetQueueAttributes are exact and current rather than approximate.
//   - Queues are given to New and stay as they are: no CreateQueue, SetQueueAttributes, tags, permissions.
//   - Signatures are not checked; the account is always 000000000000; the region of an ARN is the one that the request
//     was signed for.
//   - FIFO queues, encryption and the effect of fair queues (MessageGroupId is accepted and returned) are not there.
//   - A move task takes one message after the other at an even pace, 500 a second where none is asked for, and is RUNNING
//     from the first moment. It ends when it has moved as many as were there when it started, or finds no more. A queue's
//     own delay holds for what is moved to it; the documentation does not say. Only the latest 10 tasks of a queue are
//     kept; there is no limit of 36 hours, and no CancelMessageMoveTask.
//   - A message keeps its receive count when it moves to its dead-letter queue.
//   - Short of its retention, a queue holds as much as memory does. 120,000 messages in flight give OverLimit.
package sqs
