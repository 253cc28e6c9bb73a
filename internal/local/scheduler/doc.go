// Package scheduler is an EventBridge Scheduler schedule with a rate expression and a Lambda target. It works in real
// and in virtual time.
//
// Known differences from the real thing:
//
//   - It ticks on the dot and exactly once, where the service is precise to 60 seconds and ticks at least once.
//   - There are no retries, dead-letter queues, flexible windows, start and end dates, cron expressions or other
//     targets.
//   - The function is invoked synchronously and its errors are told. The service invokes it asynchronously, so that
//     Lambda's own retries apply too, unless the function's EventInvokeConfig says otherwise.
package scheduler
