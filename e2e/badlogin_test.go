package e2e

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"decentra.local/e2e/internal/client"
)

// beforeLogin tries everything on one socket that nobody has logged in at: none
// of it may get anywhere, and the login works after all of it.
func (s *stage) beforeLogin(t *testing.T) {
	guest, err := client.Dial(t.Context(), s.inst.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer guest.Close()
	somebody := &person{Conn: guest, t: t, base: s.inst.URL}
	locked := func(t *testing.T) {
		t.Helper()
		answer, err := guest.Ask(t.Context(), "generate_invite", nil)
		refused := checkRefusal(t, "a frame without a login", answer, err, "unauthenticated")
		if refused.Frame.Type != "auth_error" {
			t.Errorf("answered with %s, want auth_error", refused.Frame.Raw)
		}
	}
	frames := []struct {
		name, kind string
		fields     client.Fields
		code       string
	}{
		{"message", "message", s.general.Fields(client.Fields{"content": "x"}), "unauthenticated"},
		{"message to the lobby", "message", client.Fields{"content": "x"}, "unauthenticated"},
		{"history", "get_channel_history", history(s, nil), "unauthenticated"},
		{"resync", "resync", nil, "unauthenticated"},
		{"unknown type", "make_coffee", nil, "unauthenticated"},
		{"wrong password", "login", client.Fields{"username": "anna", "password": "wrong"}, "unauthenticated"},
		{"unknown name", "login", client.Fields{"username": "nobody", "password": password}, "unauthenticated"},
		{"login without a password", "login", client.Fields{"username": "anna"}, "invalid"},
		{"login without a name", "login", client.Fields{"password": password}, "invalid"},
		{"login with a number as name", "login", client.Fields{"username": 5, "password": password}, "invalid"},
		{"login with a list as password", "login", client.Fields{"username": "anna", "password": []string{password}}, "invalid"},
		{"auth without a token", "auth", nil, "unauthenticated"},
		{"auth with a wrong token", "auth", client.Fields{"token": "AAAAAAAAAAAAAAAAAAAAAAAAAA"}, "unauthenticated"},
		{"auth with a number", "auth", client.Fields{"token": 5}, "invalid"},
	}
	words := map[string]string{}
	for _, c := range frames {
		t.Run(c.name, func(t *testing.T) {
			answer, err := guest.Ask(t.Context(), c.kind, c.fields)
			refused := checkRefusal(t, c.name, answer, err, c.code)
			if refused.Frame.Type != "auth_error" {
				t.Errorf("answered with %s, want auth_error", refused.Frame.Raw)
			}
			words[c.name] = refused.Message
			locked(t)
		})
	}
	if words["wrong password"] != words["unknown name"] {
		t.Errorf("a wrong password is answered with %q, an unknown name with %q; want the same", words["wrong password"], words["unknown name"])
	}
	for _, c := range nonsense {
		t.Run(c.name, func(t *testing.T) {
			guest.Take()
			if err := guest.Send(c.kind, []byte(c.data)); err != nil {
				t.Fatal(err)
			}
			checkError(t, c.name, somebody.in(t).hears("error"), "error", c.code)
			locked(t)
		})
	}
	if waiting := guest.Waiting(); len(waiting) != 0 {
		t.Errorf("a socket without a login got %s", waiting[0].Raw)
	}
	if err := guest.Enter(t.Context(), "login", client.Fields{"username": " Anna ", "password": password}); err != nil {
		t.Fatalf("login after all that: %v", err)
	}
}

func (s *stage) badSignUps(t *testing.T) {
	code := s.anna.invite()
	used := s.anna.invite()
	signUp(t, s.inst, "early", used)
	cases := []struct {
		name   string
		fields client.Fields
		code   string
	}{
		{"no fields", client.Fields{}, "invalid"},
		{"name empty", client.Fields{"username": "", "password": password, "invite_code": code}, "invalid"},
		{"name blank", client.Fields{"username": " \t ", "password": password, "invite_code": code}, "invalid"},
		{"name too long", client.Fields{"username": strings.Repeat("n", 33), "password": password, "invite_code": code}, "too_large"},
		{"name with a space", client.Fields{"username": "two words", "password": password, "invite_code": code}, "invalid"},
		{"name with a slash", client.Fields{"username": "a/b", "password": password, "invite_code": code}, "invalid"},
		{"name with a wildcard", client.Fields{"username": "a*b", "password": password, "invite_code": code}, "invalid"},
		{"name a number", client.Fields{"username": 5, "password": password, "invite_code": code}, "invalid"},
		{"name taken", client.Fields{"username": "anna", "password": password, "invite_code": code}, "conflict"},
		{"name taken in other letters", client.Fields{"username": "ANNA", "password": password, "invite_code": code}, "conflict"},
		{"password missing", client.Fields{"username": "newcomer", "invite_code": code}, "invalid"},
		{"password a boolean", client.Fields{"username": "newcomer", "password": true, "invite_code": code}, "invalid"},
		{"code missing", client.Fields{"username": "newcomer", "password": password}, "invalid"},
		{"code blank", client.Fields{"username": "newcomer", "password": password, "invite_code": "  "}, "invalid"},
		{"code unknown", client.Fields{"username": "newcomer", "password": password, "invite_code": "AAAAAAAA"}, "not_found"},
		{"code used", client.Fields{"username": "newcomer", "password": password, "invite_code": used}, "not_found"},
		{"code a list", client.Fields{"username": "newcomer", "password": password, "invite_code": []string{code}}, "invalid"},
	}
	guest, err := client.Dial(t.Context(), s.inst.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer guest.Close()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			answer, err := guest.Ask(t.Context(), "signup", c.fields)
			refused := checkRefusal(t, c.name, answer, err, c.code)
			if refused.Frame.Type != "auth_error" {
				t.Errorf("answered with %s, want auth_error", refused.Frame.Raw)
			}
			s.noAccount(t, "newcomer")
		})
	}
	// None of them has used the code up, and the socket still works.
	err = guest.Enter(t.Context(), "signup", client.Fields{"username": "newcomer", "password": password, "invite_code": strings.ToLower(" " + code + " ")})
	if err != nil {
		t.Errorf("sign-up with the code after all that: %v", err)
	}
}

