package gateway_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/internal/lambdaio"
	"sluice/internal/local/gateway"
	"sluice/internal/local/lambda"
)

// seen is what a handler can know of a request, as far as an HTTP API keeps it.
type seen struct {
	Method, Path, Query, Host, Remote, Proto string
	Header                                   map[string]string
	Length                                   int64
}

// echo answers with what it saw in a header, and with the request's own body.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ip, _, _ := net.SplitHostPort(r.RemoteAddr)
	s := seen{r.Method, r.URL.Path, r.URL.RawQuery, r.Host, ip, r.Proto, map[string]string{}, r.ContentLength}
	for name, values := range r.Header {
		switch name {
		case "Content-Length", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Amzn-Trace-Id":
		case "Cookie":
			s.Header[name] = strings.Join(values, "; ")
		default:
			s.Header[name] = strings.Join(values, ",")
		}
	}
	description, err := json.Marshal(s)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("X-Seen", base64.StdEncoding.EncodeToString(description))
	w.Header().Add("Set-Cookie", "a=1; Path=/")
	w.Header().Add("Set-Cookie", "b=2")
	w.Header()["Vary"] = []string{"Accept", "Cookie"}
	if media := r.Header.Get("Content-Type"); media != "" {
		w.Header().Set("Content-Type", media)
	} else if len(body) > 0 {
		w.Header().Set("Content-Type", "application/octet-stream") // or the recorder and a real server would guess differently
	}
	status, err := strconv.Atoi(r.Header.Get("X-Status"))
	if err == nil {
		w.WriteHeader(status)
	}
	// The recorder, unlike a server, would keep a body that the response cannot have.
	if len(body) > 0 && r.Method != http.MethodHead && status != http.StatusNoContent && status != http.StatusNotModified {
		_, _ = w.Write(body)
	}
}

type request struct {
	method, target, body string
	header               http.Header
}

func (q request) make() *http.Request {
	r := httptest.NewRequest(q.method, q.target, strings.NewReader(q.body))
	r.ContentLength = int64(len(q.body))
	r.Header = q.header.Clone()
	return r
}

type received struct {
	Status int
	Header map[string]string
	Cookie []string
	Body   string
	Seen   seen
}

func call(t rapid.TB, h http.Handler, q request) received {
	w := do(h, q.make())
	result := received{w.Code, map[string]string{}, w.Header()["Set-Cookie"], w.Body.String(), seen{}}
	for name, values := range w.Header() {
		switch name {
		case "Set-Cookie", "Apigw-Requestid":
		case "X-Seen":
			description, _ := base64.StdEncoding.DecodeString(values[0])
			if err := json.Unmarshal(description, &result.Seen); err != nil {
				t.Fatal(err)
			}
		default:
			result.Header[name] = strings.Join(values, ",")
		}
	}
	return result
}

func echoBehindGateway(t *testing.T) http.Handler {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	function, err := lambda.NewHandler(t.Context(), lambda.HandlerConfig{Name: "echo"}, lambdaio.HTTP(http.HandlerFunc(echo), log))
	if err != nil {
		t.Fatal(err)
	}
	return newGateway(t, gateway.Route{Path: gateway.Default, Invoker: function})
}

