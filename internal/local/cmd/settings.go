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
	real                    bool
	vonageKey, vonageSecret string
	// signatureSecret is what webhooks are signed with; it may be empty where Vonage itself sends.
	signatureSecret string
	fake            vonagetest.Config
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

// The stand-in's own account.
const (
	fakeKey    = "local123"
	fakeSecret = "local-secret"
	// fakeSignature is not for sending: it signs webhooks.
	fakeSignature = "local-signature-secret"
)

// maxRate is the most that the stand-in's limits may be set to.
const maxRate = 1_000_000

func readSettings(getenv func(string) string) (settings, error) {
	var faults []error
	number := func(name string, fallback, least, most int) int {
		v := getenv(name)
		if v == "" {
			return fallback
		}
		n, err := strconv.Atoi(v)
		if err != nil || n < least || n > most {
			faults = append(faults, fmt.Errorf("%s is %q: it must be a whole number from %d to %d", name, v, least, most))
		}
		return n
	}
	duration := func(name string, fallback time.Duration) time.Duration {
		v := getenv(name)
		if v == "" {
			return fallback
		}
		d, err := time.ParseDuration(v)
		if err != nil || d < 0 {
			faults = append(faults, fmt.Errorf("%s is %q: it must be a duration such as 100ms", name, v))
		}
		return d
	}
	listen := func(name string, fallback int) port { return port{name, number(name, fallback, 1, 65535)} }
	s := settings{
		api: listen("PORT", 3000), vonage: listen("VONAGE_PORT", 3001),
		dynamodb: listen("DYNAMODB_PORT", 3002), sqs: listen("SQS_PORT", 3003),
		vonageKey: fakeKey, vonageSecret: fakeSecret, signatureSecret: fakeSignature,
		fake: vonagetest.Config{
			APIKey: fakeKey, APISecret: fakeSecret,
			Rate:       number("VONAGE_RATE", vonagetest.DefaultRate, -1, maxRate),
			SenderRate: number("VONAGE_SENDER_RATE", 0, 0, maxRate),
			Latency:    duration("VONAGE_LATENCY", 100*time.Millisecond),
			Jitter:     duration("VONAGE_JITTER", 0),
		},
	}
	var err error
	if s.parameters, err = readParameters(getenv("PARAMETERS")); err != nil {
		faults = append(faults, err)
	}
	faults = append(faults, s.chooseVonage(getenv), s.distinct())
	return s, errors.Join(faults...)
}

func (s *settings) chooseVonage(getenv func(string) string) error {
	switch getenv("VONAGE") {
	case "", "fake":
		s.parameters["VonageUrl"] = s.vonage.url() + fakePath(s.parameters["VonageApi"])
		return nil
	case "real":
		s.real, s.vonageKey, s.vonageSecret = true, getenv("VONAGE_API_KEY"), getenv("VONAGE_API_SECRET")
		s.signatureSecret = getenv("VONAGE_SIGNATURE_SECRET")
		if s.vonageKey == "" || s.vonageSecret == "" {
			return errors.New("VONAGE=real needs VONAGE_API_KEY and VONAGE_API_SECRET in the environment")
		}
		return nil
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