// noAccount asserts that nobody can be found or logged in by a name.
func (s *stage) noAccount(t *testing.T, name string) {
	t.Helper()
	if conn, err := client.Login(t.Context(), s.inst.URL, name, password); client.Code(err) != "unauthenticated" {
		if conn != nil {
			conn.Close()
		}
		t.Errorf("a login as %s, who was refused, gives %v", name, err)
	}
	found := s.anna.in(t).ask("search_users", client.Fields{"query": name}, "search_results")
	if strings.Contains(string(found.Raw), `"`+name+`"`) {
		t.Errorf("%s, who was refused, is found: %s", name, found.Raw)
	}
}

// passwords are refused when bcrypt would not read all of them.
func (s *stage) passwords(t *testing.T) {
	code := s.anna.invite()
	long := strings.Repeat("p", 72)
	_, err := client.SignUp(t.Context(), s.inst.URL, "longpass", long+"p", code)
	checkRefusal(t, "73 bytes", client.Frame{}, err, "too_large")
	_, err = client.SignUp(t.Context(), s.inst.URL, "longpass", strings.Repeat("ä", 37), code)
	checkRefusal(t, "74 bytes of 37 characters", client.Frame{}, err, "too_large")
	conn, err := client.SignUp(t.Context(), s.inst.URL, "longpass", long, code)
	entered(t, s.inst.URL, conn, err)
	conn, err = client.Login(t.Context(), s.inst.URL, "longpass", long)
	entered(t, s.inst.URL, conn, err)
	for name, wrong := range map[string]string{"one less": long[1:], "one more": long + "p", "other letters": strings.ToUpper(long)} {
		_, err := client.Login(t.Context(), s.inst.URL, "longpass", wrong)
		checkRefusal(t, name, client.Frame{}, err, "unauthenticated")
	}
}

