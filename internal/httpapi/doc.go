// Package httpapi is the HTTP surface: one http.Handler, the same behind API Gateway, on the local platform and in tests.
//
// Types and required fields are checked by the schema that /openapi.json shows, meaning by the domain; both are reported
// together, as application/problem+json (RFC 9457) with one entry for each field or row that is wrong. What is uploaded is
// read by package recipientfile, where a row that is wrong does not refuse the others.
package httpapi
