package chat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"decentra.local/pkg/convlog"
	"decentra.local/pkg/imported"
	"decentra.local/pkg/original"
	"decentra.local/pkg/store"
	"decentra.local/pkg/text"
	"decentra.local/pkg/wire"
)

// Import takes over the servers of an original installation with their channels,
// members, permissions and messages, and the lobby. The accounts come first:
// move.Names has what their names became. The service must not be running.
func Import(ctx context.Context, data string, move *original.Move, log *slog.Logger) error {
	db, err := openStore(ctx, data, log, nil)
	if err != nil {
		return err
	}
	i := &importer{db: db, move: move, kinds: map[string]string{}}
	return errors.Join(i.run(ctx), db.Close())
}

// longestImportedName bounds the names of servers and channels, in bytes.
const longestImportedName = 400

type importer struct {
	db    *store.DB
	move  *original.Move
	kinds map[string]string // of each channel, by "server id/channel id" there: text or voice
	logs  map[string]string // the conversation of each text channel, likewise
}

func (i *importer) taken(kind string) imported.Log {
	return imported.Log{Source: i.move.From.Source(), Kind: kind}
}

func (i *importer) run(ctx context.Context) error {
	servers, strays, err := i.move.From.Servers(ctx)
	if err != nil {
		return err
	}
	if strays > 0 {
		i.move.Note("%d channels and members of servers that are not there.", strays)
	}
	i.logs = map[string]string{}
	for _, s := range servers {
		err := i.db.Update(ctx, func(tx *store.Tx) error { return i.server(tx, s) })
		if err != nil {
			return fmt.Errorf("import server %q: %w", s.ID, err)
		}
	}
	err = i.db.Update(ctx, func(tx *store.Tx) error { return convlog.Create(tx, lobbyLog) })
	if err != nil {
		return err
	}
	return imported.Messages(ctx, i.db, i.move, imported.Conversations{
		Mine:    func(context string) bool { return context != wire.ContextDM },
		Log:     i.log,
		Readers: readers,
		Keep: func(log string) int {
			if log == lobbyLog {
				return wire.Bounds.LobbyHistory
			}
			return 0
		},
	})
}

// server takes a server, or what is new in one that an earlier run took.
func (i *importer) server(tx *store.Tx, s original.Server) error {
	owner, ok := i.owner(s)
	if !ok {
		i.move.Note("The server %.60q: none of its members has an account.", s.Name)
		return nil
	}
	id, taken, err := i.taken("server").Find(tx, s.ID)
	if err != nil {
		return err
	}
	if !taken {
		if id, err = i.freeID(tx, "server", s.ID); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO server (id, name, owner, created) VALUES ($1, $2, $3, $4)`,
			id, i.bounded("server", s.Name), owner, time.Now().UnixMicro()); err != nil {
			return fmt.Errorf("insert server: %w", err)
		}
		if err := i.taken("server").Note(tx, s.ID, id); err != nil {
			return err
		}
		if i.move.Names[s.Owner] != owner {
			i.move.Note("The server %.60q has an owner without an account: it belongs to %q now.", s.Name, owner)
		}
		i.move.Took("servers", 1, 0)
	} else {
		i.move.Took("servers", 0, 1)
		var exists bool
		if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM server WHERE id = $1)`, id).Scan(&exists); err != nil {
			return fmt.Errorf("find server: %w", err)
		}
		if !exists {
			return nil // deleted here since
		}
	}
	i.move.Servers[s.ID] = id
	for n, c := range s.Channels {
		if err := i.channel(tx, s, id, c, n); err != nil {
			return err
		}
	}
	if !slices.ContainsFunc(s.Members, func(m original.Member) bool { return i.move.Names[m.Username] == owner }) {
		s.Members = append([]original.Member{{Username: s.Owner}}, s.Members...)
	}
	for n, m := range s.Members {
		if err := i.member(tx, s, id, m, n); err != nil {
			return err
		}
	}
	return nil
}

// bounded is a name as it is, unless it is so long that it would be a burden to
// everybody who sees it.
func (i *importer) bounded(what, name string) string {
	cut := text.Cut(name, longestImportedName)
	if cut != name {
		i.move.Note("The name of the %s %.60q has %d bytes: it is cut.", what, name, len(name))
	}
	return cut
}

