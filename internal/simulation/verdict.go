package simulation

import (
	"context"
	"fmt"
	"sync"
	"testing"
)

// judge is what a world needs of a test.
type judge interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// verdict notes what a judge would fail for.
type verdict struct {
	*testing.T
	mu     sync.Mutex
	faults []error
}

type sentenced struct{}

// Errorf implements judge.
func (v *verdict) Errorf(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.faults = append(v.faults, fmt.Errorf(format, args...))
}

// Fatalf implements judge. It ends the scenario, which acquit expects.
func (v *verdict) Fatalf(format string, args ...any) {
	v.Errorf(format, args...)
	panic(sentenced{})
}

// acquit keeps a Fatalf from being a crash.
func (*verdict) acquit() {
	if r := recover(); r != nil && r != (sentenced{}) {
		panic(r)
	}
}
