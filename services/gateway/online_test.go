package gateway

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"decentra.local/pkg/wire"
)

func TestAnInitHasWhoIsOnlineOfEachServerButOneself(t *testing.T) {
	for name, lists := range map[string][][]string{
		"no server":          nil,
		"nobody":             {{}},
		"oneself alone":      {{"bob"}},
		"first":              {{"bob", "bobby", "carl"}},
		"between":            {{"ann", "bo", "bob", "bobby"}},
		"last":               {{"a_bob", "ann", "bob"}},
		"not oneself":        {{"ann", "zoë"}},
		"quotes and commas":  {{`a"bob`, `a","bob`, `a\`, "bob", `bob,`}},
		"commas alone":       {{"a,", ",bob", "b,", "bob"}},
		"in several servers": {{"ann", "bob"}, {}, {"bob"}, {"zoë"}},
	} {
		t.Run(name, func(t *testing.T) {
			want := wire.Init{Profile: wire.Profile{Username: "bob"}, Servers: []wire.Server{}}
			f := initFrame{Init: want}
			for _, list := range lists {
				server := wire.Server{Name: `"online":[]`, Channels: []wire.Channel{}, Online: []string{}}
				f.Servers = append(f.Servers, server)
				raw, _ := json.Marshal(list)
				f.online = append(f.online, raw)
				server.Online = slices.DeleteFunc(slices.Clone(list), func(name string) bool { return name == "bob" })
				want.Servers = append(want.Servers, server)
			}
			body, _ := wire.Marshal(want)
			expected := textFrame(wire.Compose("init", "r", body))
			if got := f.encode("r"); !reflect.DeepEqual(got, expected) {
				t.Errorf("got\n%s, want\n%s", got, expected)
			}
		})
	}
}
