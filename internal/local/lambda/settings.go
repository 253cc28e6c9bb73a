package lambda

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// settings are what both kinds of function have.
type settings struct {
	name        string
	region      string
	timeout     time.Duration
	concurrency int
}

// check fills in Lambda's defaults and refuses what Lambda would.
func (s settings) check() (settings, error) {
	s.region = cmp.Or(s.region, DefaultRegion)
	s.timeout = cmp.Or(s.timeout, DefaultTimeout)
	s.concurrency = cmp.Or(s.concurrency, DefaultConcurrency)
	switch {
	case s.name == "":
		return s, errors.New("function has no name")
	case s.timeout < time.Second || s.timeout > MaxTimeout:
		return s, fmt.Errorf("function %s: timeout of %s, must be from 1s to %s", s.name, s.timeout, MaxTimeout)
	case s.concurrency < 0:
		return s, fmt.Errorf("function %s: concurrency of %d, must not be negative", s.name, s.concurrency)
	}
	return s, nil
}