// contestedCodes has two people use one code at the same moment, again and
// again: one of them gets in.
func (s *stage) contestedCodes(t *testing.T) {
	type result struct {
		name string
		conn *client.Conn
		err  error
	}
	race := func(t *testing.T, names []string, try func(name string) (*client.Conn, error)) (winner *person, loser string) {
		t.Helper()
		start, results := make(chan struct{}), make(chan result, len(names))
		for _, name := range names {
			go func() {
				<-start
				conn, err := try(name)
				results <- result{name, conn, err}
			}()
		}
		close(start)
		for range names {
			r := <-results
			if r.err == nil && winner == nil {
				winner = entered(t, s.inst.URL, r.conn, nil)
				continue
			}
			if r.err == nil {
				t.Fatalf("both got in with one code")
			}
			loser = r.name
			checkRefusal(t, "the second with a code", client.Frame{}, r.err, "not_found")
		}
		if winner == nil || loser == "" {
			t.Fatalf("nobody got in with a good code")
		}
		return winner, loser
	}
	for round := range 5 {
		names := []string{fmt.Sprintf("left%d", round), fmt.Sprintf("right%d", round)}
		t.Run(fmt.Sprintf("account code, round %d", round+1), func(t *testing.T) {
			code := s.anna.in(t).invite()
			winner, loser := race(t, names, func(name string) (*client.Conn, error) {
				return client.SignUp(t.Context(), s.inst.URL, name, password, code)
			})
			if len(winner.Init.Friends) != 1 {
				t.Errorf("the winner has the friends %+v, want Anna", winner.Init.Friends)
			}
			s.noAccount(t, loser)
			signUp(t, s.inst, loser, s.anna.in(t).invite()) // the name is free
		})
		t.Run(fmt.Sprintf("server code, round %d", round+1), func(t *testing.T) {
			server, _ := s.anna.in(t).createServer("Contested")
			code := s.anna.in(t).serverInvite(server.ID)
			_, loser := race(t, names, func(name string) (*client.Conn, error) {
				conn, err := client.Login(t.Context(), s.inst.URL, name, password)
				if err != nil {
					return nil, errors.Join(errors.New("log in"), err)
				}
				if _, err := conn.Ask(t.Context(), "join_server_with_invite", client.Fields{"invite_code": code}); err != nil {
					conn.Close()
					return nil, err
				}
				return conn, nil
			})
			members := s.anna.in(t).ask("get_server_members", client.Fields{"server_id": server.ID}, "server_members")
			if n := strings.Count(string(members.Raw), `"is_owner"`); n != 2 || strings.Contains(string(members.Raw), `"`+loser+`"`) {
				t.Errorf("the server has the members %s, want Anna and the winner", members.Raw)
			}
		})
	}
}

