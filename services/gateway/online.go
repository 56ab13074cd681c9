package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/nats-io/nats.go"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/gather"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

const (
	// onlineGathered is how many who enter are told together who is online.
	onlineGathered = 32
	// onlineAtOnce bounds the servers in one question.
	onlineAtOnce = 16
)

// onlineLists have who is online of each server's members, as JSON. Where a server
// has many members this is most of what is told to who enters, and for all of them
// the same: it is asked for once for those who enter together, and passed on as it came.
type onlineLists map[string]json.RawMessage

var onlineMembers = rpc.Method[contract.OnlineMembersRequest, struct {
	Online onlineLists `json:"online"`
}]{Service: contract.OnlineMembers.Service, Name: contract.OnlineMembers.Name}

func gatherOnline(nc *nats.Conn) *gather.Questions[[]string, onlineLists] {
	return gather.New(onlineGathered, func(all [][]string) ([]onlineLists, error) {
		ids := slices.Concat(all...)
		slices.Sort(ids)
		lists := onlineLists{}
		for some := range slices.Chunk(slices.Compact(ids), onlineAtOnce) {
			answer, err := rpc.Call(context.Background(), nc, onlineMembers, rpc.Caller{}, contract.OnlineMembersRequest{ServerIDs: some})
			if err != nil {
				return nil, err
			}
			maps.Copy(lists, answer.Online)
		}
		return slices.Repeat([]onlineLists{lists}, len(all)), nil
	})
}

// onlineIn has the list of each of somebody's servers.
func (s *Service) onlineIn(ctx context.Context, servers []wire.Server) ([]json.RawMessage, error) {
	var ids []string
	for i := range servers {
		ids = append(ids, servers[i].ID)
	}
	if ids == nil {
		return nil, nil
	}
	lists, err := s.gathered.online.Ask(ctx, ids)
	var online []json.RawMessage
	for _, id := range ids {
		online = append(online, lists[id])
	}
	return online, err
}

// initFrame is an init whose servers have nobody online, and those who are.
type initFrame struct {
	wire.Init
	online []json.RawMessage
}

// nobodyOnline is a server's empty list. Text never looks like that: its quotes are
// escaped.
var nobodyOnline = []byte(`"online":[]`)

func (f initFrame) encode(requestID string) []byte {
	object, _ := wire.Marshal(f.Init) // plain fields
	front, fields := wire.Parts(f.FrameType(), requestID, object)
	parts := [][]byte{front}
	for _, list := range f.online {
		before, after, _ := bytes.Cut(fields, nobodyOnline)
		others, more := without(list, f.Username)
		parts = append(parts, before, nobodyOnline[:len(nobodyOnline)-len("[]")], others, more)
		fields = after
	}
	return textFrame(append(parts, fields)...)
}

// without cuts a name out of a list, which is JSON with no space in it. Names of
// imported accounts may have quotes and commas in them.
func without(list json.RawMessage, name string) (before, after []byte) {
	quoted, _ := json.Marshal(name) // text always can be
	for at := 1; at < len(list) && list[at] == '"'; {
		end := at + 1
		for ; list[end] != '"'; end++ {
			if list[end] == '\\' {
				end++
			}
		}
		end++
		switch {
		case !bytes.Equal(list[at:end], quoted):
			at = end + len(",")
		case list[end] == ',':
			return list[:at], list[end+1:]
		default:
			return bytes.TrimSuffix(list[:at], []byte(",")), list[end:]
		}
	}
	return list, nil
}
