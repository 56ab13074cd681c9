package gateway

import (
	"context"
	"encoding/json"
	"reflect"
	"sync"

	"decentra.local/pkg/rpc"
)

const (
	// keptBytes bounds the answers that are kept.
	keptBytes = 8 << 20
	// keptAnswerBytes bounds one of them.
	keptAnswerBytes = 256 << 10
	// keptOverhead is what one takes besides its bytes and those of its question.
	keptOverhead = 512
)

// keptAnswer is an answer, and the mark that its owner gave it.
type keptAnswer struct {
	mark string
	body []byte
}

// keptAnswers are those that were asked for last and have a mark: most who open a
// channel want the same page of it. Their owner is asked each time whether the caller
// may have it and whether it is still the same, which takes a few bytes. They are
// forgotten by the half, whichever were not asked for since the last time.
type keptAnswers struct {
	mu         sync.Mutex
	young, old map[string]keptAnswer // by question
	bytes      int                   // of the young
}

func (k *keptAnswers) get(question string) keptAnswer {
	k.mu.Lock()
	defer k.mu.Unlock()
	a, ok := k.young[question]
	if !ok {
		if a, ok = k.old[question]; ok {
			k.keep(question, a)
		}
	}
	return a
}

func (k *keptAnswers) put(question string, a keptAnswer) {
	if len(a.body) > keptAnswerBytes {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keep(question, a)
}

// keep keeps an answer. The lock is held.
func (k *keptAnswers) keep(question string, a keptAnswer) {
	size := len(question) + len(a.body) + keptOverhead
	if before, ok := k.young[question]; ok {
		size -= len(question) + len(before.body) + keptOverhead
	}
	if k.young == nil || k.bytes+size > keptBytes/2 {
		k.old, k.young, k.bytes = k.young, map[string]keptAnswer{}, 0
		size = len(question) + len(a.body) + keptOverhead
	}
	k.young[question] = a
	k.bytes += size
}

// askUnlessKept asks for what may have been kept.
func (s *Service) askUnlessKept(ctx context.Context, m rpc.Endpoint, caller rpc.Caller, request []byte) ([]byte, error) {
	question := m.Subject() + string(request)
	kept := s.kept.get(question)
	body, mark, err := rpc.RawUnless(ctx, s.nc, m, caller, request, kept.mark)
	switch {
	case err != nil:
		return nil, err
	case mark == "":
		return body, nil
	case mark == kept.mark:
		return kept.body, nil
	}
	s.kept.put(question, keptAnswer{mark, body})
	return body, nil
}

// requestIn is the request in a frame, without what is only the frame's own.
func requestIn(frame []byte, m rpc.Endpoint) ([]byte, error) {
	kind, _ := m.Types()
	request := reflect.New(kind).Interface()
	if err := rpc.Decode(frame, request); err != nil {
		return nil, err
	}
	return json.Marshal(request)
}