// owner is who a server belongs to: its owner, or the member who came first when
// that one has no account.
func (i *importer) owner(s original.Server) (string, bool) {
	names := []string{s.Owner}
	for _, m := range s.Members {
		names = append(names, m.Username)
	}
	for _, name := range names {
		if became := i.move.Names[name]; became != "" && became != wire.DeletedUser {
			return became, true
		}
	}
	return "", false
}

// freeID keeps an id of the original's, which clients may have stored, unless
// something else has it or it has another form than ids here.
func (i *importer) freeID(tx *store.Tx, table, wished string) (string, error) {
	if !imported.KeepsID(wished) {
		return newID(), nil
	}
	var used bool
	if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM `+table+` WHERE id = $1)`, wished).Scan(&used); err != nil {
		return "", fmt.Errorf("look for the id: %w", err)
	}
	if used {
		return newID(), nil
	}
	return wished, nil
}

func (i *importer) channel(tx *store.Tx, s original.Server, serverID string, c original.Channel, place int) error {
	key := channelLog(s.ID, c.ID)
	kind := wire.ChannelText
	if c.Kind == wire.ChannelVoice {
		kind = wire.ChannelVoice
	}
	i.kinds[key] = kind
	id, taken, err := i.taken("channel").Find(tx, key)
	if err != nil {
		return err
	}
	if taken {
		i.move.Took("channels", 0, 1)
		var exists bool
		if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM channel WHERE id = $1)`, id).Scan(&exists); err != nil || !exists {
			return err
		}
	} else {
		if id, err = i.freeID(tx, "channel", c.ID); err != nil {
			return err
		}
		// Behind what is there already, in the original's order.
		_, err = tx.Exec(`INSERT INTO channel (id, server_id, name, kind, position, created)
			SELECT $1, $2, $3, $4, coalesce(max(position), 0) + 1, $5 FROM channel WHERE server_id = $2`,
			id, serverID, i.bounded("channel", c.Name), kind, time.Now().UnixMicro()+int64(place))
		if err != nil {
			return fmt.Errorf("insert channel: %w", err)
		}
		if err := i.taken("channel").Note(tx, key, id); err != nil {
			return err
		}
		i.move.Took("channels", 1, 0)
	}
	if kind == wire.ChannelText {
		i.logs[key] = channelLog(serverID, id)
		return convlog.Create(tx, i.logs[key])
	}
	return nil
}

func (i *importer) member(tx *store.Tx, s original.Server, serverID string, m original.Member, place int) error {
	name := i.move.Names[m.Username]
	if name == "" {
		i.move.Note("A member of the server %.60q: %.60q has no account.", s.Name, m.Username)
		return nil
	}
	key := channelLog(s.ID, m.Username)
	if _, taken, err := i.taken("member").Find(tx, key); err != nil {
		return err
	} else if taken || name == wire.DeletedUser {
		i.move.Took("memberships", 0, 1)
		return nil
	}
	_, err := tx.Exec(`INSERT INTO member (server_id, username, can_create_channel, can_edit_channel, can_delete_channel, joined)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (server_id, username) DO NOTHING`,
		serverID, name, m.CreateChannel, m.EditChannel, m.DeleteChannel, time.Now().UnixMicro()+int64(place))
	if err != nil {
		return fmt.Errorf("insert member: %w", err)
	}
	i.move.Took("memberships", 1, 0)
	return i.taken("member").Note(tx, key, name)
}

// log finds where a message of a channel or of the lobby goes.
func (i *importer) log(m original.Message) (log, why string) {
	switch {
	case m.Context == wire.ContextGlobal:
		return lobbyLog, ""
	case m.Context != wire.ContextServer:
		return "", fmt.Sprintf("they belong to %.40q, which is neither a server nor a DM", m.Context)
	case i.kinds[m.ContextID] == wire.ChannelVoice:
		return "", "they are in voice channels, which have no messages here"
	case i.logs[m.ContextID] == "":
		return "", "their channel is not there"
	}
	return i.logs[m.ContextID], ""
}

func readers(tx *store.Tx, log string) ([]string, error) {
	serverID, _, inServer := strings.Cut(log, "/")
	if !inServer {
		return nil, nil
	}
	members, err := membersOf(tx, serverID)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(members))
	for _, m := range members {
		names = append(names, m.Username)
	}
	return names, nil
}
