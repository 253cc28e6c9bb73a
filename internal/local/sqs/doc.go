// Package sqs is an in-memory Amazon SQS for standard queues: an http.Handler that speaks the AWS JSON 1.0 protocol, so
// that the AWS SDK and a deployed binary use it unchanged.
//
// Limits, errors and timing follow the Amazon SQS API Reference (version 2012-11-05): delays of 0 to 900 s kept to the
// exact instant, visibility timeouts, receive counts, dead-letter queues, retention, long polling. Nothing runs while
// nobody waits: a queue catches up with the clock at its next request, and only a waiting ReceiveMessage owns a timer.
// All time is the time package's, so the whole runs inside a testing/synctest bubble.
//
// Known differences from Amazon SQS:
//   - Delivery is exact: no message comes twice by itself, is missed by a short poll or overtakes an older one of its
//     group. Whoever needs the surprises of at-least-once delivery has to make them, by letting a visibility timeout run
//     out.
//   - Counts in GetQueueAttributes are exact and current rather than approximate.
//   - Queues are given to New and stay as they are: no CreateQueue, SetQueueAttributes, tags, permissions.
//   - Signatures are not checked; the account is always 000000000000; the region of an ARN is the one that the request
//     was signed for.
//   - FIFO queues and encryption are not there.
//   - Groups of messages (MessageGroupId) share every queue evenly and at once, by what each has in flight. The service
//     first has to find a group noisy: by more than a tenth of the processing time of late, or by 30 messages in flight
//     that are more than a tenth of all. Quiet groups then go first, and of noisy ones that with the fewest in flight.
//     Until then a small group may wait behind a large one, and a noisy group that sends nothing for five minutes is quiet
//     again (Developer Guide, "How Amazon SQS fair queues work"). Whose turn it is among equals is not documented; here
//     they take turns.
//   - A move task takes one message after the other at an even pace, 500 a second where none is asked for, and is RUNNING
//     from the first moment. It ends when it has moved as many as were there when it started, or finds no more. A queue's
//     own delay holds for what is moved to it; the documentation does not say. Only the latest 10 tasks of a queue are
//     kept; there is no limit of 36 hours, and no CancelMessageMoveTask.
//   - A message keeps its receive count when it moves to its dead-letter queue.
//   - Short of its retention, a queue holds as much as memory does. 120,000 messages in flight give OverLimit.
package sqs
