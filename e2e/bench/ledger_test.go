package bench

import "testing"

func TestTheLedgerNoticesWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		name    string
		numbers []int64
		wrong   bool
	}{
		{"in order", []int64{1, 2, 3}, false},
		{"lost", []int64{1, 3}, true},
		{"the first lost", []int64{2}, true},
		{"twice", []int64{1, 1}, true},
		{"twice, later", []int64{1, 2, 1}, true},
		{"out of order", []int64{1, 3, 2}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := make(ledger, 2)
			var first error
			for _, n := range test.numbers {
				if err := l.note(mark{sender: 1, number: n}); first == nil {
					first = err
				}
			}
			if (first != nil) != test.wrong {
				t.Errorf("%v: %v, want an error: %v", test.numbers, first, test.wrong)
			}
		})
	}
	if err := make(ledger, 2).note(mark{sender: 2, number: 1}); err == nil {
		t.Error("a message of a sender who is not there was taken")
	}
}

func TestAMarkIsFoundInItsFrame(t *testing.T) {
	want := mark{round: 7, sender: 0, number: 1234, sent: 98765}
	frame := append(want.append([]byte(`{"type":"message","content":"1-2-3-4","nonce":"`)), `"}`...)
	if got, ok := parseMark(frame); !ok || got != want {
		t.Errorf("in %s was found %+v, %v", frame, got, ok)
	}
	for _, frame := range []string{`{}`, `{"nonce":"1-2-3"}`, `{"nonce":"1-2-3-4-5"}`, `{"nonce":"1-2-3-x"}`, `{"nonce":"1-2-3-4`} {
		if got, ok := parseMark([]byte(frame)); ok {
			t.Errorf("in %s was found %+v", frame, got)
		}
	}
}
