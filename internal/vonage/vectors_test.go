package vonage_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"sluice/internal/vonage"
)

// vectors are the signatures that Vonage's SDKs publish in their tests.
var vectors = []struct {
	name, secret string
	params       params
	sigs         map[vonage.Method]string
}{
	{
		"inbound (PHP, Node)", "my_secret_key_for_testing",
		params{
			"message-timestamp": "2013-11-21 15:27:30", "messageId": "020000001B0FE827", "msisdn": "14843472194",
			"text": "Test again", "timestamp": "1385047698", "to": "13239877404", "type": "text",
		},
		map[vonage.Method]string{
			vonage.MD5Hash:    "d2e7b1dc968737c5998ad624e02f90b7",
			vonage.HMACMD5:    "DDEBD46008C2D4E93CCE578A332A52D5",
			vonage.HMACSHA1:   "27D0D05C2876C7CB1720DBCDBA4D492E1E55C09A",
			vonage.HMACSHA256: "DDB8397C2B90AAC7F3882D306475C9A5058C92322EEF43C92B298B6E0FC0D330",
			vonage.HMACSHA512: "E0D3C650F8C9D1A5C174D10DDDBFB003E561F59B265616208B0487C5D819481CD3C311D59CF6165ECD1139622D5BA3A256C0D763AC4A9AD9144B5A426B94FE82",
		},
	},
	{
		"inbound with separators in the text (PHP)", "my_secret_key_for_testing",
		params{
			"keyword": "TEST", "message-timestamp": "2017-04-04 22:57:47", "messageId": "0B00000042AC53BD", "msisdn": "14843472194",
			"nonce": "929d6744-bd28-42c8-b6cf-31d5b4f43732", "text": "Test with & and =", "timestamp": "1491346667",
			"to": "12192259404", "type": "text",
		},
		map[vonage.Method]string{vonage.MD5Hash: "e06d9763e3fd0b9c31beb5fc2fcb011c"},
	},
	{
		"outbound with separators in the text (PHP)", "my_secret_key_for_testing",
		params{
			"api_key": "not_a_key", "from": "12192259404", "text": "Test&test=something", "timestamp": "1490638615", "to": "14843472194",
		},
		map[vonage.Method]string{vonage.MD5Hash: "17f5e3b22f778ec73464c01d180e9d0f"},
	},
	{
		"outbound (PHP)", "71efab63122f1d179f51c46bac838fb5",
		params{
			"api_key": "fake_api_key", "to": "14155550100", "from": "AcmeInc", "text": "Test From Nexmo", "type": "text",
			"timestamp": "1540924779",
		},
		map[vonage.Method]string{
			vonage.HMACMD5:    "51CDAFEBB4BBCE9525B195C1617CB8D2",
			vonage.HMACSHA1:   "0162AEC64BC183B2E1256545951FE5639DC98020",
			vonage.HMACSHA256: "9FEC5EF6D0F2B3D2BB7558B6E4042569823CAB9EA0DD30503472B7B304601975",
			vonage.HMACSHA512: "40BD12B9A4B6000AD1138EEFD24FFE9FBD72AEE13C3FA04B32BB69DBC256AD0A04A463B1A9AF6660D10F6E1E769EE14B9CFF6A635502E93AFCD0BFAB29F38F87",
		},
	},
	{
		"any parameters (Java)", "abcde", params{"a": "alphabet", "b": "bananas", "timestamp": "2100"},
		map[vonage.Method]string{
			vonage.MD5Hash:    "7d43241108912b32cc315b48ce681acf",
			vonage.HMACMD5:    "e0afe267aefd6dd18a848c1681517a19",
			vonage.HMACSHA1:   "b7f749de27b4adcf736cc95c9a7e059a16c85127",
			vonage.HMACSHA256: "8d1b0428276b6a070578225914c3502cc0687a454dfbbbb370c76a14234cb546",
		},
	},
	{
		"any parameters (Python)", "signature_secret",
		params{"param1": "value1", "param2": "value2", "timestamp": "1234567890"},
		map[vonage.Method]string{vonage.HMACSHA256: "280c4320703dbc98bfa22db676655ed2acfbfe8792b062ff7622e67f1183c287"},
	},
	{
		"any parameters with separators (Python)", "signature_secret",
		params{"param1": "value&1", "param2": "value=2", "timestamp": "1234567890"},
		map[vonage.Method]string{vonage.HMACMD5: "2bbf0abafb2c55e5af6231513896a2ac"},
	},
}

