package event_test

import (
	"strings"
	"testing"

	"decentra.local/pkg/event"
)

func TestTopicsOfAnyNameAreOneToken(t *testing.T) {
	seen := map[event.Topic]string{}
	for _, name := range []string{"ann", "Ann", "a.b", "a b", "a*", "a>", "é", "a%2Eb", "日本", "a/b", "", "\x00"} {
		topic := event.User(name)
		if other, ok := seen[topic]; ok {
			t.Errorf("%q and %q share the topic %s", name, other, topic)
		}
		seen[topic] = name
		token := strings.TrimPrefix(string(topic), "user.")
		if strings.ContainsAny(token, ". *>\x00") {
			t.Errorf("%q: the token %q is not one", name, token)
		}
	}
}
