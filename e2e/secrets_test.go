package e2e

import (
	"crypto/rand"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
)

// TestATokenInAnAddressLetsNobodyIn: addresses end up in logs and histories. (What
// every operation of the REST resources does with one is in rest/refusals_test.go.)
func TestATokenInAnAddressLetsNobodyIn(t *testing.T) {
	inst := installation.Start(t, installation.Options{Topology: installation.AllInOne})
	token := signUp(t, inst, "anna", "").Token
	query := url.Values{}
	for _, name := range []string{"token", "access_token", "session", "auth", "authorization", "decentra_session"} {
		query.Set(name, token)
	}
	for _, path := range []string{"/ws", "/"} {
		conn, err := client.DialPath(t.Context(), inst.URL, path+"?"+query.Encode(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for _, kind := range []string{"auth", "get_sessions", "resync"} {
			answer, err := conn.Ask(t.Context(), kind, nil)
			checkRefusal(t, path+" "+kind, answer, err, "unauthenticated")
		}
	}
	nobody := client.REST{Base: inst.URL}
	for _, path := range []string{"/api/servers", "/api/friends", "/api/dms", "/api/messages?context_type=dm&context_id=x", "/api/v1/session"} {
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		do(t, nobody, http.MethodGet, path+separator+query.Encode(), nil, http.StatusUnauthorized)
	}
	do(t, client.REST{Base: inst.URL, Token: token}, http.MethodGet, "/api/v1/session", nil, http.StatusOK)
}

// TestLogsHaveNoSecrets looks for everything that lets somebody in, and for what
// was written, in what the processes log at their most talkative.
func TestLogsHaveNoSecrets(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		inst := installation.Start(t, installation.Options{
			Topology: topology, Flags: []string{"--limits", "off", "--log-level", "debug", "--log-format", "json"},
		})
		logs := func() string {
			var all []string
			for _, name := range inst.Processes() {
				all = append(all, inst.Process(name).Log(math.MaxInt))
			}
			return strings.Join(all, "\n")
		}
		secrets := map[string]string{"the password": password}
		await.Until(t, await.Patience, "the claim link is printed", func() error {
			found := claimCode.FindStringSubmatch(logs())
			if found == nil {
				return errors.New("not yet")
			}
			secrets["the claim code"] = found[1]
			return nil
		})
		keep := func(what, value string) string {
			t.Helper()
			if len(value) < 8 {
				t.Fatalf("%s is %q", what, value)
			}
			secrets[what] = value
			return value
		}

		public := client.REST{Base: inst.URL, Header: http.Header{"X-Forwarded-For": {"192.168.0.1"}}}
		account := func(name, password, code string) client.Fields {
			return client.Fields{"username": name, "password": password, "invite_code": code}
		}
		wrong := keep("a wrong password", "wrong horse "+rand.Text())
		do(t, public, http.MethodPost, "/api/v1/accounts", account("anna", password, keep("a wrong claim code", rand.Text()[:8])), http.StatusForbidden)
		made := do(t, public, http.MethodPost, "/api/v1/accounts", account("anna", password, secrets["the claim code"]), http.StatusCreated)
		cookie, err := http.ParseSetCookie(made.Header.Get("Set-Cookie"))
		if err != nil {
			t.Fatal(err)
		}
		keep("the page's token", cookie.Value)
		page := client.REST{Base: inst.URL, Header: http.Header{"Cookie": {cookie.Name + "=" + cookie.Value}}}
		do(t, page, http.MethodGet, "/api/v1/session", nil, http.StatusOK)

		anna := logIn(t, inst, "anna")
		keep("a socket's token", anna.Token)
		anna.another()
		for _, login := range []client.Fields{{"username": "anna", "password": wrong}, {"username": wrong, "password": wrong}} {
			_, err := client.Login(t.Context(), inst.URL, login["username"].(string), wrong)
			checkRefusal(t, "a wrong login", client.Frame{}, err, "unauthenticated")
			do(t, public, http.MethodPost, "/api/v1/tokens", login, http.StatusUnauthorized)
			do(t, public, http.MethodPost, "/api/auth", login, http.StatusUnauthorized)
		}
		_, err = client.Resume(t.Context(), inst.URL, keep("a wrong token", rand.Text()))
		checkRefusal(t, "a wrong token", client.Frame{}, err, "unauthenticated")
		stranger := client.REST{Base: inst.URL, Token: secrets["a wrong token"]}
		do(t, stranger, http.MethodGet, "/api/v1/session", nil, http.StatusUnauthorized)
		program := do(t, public, http.MethodPost, "/api/v1/tokens", account("anna", password, ""), http.StatusCreated)
		token := keep("a program's token", program.Field("token"))
		do(t, client.REST{Base: inst.URL, Token: token}, http.MethodGet, "/api/servers", nil, http.StatusOK)

		ben := signUp(t, inst, "ben", keep("an invite code", anna.invite()))
		keep("ben's token", ben.Token)
		unused := keep("an unused invite code", anna.invite())
		do(t, anna.rest(), http.MethodPost, "/api/v1/invites/revocation", client.Fields{"code": unused}, http.StatusNoContent)
		do(t, anna.rest(), http.MethodPost, "/api/v1/invites/revocation", client.Fields{"code": unused}, http.StatusNotFound)

		reset := keep("a reset link's token", anna.ask("create_password_reset", who(ben), "password_reset").Field("token"))
		fresh := keep("a new password", "fresh horse "+rand.Text())
		sent := client.Fields{"token": keep("a wrong reset token", rand.Text()), "new_password": fresh}
		do(t, public, http.MethodPost, "/api/v1/password-resets", sent, http.StatusNotFound)
		sent["token"] = reset
		do(t, public, http.MethodPost, "/api/v1/password-resets", sent, http.StatusNoContent)
		do(t, public, http.MethodPost, "/api/v1/password-resets", sent, http.StatusNotFound)
		anna.ask("change_password", client.Fields{"password": password, "new_password": fresh}, "ok")

		keep("a key for the relay", anna.ask("get_turn_credentials", nil, "turn_credentials").Field("credential"))
		text := keep("a message", "nobody logs this "+rand.Text())
		anna.ask("message", client.Fields{"content": text}, "ok")

		all := logs()
		var structured []string
		for line := range strings.SplitSeq(all, "\n") {
			if strings.HasPrefix(line, "{") {
				structured = append(structured, line)
			}
		}
		for _, logged := range []string{`"msg":"http request"`, `"route":"/api/v1/password-resets"`, `"subject":"auth.rpc.login"`} {
			if !strings.Contains(all, logged) {
				t.Errorf("the log lacks %s", logged)
			}
		}
		for what, secret := range secrets {
			if what == "the claim code" {
				continue // printed, on purpose, for who has the machine
			}
			if at := strings.Index(all, secret); at >= 0 {
				t.Errorf("%s is in what the processes write: …%.200s…", what, all[max(0, at-100):])
			}
		}
		if strings.Contains(strings.Join(structured, "\n"), secrets["the claim code"]) {
			t.Error("the claim code is in the log")
		}
	})
}
