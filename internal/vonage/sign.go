package vonage

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"
)

// Method is how the SMS API signs its webhooks (Vonage, "Signing messages"; set for the account in its dashboard).
type Method string

// The methods. The first is a hash of the parameters and the secret, the others are HMACs.
const (
	MD5Hash    Method = "md5hash"
	HMACMD5    Method = "md5"
	HMACSHA1   Method = "sha1"
	HMACSHA256 Method = "sha256"
	HMACSHA512 Method = "sha512"
)

// Methods are all of them.
func Methods() []Method { return []Method{MD5Hash, HMACMD5, HMACSHA1, HMACSHA256, HMACSHA512} }

// ParseMethod reads a method's name.
func ParseMethod(name string) (Method, error) {
	if m := Method(name); slices.Contains(Methods(), m) {
		return m, nil
	}
	return "", fmt.Errorf("%q is no signature method: it must be one of %v", name, Methods())
}

const (
	// sigParam is the parameter that holds the signature, and is not part of what is signed.
	sigParam = "sig"
	// timestampParam is when it was signed, in seconds since 1970.
	timestampParam = "timestamp"
)

// separators would let a value look like several parameters.
var separators = strings.NewReplacer("&", "_", "=", "_")

// Sign is the signature of a request's parameters (decoded values), in hexadecimal, as Vonage writes it: capitals for the
// HMACs. A parameter named sig is left out.
func (m Method) Sign(params map[string]string, secret string) string {
	sum := hex.EncodeToString(m.sum(params, secret))
	if m == MD5Hash {
		return sum
	}
	return strings.ToUpper(sum)
}

// Verify says whether sig, hexadecimal in capitals or not, is the signature of params. It takes the same time wherever a
// wrong signature begins to differ.
func (m Method) Verify(params map[string]string, secret, sig string) bool {
	got, err := hex.DecodeString(sig)
	return err == nil && hmac.Equal(got, m.sum(params, secret))
}

func (m Method) sum(params map[string]string, secret string) []byte {
	var base strings.Builder
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if name != sigParam {
			base.WriteString("&" + separators.Replace(name) + "=" + separators.Replace(params[name]))
		}
	}
	if m == MD5Hash {
		sum := md5.Sum([]byte(base.String() + secret))
		return sum[:]
	}
	mac := hmac.New(m.hash(), []byte(secret))
	mac.Write([]byte(base.String()))
	return mac.Sum(nil)
}

func (m Method) hash() func() hash.Hash {
	switch m {
	case HMACMD5:
		return md5.New
	case HMACSHA1:
		return sha1.New
	case HMACSHA512:
		return sha512.New
	default:
		return sha256.New
	}
}
