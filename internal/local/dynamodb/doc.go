// Package dynamodb is an in-memory Amazon DynamoDB: an http.Handler that speaks the AWS JSON 1.0 protocol (API version
// 2012-08-10), so that the AWS SDK and a deployed binary use it unchanged.
//
// It has GetItem, PutItem, UpdateItem, DeleteItem, Query, Scan, BatchGetItem, BatchWriteItem and TransactWriteItems, with
// their conditions, projections, limits, return values and consumed capacity; any other operation or parameter is refused
// by name. One lock is held for each request: every request, a transaction included, is atomic and isolated. Items are
// never changed in place, so a transaction is worked out whole before the first of its writes is stored.
//
// An operation costs what it touches: the size of the table matters only for the depth of a binary search and for shifting
// a partition's slice when an item is put before its end.
//
// Known differences from Amazon DynamoDB:
//   - Reads and indexes are always current. An eventually consistent read is only cheaper.
//   - Time to live, streams, throttling, provisioned throughput and item collections are not there. Nothing is stored.
//   - A transaction never conflicts with another request: it waits for the lock. No read sees half of one, whereas a
//     BatchGetItem or Query of the service may.
//   - Items with equal sort keys in an index come in the order of their primary keys. The service promises no order.
//   - Error texts are alike but not the same; the codes are.
//   - Tables are given to New. Local secondary indexes and keys of several attributes are not supported.
//   - Scan goes through the partitions in the order of their keys.
//   - A write whose condition fails is billed by the service, but neither says so in its answer. In transactions only
//     writes to the table are doubled, not those to its indexes, which the documentation leaves open.
package dynamodb
