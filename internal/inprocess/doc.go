// Package inprocess calls an http.Handler through an http.RoundTripper, with no socket between them. Clients and
// servers that would talk over loopback can so share one process, one testing/synctest bubble and its virtual time.
//
// Where it differs from net/http over a real connection:
//
//   - The request is read wholly before the handler runs, and the answer is held back until the handler returns:
//     nothing streams, Flush only fixes the headers, and 1xx answers are dropped.
//   - A handler that panics with http.ErrAbortHandler fails the round trip with io.EOF, even if it had already written
//     something. Any other panic is not caught: it ends the program, so that no test passes over it.
//   - There are no connections: nothing is reused, refused or kept alive, and there is no compression, TLS or HTTP/2.
package inprocess
