package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
	_ "modernc.org/sqlite"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/wire"
)

// formerly makes a database of the original with the statements.
func formerly(t *testing.T, path string, statements string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statements, args...); err != nil {
		t.Fatal(err)
	}
}

// decentra runs the program with arguments to its end.
func decentra(t *testing.T, arguments ...string) (out string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, installation.Program("decentra"), arguments...)
	text, err := command.CombinedOutput()
	if command.ProcessState == nil {
		t.Fatalf("run decentra: %v", err)
	}
	return string(text), command.ProcessState.ExitCode()
}

const club = `
INSERT INTO users VALUES ('ben', $1, '2025-12-02T10:00:00.000001', '🐢', 'emoji', NULL), ('Ann', $1, '2025-12-01T10:00:00', '', 'image', $2),
	('ANN', $1, '2025-12-03T10:00:00', '🦊🦊', 'emoji', NULL), ('a b' || char(10) || '<i>%41/.*>', $1, '2025-12-04T10:00:00', NULL, 'emoji', NULL),
	('odd', 'plain text', 'long ago', NULL, NULL, NULL), ('deleted user', $1, '2025-12-05', NULL, 'emoji', NULL);
INSERT INTO servers VALUES ('server_1', 'Club', 'Ann'), ('server_2', 'Ghosts', 'nobody');
INSERT INTO channels VALUES ('channel_1', 'server_1', 'general', 'text'), ('channel_2', 'server_1', 'talk', 'voice'), ('channel_3', 'server_7', 'lost', 'text');
INSERT INTO server_members VALUES ('server_1', 'Ann', 0, 0, 0), ('server_1', 'ben', 1, 0, 1), ('server_1', 'a b' || char(10) || '<i>%41/.*>', 0, 0, 0);
INSERT INTO friendships VALUES ('Ann', 'ben', 'accepted', 'ben', '2025-12-02T11:00:00'), ('ANN', 'ben', 'pending', 'ANN', '2025-12-03T11:00:00');
INSERT INTO direct_messages VALUES ('dm_1', 'Ann', 'ben', '2025-12-02T12:00:00'), ('dm_2', 'ben', 'ben', '2025-12-02T12:00:00');
INSERT INTO invite_codes VALUES ('ABCD1234', 'ben', 'global', NULL, '2025-12-05T10:00:00'), ('SERV1234', 'Ann', 'server', 'server_1', '2025-12-05T10:00:00');
INSERT INTO messages (username, content, timestamp, context_type, context_id) VALUES
	('Ann', 'first', '2025-12-02T13:00:00', 'server', 'server_1/channel_1'), ('ben', 'between us', '2025-12-02T13:00:01', 'dm', 'dm_1'),
	('ben', $3, '2025-12-02T13:00:02', 'server', 'server_1/channel_1'), ('nobody', 'from nowhere', '2025-12-02T12:00:00', 'server', 'server_1/channel_1'),
	('Ann', 'into the void', '2025-12-02T13:00:04', 'server', 'server_9/channel_9'), ('Ann', 'answer', '2025-12-02T13:00:05', 'dm', 'dm_1');
CREATE TABLE server_roles (role_id TEXT); INSERT INTO server_roles VALUES ('role_1');
`

