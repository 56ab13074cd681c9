package gateway

import (
	"context"
	"encoding/json"
	"reflect"
	"sync"

	"github.com/nats-io/nats.go"

	"decentra.local/pkg/contract"
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
// may have it and what its mark is now. They are forgotten by the half, whichever were
// not asked for since the last time.
type keptAnswers struct {
	marks map[string]*rpc.Marks // of the answers that may be kept, by subject

	mu         sync.Mutex
	young, old map[string]keptAnswer // by question
	bytes      int                   // of the young
}

func newKeptAnswers(nc *nats.Conn) *keptAnswers {
	k := &keptAnswers{marks: map[string]*rpc.Marks{}}
	for _, m := range []rpc.Endpoint{contract.GetChannelHistory, contract.GetDMHistory, contract.GetLobbyHistory} {
		k.marks[m.Subject()] = rpc.GatherMarks(nc, m)
	}
	return k
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

// confirm asks for the mark of an answer that is kept, on behalf of somebody who wants
// it; "": it is not kept.
func (k *keptAnswers) confirm(ctx context.Context, m rpc.Endpoint, caller rpc.Caller, request []byte) (string, error) {
	if k.get(m.Subject()+string(request)).mark == "" {
		return "", nil
	}
	return k.marks[m.Subject()].Call(ctx, caller, request)
}

// askUnlessKept asks for an answer, unless the one with the mark is kept. Whose caller
// may have it is confirmed.
func (s *Service) askUnlessKept(ctx context.Context, m rpc.Endpoint, caller rpc.Caller, request []byte, mark string) ([]byte, error) {
	question := m.Subject() + string(request)
	if kept := s.kept.get(question); mark != "" && kept.mark == mark {
		return kept.body, nil
	}
	body, mark, err := rpc.RawMarked(ctx, s.nc, m, caller, request)
	if err == nil && mark != "" && s.kept.marks[m.Subject()] != nil {
		s.kept.put(question, keptAnswer{mark, body})
	}
	return body, err
}

// askKept asks for an answer that may be kept.
func (s *Service) askKept(ctx context.Context, m rpc.Endpoint, caller rpc.Caller, request []byte) ([]byte, error) {
	mark, err := s.kept.confirm(ctx, m, caller, request)
	if err != nil {
		return nil, err
	}
	return s.askUnlessKept(ctx, m, caller, request, mark)
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