func (s *stage) badRequests(t *testing.T) {
	other := signUp(t, s.inst, "outsider", s.anna.serverInvite(s.server.ID))
	foreign, elsewhere := other.createServer("Elsewhere")
	channel := func(id string) string { return "/api/messages?context_type=server&context_id=" + url.QueryEscape(id) }
	token := s.anna.Token
	cases := []struct {
		name, method, path string
		body               any
		token              string
		status             int
		code               string
	}{
		{"auth with malformed JSON", "POST", "/api/auth", `{"username":`, "", 400, "invalid"},
		{"auth with a list", "POST", "/api/auth", `["anna"]`, "", 400, "invalid"},
		{"auth with nothing", "POST", "/api/auth", ``, "", 400, "invalid"},
		{"auth without a password", "POST", "/api/auth", `{"username":"anna"}`, "", 400, "invalid"},
		{"auth without a name", "POST", "/api/auth", `{"password":"x"}`, "", 400, "invalid"},
		{"auth with a number", "POST", "/api/auth", `{"username":5,"password":"x"}`, "", 400, "invalid"},
		{"auth with a wrong password", "POST", "/api/auth", `{"username":"anna","password":"x"}`, "", 401, "unauthenticated"},
		{"auth with an unknown name", "POST", "/api/auth", `{"username":"nobody","password":"x"}`, "", 401, "unauthenticated"},
		{"limit negative", "GET", channel(s.general.ID) + "&limit=-1", nil, token, 400, "invalid"},
		{"limit text", "GET", channel(s.general.ID) + "&limit=abc", nil, token, 400, "invalid"},
		{"limit zero", "GET", channel(s.general.ID) + "&limit=0", nil, token, 400, "invalid"},
		{"limit too high", "GET", channel(s.general.ID) + "&limit=501", nil, token, 400, "invalid"},
		{"cursor text", "GET", channel(s.general.ID) + "&before=x", nil, token, 400, "invalid"},
		{"context type missing", "GET", "/api/messages?context_id=x", nil, token, 400, "invalid"},
		{"context type unknown", "GET", "/api/messages?context_type=global", nil, token, 400, "invalid"},
		{"voice channel", "GET", channel(s.voiceChannel.ID), nil, token, 400, "invalid"},
		{"foreign channel", "GET", channel(elsewhere.ID), nil, token, 404, "not_found"},
		{"foreign server's id alone", "GET", channel(foreign.ID), nil, token, 404, "not_found"},
		{"absent channel", "GET", channel("x/y"), nil, token, 404, "not_found"},
		{"foreign DM", "GET", "/api/messages?context_type=dm&context_id=" + s.dm.ID, nil, other.Token, 404, "not_found"},
		{"absent DM", "GET", "/api/messages?context_type=dm&context_id=x", nil, token, 404, "not_found"},
		{"servers without a token", "GET", "/api/servers", nil, "", 401, "unauthenticated"},
		{"messages without a token", "GET", channel(s.general.ID), nil, "", 401, "unauthenticated"},
		{"friends without a token", "GET", "/api/friends", nil, "", 401, "unauthenticated"},
		{"DMs without a token", "GET", "/api/dms?username=anna", nil, "", 401, "unauthenticated"},
		{"a wrong token", "GET", "/api/servers", nil, "AAAAAAAAAAAAAAAAAAAAAAAAAA", 401, "unauthenticated"},
		{"servers of somebody else", "GET", "/api/servers?username=ben", nil, token, 403, "permission_denied"},
		{"friends of somebody else", "GET", "/api/friends?username=ben", nil, token, 403, "permission_denied"},
		{"DMs of somebody else", "GET", "/api/dms?username=ben", nil, token, 403, "permission_denied"},
		{"unknown path", "GET", "/api/nothing", nil, token, 404, "not_found"},
		{"root of the API", "GET", "/api/", nil, token, 404, "not_found"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			answer := do(t, client.REST{Base: s.inst.URL, Token: c.token}, c.method, c.path, c.body, c.status)
			if answer.Field("success") != "false" || answer.Field("code") != c.code {
				t.Errorf("answered with %s, want success false and code %s", answer.Body, c.code)
			}
			checkJSON(t, answer, "application/json")
			checkSentence(t, c.name, answer.Field("error"))
		})
	}
	t.Run("own name in other letters", func(t *testing.T) { s.anna.in(t).get("/api/servers?username=Anna", 200) })

	problems := []struct {
		name, method, path string
		body               any
		status             int
		code               string
	}{
		{"unknown resource", "GET", "/api/v1/nothing", nil, 404, "not_found"},
		{"session without a token", "GET", "/api/v1/session", nil, 401, "unauthenticated"},
		{"session with malformed JSON", "POST", "/api/v1/session", `{`, 400, "invalid"},
		{"session without fields", "POST", "/api/v1/session", `{}`, 400, "invalid"},
		{"session with a wrong password", "POST", "/api/v1/session", `{"username":"anna","password":"x"}`, 401, "unauthenticated"},
		{"account without a code", "POST", "/api/v1/accounts", `{"username":"newname","password":"x"}`, 400, "invalid"},
		{"account with a taken name", "POST", "/api/v1/accounts", client.Fields{"username": "ANNA", "password": "x", "invite_code": s.anna.invite()}, 409, "conflict"},
		{"account with a number as name", "POST", "/api/v1/accounts", `{"username":5,"password":"x"}`, 400, "invalid"},
		{"account with a huge name", "POST", "/api/v1/accounts", client.Fields{"username": huge, "password": "x"}, 413, "too_large"},
	}
	for _, c := range problems {
		t.Run(c.name, func(t *testing.T) {
			answer := do(t, client.REST{Base: s.inst.URL}, c.method, c.path, c.body, c.status)
			if answer.Field("code") != c.code || answer.Field("status") != fmt.Sprint(c.status) {
				t.Errorf("answered with %s, want a problem with code %s", answer.Body, c.code)
			}
			checkJSON(t, answer, "application/problem+json")
			if answer.Header.Get("Set-Cookie") != "" {
				t.Errorf("a refusal sets the cookie %s", answer.Header.Get("Set-Cookie"))
			}
			checkSentence(t, c.name, answer.Field("detail"))
		})
	}
}

func checkJSON(t *testing.T, answer client.Answer, want string) {
	t.Helper()
	if kind, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";"); kind != want {
		t.Errorf("the answer's type is %q, want %s", kind, want)
	}
}
