package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/bcrypt"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/imported"
	"decentra.local/pkg/original"
	"decentra.local/pkg/store"
	"decentra.local/pkg/text"
	"decentra.local/pkg/wire"
)

const (
	// longestImportedName bounds a user name in bytes: it travels in a NATS subject.
	longestImportedName = 255
	// costliestImport bounds the work that an imported hash asks of a login.
	costliestImport = 15
	// importBatch is how many accounts share a transaction.
	importBatch = 200
)

// Import takes over the accounts of an original installation: names as they are,
// passwords, avatars. With no account here yet, the oldest owns the installation.
// The service must not be running.
func Import(ctx context.Context, data string, move *original.Move, log *slog.Logger) error {
	db, err := openStore(ctx, data, log, nil)
	if err != nil {
		return err
	}
	i := &importer{db: db, data: data, move: move, taken: imported.Log{Source: move.From.Source(), Kind: "account"}, next: map[string]int{}}
	return errors.Join(i.accounts(ctx), db.Close())
}

// ImportInvites takes over the unused invite codes, once the servers that some
// are for have been taken over.
func ImportInvites(ctx context.Context, data string, move *original.Move, log *slog.Logger) error {
	db, err := openStore(ctx, data, log, nil)
	if err != nil {
		return err
	}
	i := &importer{db: db, data: data, move: move, taken: imported.Log{Source: move.From.Source(), Kind: "invite"}}
	return errors.Join(i.invites(ctx), db.Close())
}

type importer struct {
	db    *store.DB
	data  string
	move  *original.Move
	taken imported.Log
	next  map[string]int // the number to try for another of a name, by its key
}

func (i *importer) accounts(ctx context.Context) error {
	users, err := i.move.From.Users(ctx)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(users, importBatch) {
		avatars := make([]wire.Avatar, len(part))
		for n, u := range part {
			avatars[n] = i.avatar(u)
		}
		err := i.db.Update(ctx, func(tx *store.Tx) error {
			for n, u := range part {
				if err := i.account(tx, u, avatars[n]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("import accounts: %w", err)
		}
	}
	return nil
}

func (i *importer) account(tx *store.Tx, u original.User, avatar wire.Avatar) error {
	if became, taken, err := i.taken.Find(tx, u.Name); err != nil {
		return err
	} else if taken {
		i.move.Took("accounts", 0, 1)
		i.move.Names[u.Name], err = nameNow(tx, became)
		return err
	}
	name, err := i.freeName(tx, u.Name)
	if err != nil || name == "" {
		return err
	}
	if cost, err := bcrypt.Cost([]byte(u.PasswordHash)); err != nil || cost > costliestImport {
		u.PasswordHash = ""
		i.move.Note("The password of %q is not stored as bcrypt here knows it: it needs a new one by a reset link.", u.Name)
	}
	created := u.Created
	if created.IsZero() {
		created = time.Now()
	}
	first, err := noAccount(tx)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO account (username, name_key, password_hash, avatar_kind, avatar_emoji, avatar_data, owner, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		name, nameKey(name), u.PasswordHash, avatar.Kind, avatar.Emoji, avatar.Data, first, created.UnixMicro())
	if err != nil {
		return fmt.Errorf("insert account: %w", err)
	}
	if first {
		i.move.Note("%q is the oldest account and owns the installation.", name)
	}
	policy, err := friendsDefault(tx)
	if err != nil {
		return err
	}
	if _, err := appendFact(tx, name, contract.FactAccountCreated, contract.AccountCreated{Username: name, Friends: policy}, time.Now()); err != nil {
		return err
	}
	i.move.Names[u.Name] = name
	i.move.Took("accounts", 1, 0)
	return i.taken.Note(tx, u.Name, name)
}

// nameNow is the name that the messages of an imported account go under: its own
// while it exists.
func nameNow(tx *store.Tx, name string) (string, error) {
	var lives bool
	err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM account WHERE username = $1 AND deleted IS NULL)`, name).Scan(&lives)
	if err != nil {
		return "", fmt.Errorf("look for an imported account: %w", err)
	}
	if !lives {
		return wire.DeletedUser, nil
	}
	return name, nil
}

// freeName is the name an account gets: its own, or with a number when another
// has it already.
func (i *importer) freeName(tx *store.Tx, wished string) (string, error) {
	name := wished
	if len(name) > longestImportedName {
		name = text.Cut(name, longestImportedName/4)
		i.move.Note("A user name of %d characters is cut: it is now %q.", utf8.RuneCountInString(wished), name)
	}
	if nameKey(name) == "" {
		i.move.Note("An account without a name.")
		return "", nil
	}
	base := name
	for {
		var taken bool
		err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM account WHERE name_key = $1)`, nameKey(name)).Scan(&taken)
		if err != nil {
			return "", fmt.Errorf("look for the name: %w", err)
		}
		if !taken && nameKey(name) != nameKey(wire.DeletedUser) {
			break
		}
		key := nameKey(base)
		i.next[key] = max(i.next[key], 1) + 1
		name = base + "-" + strconv.Itoa(i.next[key])
	}
	if name != base {
		i.move.Note("The user name %q was taken (names that differ only in case are one): it is now %q.", base, name)
	}
	return name, nil
}

