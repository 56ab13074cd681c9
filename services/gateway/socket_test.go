package gateway

import (
	"testing"
	"testing/synctest"
)

func TestWhoEndsWhileALongAnswerWaitsForItsTurnGetsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := &Service{long: make(chan struct{}, 1)}
		s := &socket{service: service, over: make(chan struct{})}
		service.long <- struct{}{}
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.inLongTurn(t.Context(), "", func() { t.Error("it is made for nobody") })
		}()
		synctest.Wait()
		s.ending.Lock()
		s.ended = true
		s.ending.Unlock()
		<-service.long
		<-done
	})
}
