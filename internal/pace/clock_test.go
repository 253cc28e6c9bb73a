package pace_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/pace"
)

func TestClocksAgree(t *testing.T) {
	for _, off := range []time.Duration{0, 250 * time.Millisecond, -250 * time.Millisecond, 3 * time.Second, -time.Hour} {
		for _, phase := range []time.Duration{0, time.Millisecond, 500 * time.Millisecond, 999 * time.Millisecond} {
			t.Run(fmt.Sprintf("%v off, at %v of a second", off, phase), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					time.Sleep(phase)
					var mu sync.Mutex
					asked := 0
					c := pace.NewClock(func() time.Time { return time.Now().Add(off) }, func(context.Context) (time.Time, error) {
						mu.Lock()
						asked++
						mu.Unlock()
						time.Sleep(4 * time.Millisecond)
						return time.Now().Truncate(time.Second), nil
					})
					if got := time.Until(c.Now()); got != off {
						t.Errorf("before, it is %v off", got)
					}
					start := time.Now()
					var all sync.WaitGroup
					for range 3 {
						all.Go(func() {
							if err := c.Agree(t.Context()); err != nil {
								t.Error(err)
							}
						})
					}
					all.Wait()
					if got := time.Until(c.Now()).Abs(); got > 12*time.Millisecond || off == 0 && got != 0 {
						t.Errorf("after, it is %v off", got)
					}
					if took := time.Since(start); took > 1100*time.Millisecond || asked > 100 {
						t.Errorf("it took %v and %d questions", took, asked)
					}
				})
			})
		}
	}
}

func TestAClockThatCannotAgreeSaysSo(t *testing.T) {
	broken := errors.New("broken")
	for name, second := range map[string]func(context.Context) (time.Time, error){
		"a reference that stands still": func(context.Context) (time.Time, error) { return begin, nil },
		"a reference that fails":        func(context.Context) (time.Time, error) { return begin, broken },
		"a reference that is gone": func(ctx context.Context) (time.Time, error) {
			<-ctx.Done()
			return begin, ctx.Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				c := pace.NewClock(time.Now, second)
				if err := c.Agree(ctx); err == nil || time.Until(c.Now()) != 0 {
					t.Errorf("%v, and it is %v off", err, time.Until(c.Now()))
				}
			})
		})
	}
}
