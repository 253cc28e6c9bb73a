// Package gateway is an API Gateway HTTP API in front of local functions: an http.Handler that picks a route, hands the
// request to the route's function as an event of payload format 2.0, and turns what the function returns into the
// response.
//
// Routes are matched and events are made as the live service does, also where that surprises:
//
//   - A path is percent-decoded twice, and cut at a question mark that the first decoding brings out. rawPath is the
//     result, so "/a%2Fb" is "/a/b". A path that cannot be decoded twice is refused with 400.
//   - A request body is text if its content type is text/*, application/json, application/javascript or
//     application/xml, and it has no Content-Encoding; any other, form data and bodies without a type among them, is
//     base64. It is never unpacked. An event of more than 6 MB, base64 and escapes included, is refused with 413.
//   - Only the Cookies of a response can occur several times; multiValueHeaders is not part of format 2.0.
//
// Known differences from the real thing:
//
//   - There are no authorizers, CORS settings, stages but $default, mappings, throttling or access logs.
//   - A text body that is not valid UTF-8 is passed as base64. Elsewhere in an event such bytes become U+FFFD.
//   - Hop-by-hop headers are dropped silently; no header of a response is renamed.
//   - Where routes with different variables match equally well, literal segments win from the left; the service
//     documents only that the most specific route wins.
//
// Sources: API Gateway Developer Guide, "Create routes for HTTP APIs", "Create AWS Lambda proxy integrations for HTTP
// APIs" and "Quotas for configuring and running an HTTP API"; published captures of live requests for the points above.
package gateway