// TestImport moves an installation of the original over, and people go on where
// they were.
func TestImport(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		switch topology {
		case installation.Split:
			importApart(t)
			return
		case installation.Containers:
			importIntoTheVolume(t)
			return
		}
		inst := installation.New(t, installation.Options{Topology: topology})
		data := inst.Data("decentra")
		from := original(t)
		out, code := decentra(t, "import", "--from", from, "--timezone", "Europe/Berlin", "--data", data)
		if code != 0 {
			t.Fatalf("import ended with %d:\n%s", code, out)
		}
		for _, want := range []string{
			"6 accounts", "1 servers", "2 channels", "3 memberships", "5 messages", "2 friendships and requests", "1 DMs", "2 invite codes",
			`"Ann" is the oldest account and owns the installation`, `"ANN" was taken`, `it is now "ANN-2"`, `it is now "deleted user-2"`,
			`The password of "odd"`, `"Ghosts"`, "their channel is not there", "deleted user", "server_roles with 1 rows", "with themselves",
		} {
			if !strings.Contains(out, want) {
				t.Errorf("the report lacks %q:\n%s", want, out)
			}
		}
		inst.StartAll()
		if out, code := decentra(t, "import", "--from", from, "--data", data); code != 1 || !strings.Contains(out, "stop Decentra") {
			t.Errorf("an import into a running installation ended with %d:\n%s", code, out)
		}
		ann, ben := enterAs(t, inst, "Ann", "ann's"), enterAs(t, inst, "ben", "ann's")
		odd := "a b\n<i>%41/.*>"
		strange := enterAs(t, inst, odd, "ann's")
		await.Until(t, await.Patience, "ben is told that whoever has an odd name is online", func() error {
			again := ben.another()
			defer again.Close()
			if online := again.Init.Servers[0].Online; !slices.Contains(online, odd) {
				return fmt.Errorf("he is told of %q", online)
			}
			return nil
		})
		enterAs(t, inst, "ANN-2", "ann's")
		if same := enterAs(t, inst, "aNN", "ann's"); same.Username != "Ann" {
			t.Errorf("aNN is %s, want the older", same.Username)
		}
		_, err := client.Login(t.Context(), inst.URL, "odd", "plain text")
		checkRefusal(t, "a password that was no bcrypt", client.Frame{}, err, "unauthenticated")

		club := ann.Init.Servers[0]
		if club.ID != "server_1" || club.Owner != "Ann" || len(club.Channels) != 2 || club.Channels[1].Type != "voice" ||
			*ben.Init.Servers[0].Permissions != (wire.Permissions{CreateChannel: true, DeleteChannel: true}) {
			t.Errorf("the server is %+v, for ben with %+v", club, ben.Init.Servers[0].Permissions)
		}
		if ann.Init.Kind != "image" || ben.Init.Emoji == nil || *ben.Init.Emoji != "🐢" || len(ben.Init.RequestsReceived) != 1 {
			t.Errorf("ann looks like %+v, ben like %+v, who was asked by %+v", ann.Init.Avatar, ben.Init.Avatar, ben.Init.RequestsReceived)
		}
		do(t, client.REST{Base: inst.URL}, "GET", *ann.Init.Data, nil, 200)
		for _, p := range ben.Init.Read {
			if p.Unread != 0 {
				t.Errorf("old messages are news: %+v", p)
			}
		}
		general, dm := client.Channel("server_1", "channel_1"), client.DM("dm_1")
		messages, _ := ann.history(general)
		want := "Ann: first|ben: " + long + "|deleted user: from nowhere"
		if got := strings.Join(contents(messages), "|"); got != want {
			t.Errorf("the channel has %.100s, want %.100s", got, want)
		}
		if at := messages[0].Timestamp; !at.Equal(time.Date(2025, 12, 2, 12, 0, 0, 0, time.UTC)) {
			t.Errorf("13:00 in Berlin is %s", at)
		}
		private, _ := ben.history(dm)
		if got := strings.Join(contents(private), "|"); got != "ben: between us|Ann: answer" {
			t.Errorf("the DM has %s", got)
		}
		// Any name is heard, kept apart, and found again.
		strange.write(general, "from a strange name", "")
		all([]*person{ann, ben, strange}, func(p *person) { p.hears("message", "username", odd) })
		ben.ask("add_friend", client.Fields{"username": odd}, "ok")
		strange.hears("friend_added", "username", "ben")
		newcomer := signUp(t, inst, "newcomer", "ABCD1234")
		if len(newcomer.Init.Friends) != 1 || newcomer.Init.Friends[0].Username != "ben" {
			t.Errorf("the newcomer's friends are %+v", newcomer.Init.Friends)
		}
		if got := signUp(t, inst, "member", "SERV1234").Init.Servers; len(got) != 1 || got[0].ID != "server_1" {
			t.Errorf("the new member's servers are %+v", got)
		}
		ann.ask("kick_member", client.Fields{"server_id": "server_1", "username": odd}, "ok")
		ann.ask("get_accounts", nil, "accounts")

		// Once more, with what was said there since.
		inst.StopAll()
		formerly(t, from, `INSERT INTO messages (username, content, timestamp, context_type, context_id) VALUES ('ben', 'late', '2025-12-06T13:00:00', 'server', 'server_1/channel_1')`)
		out, code = decentra(t, "import", "--from", from, "--timezone", "Europe/Berlin", "--data", data)
		if code != 0 || !strings.Contains(out, "Taken over: 1 messages\n") || !strings.Contains(out, "6 accounts") {
			t.Errorf("the second import ended with %d:\n%s", code, out)
		}
		inst.StartAll()
		ann = enterAs(t, inst, "Ann", "ann's")
		messages, _ = ann.history(general)
		if got := strings.Join(contents(messages), "|"); got != want+"|"+odd+": from a strange name|ben: late" {
			t.Errorf("after the second import the channel has %.200s", got)
		}
		if members := ann.ask("get_server_members", client.Fields{"server_id": "server_1"}, "server_members"); strings.Contains(string(members.Raw), "%41") {
			t.Errorf("who was removed is back: %s", members.Raw)
		}
		if len(ann.Init.Friends) != 1 || len(ann.Init.DMs) != 1 || len(ann.Init.Servers) != 1 {
			t.Errorf("something was doubled: %+v", ann.Init)
		}
	})
}