func (i *importer) avatar(u original.User) wire.Avatar {
	if u.Picture != "" {
		hash, err := storePicture(i.data, u.Picture)
		if err == nil {
			path := picturePath + hash
			return wire.Avatar{Kind: "image", Data: &path}
		}
		i.move.Note("The picture of %q: %s", u.Name, sentence(err))
		return wire.DefaultAvatar()
	}
	if u.Emoji == "" {
		return wire.DefaultAvatar()
	}
	emoji, err := oneEmoji(u.Emoji)
	if err != nil {
		i.move.Note("The avatar %.20q of %q: %s", u.Emoji, u.Name, sentence(err))
		return wire.DefaultAvatar()
	}
	return wire.Avatar{Kind: "emoji", Emoji: &emoji}
}

// sentence is what a person is told of an error.
func sentence(err error) string {
	if f := fault.Of(err); f != nil {
		return f.Message
	}
	return err.Error()
}

var codeForm = regexp.MustCompile(`^[A-Z0-9]{4,32}$`)

func (i *importer) invites(ctx context.Context) error {
	invites, err := i.move.From.Invites(ctx)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(invites, importBatch) {
		err := i.db.Update(ctx, func(tx *store.Tx) error {
			for _, invite := range part {
				if err := i.invite(tx, invite); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("import invite codes: %w", err)
		}
	}
	return nil
}

func (i *importer) invite(tx *store.Tx, invite original.Invite) error {
	if _, taken, err := i.taken.Find(tx, invite.Code); err != nil {
		return err
	} else if taken {
		i.move.Took("invite codes", 0, 1)
		return nil
	}
	code, creator, server := cleanCode(invite.Code), i.move.Names[invite.Creator], i.move.Servers[invite.ServerID]
	if !codeForm.MatchString(code) || creator == "" || creator == wire.DeletedUser || invite.ServerID != "" && server == "" {
		i.move.Note("The invite code %.40q: its form, its maker or its server is not known here.", invite.Code)
		return nil
	}
	created := invite.Created
	if created.IsZero() {
		created = time.Now()
	}
	var serverID *string
	if server != "" {
		serverID = &server
	}
	_, err := tx.Exec(`INSERT INTO invite (code, creator, server_id, max_uses, uses_left, created) VALUES ($1, $2, $3, 1, 1, $4)`,
		code, creator, serverID, created.UnixMicro())
	if store.IsUnique(err) {
		i.move.Note("The invite code %.40q: there is one with these letters already.", invite.Code)
		return nil
	}
	if err != nil {
		return fmt.Errorf("insert invite: %w", err)
	}
	i.move.Took("invite codes", 1, 0)
	return i.taken.Note(tx, invite.Code, code)
}
