package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"sluice/internal/vonage/vonagetest"
)

// settings are what the environment says. README.md has the table.
type settings struct {
	api, vonage, dynamodb, sqs port
	// real sends through Vonage itself, with the key of the environment.
	real    bool
	account account
	fake    vonagetest.Config
	// parameters override those of the template.
	parameters map[string]string
}

// port is one address to listen on, and the variable that sets it.
type port struct {
	variable string
	number   int
}

func (p port) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.number)) }
func (p port) url() string     { return "http://" + p.address() }

// maxRate is the most that the stand-in's limits may be set to.
const maxRate = 1_000_000

func readSettings(getenv func(string) string) (settings, error) {
	r := &reader{getenv: getenv}
	listen := func(name string, fallback int) port { return port{name, r.number(name, fallback, 1, 65535)} }
	s := settings{
		api: listen("PORT", 3000), vonage: listen("VONAGE_PORT", 3001),
		dynamodb: listen("DYNAMODB_PORT", 3002), sqs: listen("SQS_PORT", 3003),
		account: account{APIKey: fakeKey, APISecret: fakeSecret, SignatureSecret: fakeSignature},
	}
	s.fake = vonagetest.Config{
		APIKey: fakeKey, APISecret: fakeSecret,
		Rate:       r.number("VONAGE_RATE", vonagetest.DefaultRate, -1, maxRate),
		SenderRate: r.number("VONAGE_SENDER_RATE", 0, 0, maxRate),
		Latency:    r.duration("VONAGE_LATENCY", 100*time.Millisecond),
		Jitter:     r.duration("VONAGE_JITTER", 0),
		Returns:    readReturns(r, s.api.url()),
	}
	var err error
	if s.parameters, err = readParameters(getenv("PARAMETERS")); err != nil {
		r.faults = append(r.faults, err)
	}
	r.faults = append(r.faults, s.chooseVonage(getenv), s.distinct())
	return s, errors.Join(r.faults...)
}

func (s *settings) chooseVonage(getenv func(string) string) error {
	switch getenv("VONAGE") {
	case "", "fake":
		s.parameters["VonageUrl"] = s.vonage.url() + fakePath(s.parameters["VonageApi"])
		return nil
	case "real":
		s.real = true
		s.account = account{
			APIKey: getenv("VONAGE_API_KEY"), APISecret: getenv("VONAGE_API_SECRET"),
			SignatureSecret: getenv("VONAGE_SIGNATURE_SECRET"),
			ApplicationID:   getenv("VONAGE_APPLICATION_ID"), PrivateKey: getenv("VONAGE_PRIVATE_KEY"),
		}
		return s.account.check()
	default:
		return fmt.Errorf("VONAGE is %q: it must be real, fake or empty", getenv("VONAGE"))
	}
}

// fakePath is where the stand-in's base URL of an API is, as at Vonage (https://rest.nexmo.com/sms,
// https://api.nexmo.com/v1).
func fakePath(api string) string {
	if api == "messages" {
		return "/v1"
	}
	return "/sms"
}

// distinct finds ports that are given twice.
func (s settings) distinct() error {
	taken := make(map[int]string)
	for _, p := range []port{s.api, s.vonage, s.dynamodb, s.sqs} {
		if other, twice := taken[p.number]; twice {
			return fmt.Errorf("%s and %s are both %d: each needs a port of its own", other, p.variable, p.number)
		}
		taken[p.number] = p.variable
	}
	return nil
}

// readParameters reads the form that sam deploy takes: Name=value pairs with spaces between them.
func readParameters(pairs string) (map[string]string, error) {
	parameters := make(map[string]string)
	for _, pair := range strings.Fields(pairs) {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return parameters, fmt.Errorf("PARAMETERS has %q: it must be Name=value, with spaces between several", pair)
		}
		parameters[name] = value
	}
	return parameters, nil
}