// importApart takes over into the directories that `init` made.
func importApart(t *testing.T) {
	data := t.TempDir()
	if out, code := decentra(t, "init", "--data", data); code != 0 {
		t.Fatal(out)
	}
	if out, code := decentra(t, "import", "--from", original(t), "--data", data); code != 0 {
		t.Fatal(out)
	}
	for _, service := range []string{"auth", "chat", "social"} {
		if _, err := os.Stat(filepath.Join(data, service, service+".db")); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(data, service+".db")); err == nil {
			t.Errorf("%s.db is in the directory of all", service)
		}
	}
}

// importIntoTheVolume takes over into the containers' volume, as the documents say.
func importIntoTheVolume(t *testing.T) {
	inst := installation.New(t, installation.Options{Topology: installation.Containers})
	from := original(t)
	compose := inst.Compose()
	compose.Run("run", "--rm", "init")
	out := compose.Run("run", "--rm", "--volume", from+":/from/decentra.db:ro", "init",
		"import", "--from", "/from/decentra.db", "--timezone", "Europe/Berlin", "--data", "/data")
	if !strings.Contains(out, "6 accounts") {
		t.Errorf("the report is:\n%s", out)
	}
	inst.StartAll()
	ann := enterAs(t, inst, "Ann", "ann's")
	messages, _ := ann.history(client.Channel("server_1", "channel_1"))
	if len(messages) != 3 || messages[0].Content != "first" {
		t.Errorf("the channel has %q", contents(messages))
	}
	private, _ := enterAs(t, inst, "ben", "ann's").history(client.DM("dm_1"))
	if len(private) != 2 {
		t.Errorf("the DM has %q", contents(private))
	}
}

// long is more than a message may have today.
var long = strings.Repeat("é", 5000)

// original makes the original's file: the club, with everybody's password ann's.
func original(t *testing.T) string {
	t.Helper()
	schema, err := os.ReadFile("../pkg/original/testdata/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte("ann's"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "decentra.db")
	formerly(t, path, string(schema))
	formerly(t, path, club, "$2b"+string(hash[3:]), dataURL(onePixel), long)
	return path
}

func enterAs(t *testing.T, inst *installation.Installation, name, password string) *person {
	t.Helper()
	conn, err := client.Login(t.Context(), inst.URL, name, password)
	return entered(t, inst.URL, conn, err)
}
