// Package lambdaio is the envelope between AWS Lambda's events and ordinary Go: an HTTP API event (payload format 2.0)
// becomes a call of an http.Handler, and an SQS event becomes one call for each message.
//
// The envelope knows nothing of what it carries, and writes no body, header or query to the log.
//
// Two facts of HTTP APIs shape it:
//
//   - rawPath arrives percent-decoded, in spite of its name (unlike Lambda function URLs and REST APIs). It is taken as
//     the decoded path and never decoded again, so "/a%2Fb" cannot be told from "/a/b" by any handler behind an HTTP
//     API.
//   - Header fields that occur several times arrive as one value joined by commas, except cookies (API Gateway
//     Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs").
package lambdaio
