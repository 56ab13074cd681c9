package original

import (
	"context"
	"slices"
	"time"
)

// User is an account.
type User struct {
	Name         string
	PasswordHash string // bcrypt, "$2b$…"
	Created      time.Time
	Emoji        string // of the avatar
	Picture      string // a data URL; empty: the emoji is shown
}

// Users lists the accounts, the oldest first.
func (d *Database) Users(ctx context.Context) (all []User, err error) {
	err = d.each(ctx, "users", 0, func(r row) error {
		u := User{
			Name: r.text("username"), PasswordHash: r.text("password_hash"),
			Created: r.time(d.zone, "created_at"), Emoji: r.text("avatar"),
		}
		if r.text("avatar_type") == "image" {
			u.Picture = r.text("avatar_data")
		}
		all = append(all, u)
		return nil
	})
	slices.SortStableFunc(all, func(a, b User) int {
		if a.Created.IsZero() != b.Created.IsZero() { // nobody knows when: the newest
			return b.Created.Compare(a.Created)
		}
		return a.Created.Compare(b.Created)
	})
	return all, err
}

// Server is a server, with its channels and members in the order of their making.
type Server struct {
	ID, Name, Owner string
	Channels        []Channel
	Members         []Member
}

// Channel is a channel of a server.
type Channel struct{ ID, Name, Kind string }

// Member is somebody in a server and what they may do.
type Member struct {
	Username                                  string
	CreateChannel, EditChannel, DeleteChannel bool
}

// Servers lists the servers. Strays counts the channels and members of servers
// that are not there.
func (d *Database) Servers(ctx context.Context) (all []Server, strays int, err error) {
	places := map[string]int{}
	err = d.each(ctx, "servers", 0, func(r row) error {
		s := Server{ID: r.text("server_id", "id"), Name: r.text("name"), Owner: r.text("owner")}
		places[s.ID] = len(all)
		all = append(all, s)
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	within := func(r row, add func(*Server)) error {
		i, ok := places[r.text("server_id")]
		if !ok {
			strays++
			return nil
		}
		add(&all[i])
		return nil
	}
	err = d.each(ctx, "channels", 0, func(r row) error {
		return within(r, func(s *Server) {
			s.Channels = append(s.Channels, Channel{ID: r.text("channel_id", "id"), Name: r.text("name"), Kind: r.text("type")})
		})
	})
	if err != nil {
		return nil, 0, err
	}
	err = d.each(ctx, "server_members", 0, func(r row) error {
		return within(r, func(s *Server) {
			s.Members = append(s.Members, Member{
				Username: r.text("username"), CreateChannel: r.flag("can_create_channel"),
				EditChannel: r.flag("can_edit_channel"), DeleteChannel: r.flag("can_delete_channel"),
			})
		})
	})
	return all, strays, err
}

// Friendship is two friends, or one who asked the other.
type Friendship struct {
	User1, User2 string
	Accepted     bool
	Requester    string
	Since        time.Time
}

// Friendships lists friends and requests, the oldest first.
func (d *Database) Friendships(ctx context.Context) (all []Friendship, err error) {
	err = d.each(ctx, "friendships", 0, func(r row) error {
		all = append(all, Friendship{
			User1: r.text("user1"), User2: r.text("user2"), Accepted: r.text("status") == "accepted",
			Requester: r.text("requester"), Since: r.time(d.zone, "created_at"),
		})
		return nil
	})
	return all, err
}

// DM is a direct conversation of two.
type DM struct {
	ID, User1, User2 string
	Created          time.Time
}

// DMs lists the direct conversations, the oldest first.
func (d *Database) DMs(ctx context.Context) (all []DM, err error) {
	err = d.each(ctx, "direct_messages", 0, func(r row) error {
		all = append(all, DM{
			ID: r.text("dm_id", "id"), User1: r.text("user1"), User2: r.text("user2"), Created: r.time(d.zone, "created_at"),
		})
		return nil
	})
	return all, err
}

// Invite is an unused code: for an account, or with a ServerID for a server.
type Invite struct {
	Code, Creator, ServerID string
	Created                 time.Time
}

// Invites lists the codes, the oldest first.
func (d *Database) Invites(ctx context.Context) (all []Invite, err error) {
	err = d.each(ctx, "invite_codes", 0, func(r row) error {
		invite := Invite{Code: r.text("code"), Creator: r.text("creator"), Created: r.time(d.zone, "created_at")}
		if r.text("code_type") == "server" {
			invite.ServerID = r.text("server_id")
		}
		all = append(all, invite)
		return nil
	})
	return all, err
}

// Message is a message of a channel, a DM or the lobby.
type Message struct {
	Number                                int64 // grows with every message
	Username, Content, Context, ContextID string
	Sent                                  time.Time
}

// Messages lists at most limit messages after one, in the order of their sending.
func (d *Database) Messages(ctx context.Context, after int64, limit int) (all []Message, err error) {
	err = d.each(ctx, "messages", after, func(r row) error {
		all = append(all, Message{
			Number: r.place(), Username: r.text("username"), Content: r.text("content"),
			Context: r.text("context_type"), ContextID: r.text("context_id"), Sent: r.time(d.zone, "timestamp"),
		})
		if len(all) >= limit {
			return errEnough
		}
		return nil
	})
	return all, err
}