func TestAHandlerBehindTheGatewaySeesAndAnswersTheSame(t *testing.T) {
	behind := echoBehindGateway(t)
	for name, q := range map[string]request{
		"plain":             {"GET", "/campaigns", "", nil},
		"encoded slash":     {"GET", "/suppressions/%2B447700900123%2Fx", "", nil},
		"space and unicode": {"GET", "/a%20b/%CE%BB", "", nil},
		"hash":              {"GET", "/a%23b", "", nil},
		"double slash":      {"GET", "//a//b/", "", nil},
		"query":             {"GET", "/?a=1&a=2&b=%20+%2B&c&d=%zz", "", nil},
		"cookies":           {"GET", "/", "", http.Header{"Cookie": {"a=1; b=2", "c=3"}}},
		"repeated header":   {"GET", "/", "", http.Header{"X-A": {"1", "2"}}},
		"json":              {"POST", "/", `{"a":"λ"}`, http.Header{"Content-Type": {"application/json"}}},
		"form":              {"POST", "/", "a=b&c=%20", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}},
		"a receipt by GET": {"GET", "/webhooks/vonage/receipts?msisdn=447700900001&status=delivered&client-ref=r%26d" +
			"&message-timestamp=2026-11-23+02%3A34%3A35", "", nil},
		"a reply as a form": {"POST", "/webhooks/vonage/inbound", "msisdn=447700900001&text=Stop%21+%C3%A9%26&type=unicode",
			http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=UTF-8"}}},
		"binary":             {"PUT", "/", "\x00\xff\xfe", http.Header{"Content-Type": {"application/octet-stream"}}},
		"binary as text":     {"PUT", "/", "a\xffb", http.Header{"Content-Type": {"text/csv"}}},
		"packed":             {"PUT", "/", "\x1f\x8b\x08\x00", http.Header{"Content-Type": {"text/csv"}, "Content-Encoding": {"gzip"}}},
		"control characters": {"PUT", "/", "\x00\x01\u2028</script>", http.Header{"Content-Type": {"text/plain"}}},
		"no content":         {"DELETE", "/", "", http.Header{"X-Status": {"204"}}},
		"not modified":       {"GET", "/", "", http.Header{"X-Status": {"304"}}},
		"head":               {"HEAD", "/", "", nil},
		"error":              {"POST", "/", "{}", http.Header{"X-Status": {"503"}, "Content-Type": {"application/json"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(call(t, http.HandlerFunc(echo), q), call(t, behind, q)); diff != "" {
				t.Errorf("direct (-) and through the gateway (+) differ:\n%s", diff)
			}
		})
	}
}

func TestAnyRequestIsTheSameBehindTheGateway(t *testing.T) {
	behind := echoBehindGateway(t)
	rapid.Check(t, func(t *rapid.T) {
		q := anyRequest(t)
		if diff := cmp.Diff(call(t, http.HandlerFunc(echo), q), call(t, behind, q)); diff != "" {
			t.Errorf("%s %s\ndirect (-) and through the gateway (+) differ:\n%s", q.method, q.target, diff)
		}
	})
}

// anyRequest leaves out what an HTTP API is known to change: paths with a percent sign or a question mark in them.
func anyRequest(t *rapid.T) request {
	segment := rapid.StringOf(rapid.Rune().Filter(func(r rune) bool { return r != '%' && r != '?' && r != '�' }))
	var path strings.Builder
	for _, s := range rapid.SliceOfN(segment, 1, 4).Draw(t, "path") {
		path.WriteString("/" + url.PathEscape(s))
	}
	query := rapid.StringMatching(`([a-c]=([a-z0-9+]|%[0-9A-F]{2})*&?){0,4}`).Draw(t, "query")
	header := http.Header{}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"Accept", "Authorization", "X-A", "X-B"}), 0, 4, rapid.ID).Draw(t, "names") {
		header[name] = rapid.SliceOfN(rapid.StringMatching(`[!-~]( ?[!-~]){0,8}`), 1, 3).Draw(t, name)
	}
	if cookies := rapid.SliceOfN(rapid.StringMatching(`[a-z]=[a-z0-9]*`), 0, 3).Draw(t, "cookies"); len(cookies) > 0 {
		header.Set("Cookie", strings.Join(cookies, "; "))
	}
	header.Set("X-Status", strconv.Itoa(rapid.SampledFrom([]int{200, 201, 204, 304, 400, 404, 500}).Draw(t, "status")))
	if media := rapid.SampledFrom([]string{"", "application/json", "text/csv; charset=utf-8", "application/x-www-form-urlencoded",
		"image/png"}).Draw(t, "media"); media != "" {
		header.Set("Content-Type", media)
	}
	body := bytes.Join(rapid.SliceOf(rapid.OneOf(rapid.SliceOf(rapid.Byte()),
		rapid.Map(rapid.String(), func(s string) []byte { return []byte(s) }))).Draw(t, "body"), nil)
	method := rapid.SampledFrom(slices.Sorted(slices.Values([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}))).Draw(t, "method")
	target := path.String()
	if query != "" {
		target += "?" + query
	}
	return request{method, "http://api.example.com" + target, string(body), header}
}
