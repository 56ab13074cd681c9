package e2e

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/wire"
)

// showAdministration is what the owner of the installation does, who is the host.
func showAdministration(t *testing.T, s *scene) {
	host := s.host.in(t)
	anna, ben := s.person(t, "anna"), s.person(t, "ben")
	elsewhere := logIn(t, s.inst, anna.Username)

	var accounts wire.Accounts
	first := host.ask("get_accounts", client.Fields{"limit": 1}, "accounts")
	if err := first.Into(&accounts); err != nil || len(accounts.Accounts) != 1 || !accounts.More {
		t.Fatalf("a page of one account is %s", first.Raw)
	}
	seen := map[string]wire.Account{}
	for after := ""; ; {
		accounts = wire.Accounts{}
		if err := host.ask("get_accounts", client.Fields{"after": after, "limit": 2}, "accounts").Into(&accounts); err != nil {
			t.Fatal(err)
		}
		for _, a := range accounts.Accounts {
			seen[a.Username] = a
			after = a.Username
		}
		if !accounts.More {
			break
		}
	}
	if !seen["host"].Owner || seen[anna.Username].Owner || seen[anna.Username].UsedAt == nil || seen[ben.Username].CreatedAt.IsZero() {
		t.Errorf("the accounts are %+v", seen)
	}
	host.refused("get_accounts", client.Fields{"limit": 501}, "invalid")

	host.refused("create_password_reset", client.Fields{"username": "nobody at all"}, "not_found")
	old := host.ask("create_password_reset", client.Fields{"username": strings.ToUpper(anna.Username)}, "password_reset").Field("token")
	token := host.ask("create_password_reset", who(anna), "password_reset").Field("token")
	reset := func(token, password string, status int) {
		t.Helper()
		do(t, client.REST{Base: s.inst.URL}, http.MethodPost, "/api/v1/password-resets",
			client.Fields{"token": token, "new_password": password}, status)
	}
	reset(old, "a new one", http.StatusNotFound)
	reset("", "a new one", http.StatusNotFound)
	reset(token, strings.Repeat("x", 73), http.StatusRequestEntityTooLarge)
	reset(token, "", http.StatusBadRequest)
	reset(token, "a new one", http.StatusNoContent)
	reset(token, "another", http.StatusNotFound)
	awaitClose(t, anna.Conn, 4001)
	awaitClose(t, elsewhere.Conn, 4001)
	_, err := client.Login(t.Context(), s.inst.URL, anna.Username, password)
	checkRefusal(t, "the forgotten password", client.Frame{}, err, "unauthenticated")
	conn, err := client.Login(t.Context(), s.inst.URL, anna.Username, "a new one")
	anna = entered(t, s.inst.URL, conn, err)

	host.ask("update_installation", client.Fields{"friends": "ask"}, "ok")
	if f := host.ask("get_installation_settings", nil, "installation_settings").Field("friends"); f != "ask" {
		t.Errorf("the installation's friends are %q", f)
	}
	carl := s.person(t, "carl")
	if got := carl.Init.Settings.Friends; got != "ask" {
		t.Errorf("a new account's friends are %q, want ask", got)
	}
	host.refused("update_installation", client.Fields{"friends": "all"}, "invalid")
	host.ask("update_installation", client.Fields{"friends": ""}, "ok")
	if got := s.person(t, "dora").Init.Settings.Friends; got != "instant" {
		t.Errorf("a new account's friends are %q, want instant", got)
	}

	anna.ask("add_friend", who(ben), "ok")
	left := host.ask("create_password_reset", who(anna), "password_reset").Field("token")
	removal := client.Fields{"username": anna.Username, "messages": "keep", "password": "wrong"}
	host.refused("remove_account", removal, "permission_denied")
	removal["password"], removal["messages"] = password, "burn"
	host.refused("remove_account", removal, "invalid")
	host.refused("remove_account", client.Fields{"username": "HOST", "messages": "keep", "password": password}, "conflict")
	removal["messages"] = "keep"
	host.ask("remove_account", removal, "ok")
	awaitClose(t, anna.Conn, 4001)
	ben.hears("friend_removed", "username", anna.Username)
	host.refused("remove_account", removal, "not_found")
	reset(left, "back again", http.StatusNotFound)
}

var claimCode = regexp.MustCompile(`/#invite=([A-Z0-9]+)`)

// TestClaim has a stranger come first to an installation on a public address.
func TestClaim(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		inst := installation.Start(t, installation.Options{Topology: topology})
		process := "gateway"
		if topology == installation.AllInOne {
			process = "decentra"
		}
		code := ""
		await.Until(t, await.Patience, "the claim link is printed", func() error {
			found := claimCode.FindStringSubmatch(inst.Process(process).Log(100))
			if found == nil {
				return errors.New("not yet")
			}
			code = found[1]
			return nil
		})
		public := client.REST{Base: inst.URL, Header: http.Header{"X-Forwarded-For": {"192.168.0.1"}}}
		if f := do(t, public, http.MethodGet, "/api/v1/installation", nil, 200).Field("first_account"); f != "false" {
			t.Errorf("seen from outside, first_account is %s", f)
		}
		if f := do(t, client.REST{Base: inst.URL}, http.MethodGet, "/api/v1/installation", nil, 200).Field("first_account"); f != "true" {
			t.Errorf("seen from inside, first_account is %s", f)
		}
		for _, wrong := range []string{"", "AAAAAAAA", strings.ToLower(code)[1:]} {
			mallory := client.Fields{"username": "mallory", "password": password, "invite_code": wrong}
			do(t, public, http.MethodPost, "/api/v1/accounts", mallory, http.StatusForbidden)
		}
		conn, err := client.Dial(t.Context(), inst.URL, public.Header)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		answer, err := conn.Ask(t.Context(), "signup", client.Fields{"username": "mallory", "password": password})
		checkRefusal(t, "a stranger's sign-up", answer, err, "permission_denied")

		// The code outlives a restart: what was printed first still works.
		inst.StopAll()
		inst.StartAll()
		do(t, public, http.MethodPost, "/api/v1/accounts",
			client.Fields{"username": "owner", "password": password, "invite_code": strings.ToLower(code)}, http.StatusCreated)
		owner := logIn(t, inst, "owner")
		owner.ask("get_accounts", nil, "accounts")
		do(t, public, http.MethodPost, "/api/v1/accounts",
			client.Fields{"username": "second", "password": password, "invite_code": code}, http.StatusNotFound)
		do(t, public, http.MethodPost, "/api/v1/accounts",
			client.Fields{"username": "second", "password": password, "invite_code": owner.invite()}, http.StatusCreated)
	})
}
