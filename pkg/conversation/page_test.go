package conversation

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"decentra.local/pkg/convlog"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

func BenchmarkPage(b *testing.B) {
	db, err := store.Open(context.Background(), store.Options{
		Path: filepath.Join(b.TempDir(), "log.db"), Migrations: []store.Migrations{convlog.Schema},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	const room, messages = "server/channel", 20_000
	id := room
	here := func(*store.Tx) (Place, error) {
		return Place{Log: room, Context: wire.ContextServer, ContextID: &id}, nil
	}
	err = db.Update(b.Context(), func(tx *store.Tx) error {
		err := convlog.Create(tx, room)
		for i := 0; i < messages && err == nil; i++ {
			_, _, err = convlog.Append(tx, room, "ann", "a message of ordinary length, as people write them all day long", "", time.Now())
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	desk := NewDesk(db, nil, time.Now)
	b.ReportAllocs()
	before := int64(messages / 2)
	for b.Loop() {
		before = (before+1)%(messages-1000) + 500
		page, err := desk.Page(b.Context(), wire.Window{Before: before}, here)
		if err != nil {
			b.Fatal(err)
		}
		wire.DMHistory{HistoryPage: page}.AppendJSON(nil)
	}
}
