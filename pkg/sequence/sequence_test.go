package sequence_test

import (
	"context"
	"slices"
	"testing"

	"decentra.local/pkg/sequence"
)

func TestEachBeginsWhenTheOneBeforeHasYieldedOrReturned(t *testing.T) {
	const n = 100
	var begun []int // guarded by the order itself, which the race detector checks
	all := make(chan struct{})
	sequence.Run(t.Context(), n, func(ctx context.Context, i int) {
		begun = append(begun, i)
		if i == n-1 {
			close(all)
			return
		}
		if i%2 == 0 {
			return
		}
		sequence.Yield(ctx)
		sequence.Yield(ctx) // once is enough; twice is no harm
		<-all               // all wait together
	})
	if len(begun) != n || !slices.IsSorted(begun) {
		t.Errorf("they began in the order %v", begun)
	}
}

func TestYieldOutsideOfARunDoesNothing(*testing.T) { sequence.Yield(context.Background()) }
