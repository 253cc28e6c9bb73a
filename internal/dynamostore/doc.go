// Package dynamostore keeps everything in one DynamoDB table: campaigns, recipient lists, batches, messages, what comes
// back, the pace and the API keys. It implements campaign.Store, returns.Store, report.Store, oneoff.TestStore, pace.Store and
// httpapi's key look-up.
//
// The table has a string partition key pk, a string sort key sk, and one sparse index, due (due_shard, due_at), of what
// the dispatcher has to look at and of the open replies. keys.go has the shape of every key. Instants are kept in whole
// milliseconds.
package dynamostore
