package pace_test

import (
	"testing"

	"sluice/internal/pace"
	"sluice/internal/pace/pacetest"
)

func TestMemory(t *testing.T) {
	pacetest.TestStore(t, func(*testing.T) pace.Store { return &pacetest.Memory{} })
}
