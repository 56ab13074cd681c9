package gateway

import (
	"testing"
	"testing/synctest"
	"time"

	"decentra.local/pkg/fault"
)

func TestWhoComesInWaitsForATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Service{entries: make(chan struct{}, 1)}
		first, err := s.letIn(nil)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		time.AfterFunc(entryWait-time.Second, first)
		second, err := s.letIn(nil)
		if took := time.Since(began); err != nil || took != entryWait-time.Second {
			t.Fatalf("after %s: %v", took, err)
		}
		defer second()

		began = time.Now()
		if _, err := s.letIn(nil); !fault.Is(err, fault.Unavailable) || time.Since(began) != entryWait {
			t.Errorf("who waited for %s for a turn that never came got %v", time.Since(began), err)
		}
		over := make(chan struct{})
		close(over)
		began = time.Now()
		if _, err := s.letIn(over); err == nil || time.Since(began) != 0 {
			t.Errorf("who had left waited for %s and got %v", time.Since(began), err)
		}
	})
}
