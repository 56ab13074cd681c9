package gather_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"decentra.local/pkg/gather"
)

func TestWhatComesMeanwhileIsAskedTogether(t *testing.T) { synctest.Test(t, together) }

func together(t *testing.T) {
	const n, most = 100, 30
	var sizes []int
	under, goOn := make(chan struct{}), make(chan struct{})
	questions := gather.New(most, func(all []int) ([]int, error) {
		sizes = append(sizes, len(all))
		if all[0] == 0 {
			close(under)
			<-goOn
		}
		answers := slices.Clone(all)
		for i := range answers {
			answers[i] *= 2
		}
		return answers, nil
	})
	var asking sync.WaitGroup
	ask := func(i int) {
		if answer, err := questions.Ask(t.Context(), i); err != nil || answer != 2*i {
			t.Errorf("question %d: %d, %v", i, answer, err)
		}
	}
	asking.Go(func() { ask(0) })
	<-under
	left, leave := context.WithCancel(t.Context())
	leave()
	for i := range n {
		asking.Go(func() { ask(i + 1) })
		if _, err := questions.Ask(left, -1); !errors.Is(err, context.Canceled) {
			t.Errorf("who had left got %v", err)
		}
	}
	synctest.Wait()
	close(goOn)
	asking.Wait()
	if want := []int{1, 30, 30, 30, 10}; !slices.Equal(sizes, want) {
		t.Errorf("asked in %v, want %v", sizes, want)
	}
}

func TestAFailureIsEverybodys(t *testing.T) {
	broken := errors.New("broken")
	questions := gather.New(10, func([]int) ([]int, error) { return nil, broken })
	for range 3 {
		if _, err := questions.Ask(t.Context(), 1); !errors.Is(err, broken) {
			t.Errorf("got %v, want %v", err, broken)
		}
	}
}

func TestNoneWaitsLongForAnotherAnswer(t *testing.T) {
	stuck, free := make(chan struct{}), make(chan struct{})
	questions := gather.New(10, func(all []int) ([]int, error) {
		if all[0] == 0 {
			close(stuck)
			<-free
		}
		return all, nil
	})
	var asking sync.WaitGroup
	asking.Go(func() { _, _ = questions.Ask(t.Context(), 0) })
	<-stuck
	if answer, err := questions.Ask(t.Context(), 1); err != nil || answer != 1 {
		t.Errorf("got %d, %v", answer, err)
	}
	close(free)
	asking.Wait()
}
