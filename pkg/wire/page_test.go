package wire_test

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"decentra.local/pkg/wire"
)

func page(messages int) wire.HistoryPage {
	p := wire.HistoryPage{Messages: []wire.StoredMessage{}, Seq: 7, MoreBefore: true}
	for i := range messages {
		p.Messages = append(p.Messages, wire.StoredMessage{
			ID: int64(i + 1), Seq: int64(i + 1), Username: "ann", Content: "a message of ordinary length, as people write them all day long",
			Timestamp: wire.MicroTime(1_700_000_000_000_000 + int64(i)), ContextType: wire.ContextServer, ContextID: "s/c",
			Nonce: "nonce-" + strconv.Itoa(i),
		})
	}
	return p
}

func TestPagesAreEncodedAsReflectionWould(t *testing.T) {
	edited := wire.Time{Time: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.FixedZone("", 3600))}
	odd := page(2)
	odd.MoreAfter = true
	for _, text := range []string{"", "plain", `"quoted" \\`, "<b>&amp;</b>", "tab\tline\nnull\x00", "grüße 你好 🙂", "\u2028", "broken \xff"} {
		odd.Messages = append(odd.Messages, wire.StoredMessage{
			ID: 1 << 52, Seq: 3, Username: text, Content: text, ContextType: wire.ContextDM, ContextID: text, Nonce: text,
			EditedAt: &edited, Deleted: text == "",
		})
	}
	type answer interface{ AppendJSON([]byte) []byte }
	for name, a := range map[string]answer{
		"empty":   wire.ChannelHistory{HistoryPage: page(0)},
		"channel": wire.ChannelHistory{ServerID: "s", ChannelID: "<c>", HistoryPage: odd},
		"dm":      wire.DMHistory{DMID: "d", HistoryPage: odd},
		"lobby":   wire.LobbyHistory{HistoryPage: odd},
	} {
		want, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.AppendJSON(nil); string(got) != string(want) {
			t.Errorf("%s: it is\n%s\nand not\n%s", name, got, want)
		}
	}
}

func BenchmarkPage(b *testing.B) {
	h := wire.ChannelHistory{ServerID: "s", ChannelID: "c", HistoryPage: page(100)}
	b.Run("by hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			h.AppendJSON(nil)
		}
	})
	b.Run("by reflection", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = json.Marshal(h)
		}
	})
}