// blankDropped is the Java SDK's: b is sent without a value and is not part of what is signed.
const blankDropped = "a3368bf718ba104dcb392d8877e8eb2b"

func TestSignaturesAreThoseThatVonagePublishes(t *testing.T) {
	for _, v := range vectors {
		for m, sig := range v.sigs {
			t.Run(v.name+"/"+string(m), func(t *testing.T) {
				if got := m.Sign(v.params, v.secret); !strings.EqualFold(got, sig) {
					t.Errorf("signed %s, want %s", got, sig)
				}
				for _, spelt := range []string{strings.ToLower(sig), strings.ToUpper(sig)} {
					if !m.Verify(with(v.params, "sig", sig), v.secret, spelt) {
						t.Errorf("%s is not taken", spelt)
					}
				}
				checkVector(t, m, v.params, v.secret, sig)
			})
		}
	}
	t.Run("without its blanks (Java)", func(t *testing.T) {
		p := params{"a": "alphabet", "timestamp": "2100"}
		if got := vonage.MD5Hash.Sign(p, "abcde"); got != blankDropped {
			t.Errorf("signed %s", got)
		}
		for _, blank := range []string{"", " ", "\t \n"} {
			checkVector(t, vonage.MD5Hash, with(p, "b", blank), "abcde", blankDropped)
		}
	})
}

// The Java SDK replaces separators in names too; no name of Vonage's has one.
func TestANameCannotLookLikeTwoParameters(t *testing.T) {
	one, two := params{"a=1&b": "2"}, params{"a": "1", "b": "2"}
	if got := vonage.HMACSHA256.Sign(one, "abcde"); got == vonage.HMACSHA256.Sign(two, "abcde") ||
		got != vonage.HMACSHA256.Sign(params{"a_1_b": "2"}, "abcde") {
		t.Errorf("signed %s", got)
	}
}

// checkVector lets a vector come in as a webhook, in every form: what is none by its parameters must get as far as that.
func checkVector(t *testing.T, m vonage.Method, p params, secret, sig string) {
	t.Helper()
	seconds, _ := strconv.ParseInt(p["timestamp"], 10, 64)
	now := func() time.Time { return time.Unix(seconds, 0) }
	p = with(p, "sig", sig)
	for wire, request := range wires {
		read := func(method vonage.Method, secret string) error {
			w := vonage.NewWebhooks(vonage.WebhookConfig{Method: method, Secrets: always(secret), Now: now})
			in, err := w.Inbound(request(p))
			if err == nil && (in.Text != p["text"] || in.From.Digits() != p["msisdn"]) {
				t.Errorf("%s: read %q from %s", wire, in.Text, in.From.Digits())
			}
			return err
		}
		if err := read(m, secret); p["type"] == "text" && p["msisdn"] != "" && err != nil ||
			err != nil && !errors.Is(err, vonage.ErrUnreadable) {
			t.Errorf("%s: got %v", wire, err)
		}
		if err := read(m, secret+"x"); !errors.Is(err, vonage.ErrForged) {
			t.Errorf("%s, another secret: got %v", wire, err)
		}
		for _, other := range vonage.Methods() {
			if other != m && !errors.Is(read(other, secret), vonage.ErrForged) {
				t.Errorf("%s: taken as signed by %s", wire, other)
			}
		}
	}
}
