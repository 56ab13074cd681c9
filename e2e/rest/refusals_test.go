package rest

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// bodies are right in their form, by operation.
var bodies = map[string]string{
	"create-account":       `{"username":"x","password":"x"}`,
	"create-session":       `{"username":"x","password":"x"}`,
	"create-token":         `{"username":"x","password":"x"}`,
	"change-password":      `{"password":"x","new_password":"y"}`,
	"create-server":        `{"name":"x"}`,
	"join-server":          `{"invite_code":"x"}`,
	"rename-server":        `{"name":"x"}`,
	"transfer-server":      `{"username":"anna"}`,
	"create-channel":       `{"name":"x"}`,
	"update-channel":       `{"name":"x"}`,
	"reorder-channels":     `{"channel_ids":[]}`,
	"set-permissions":      `{"can_create_channel":true,"can_edit_channel":true,"can_delete_channel":true}`,
	"ban-member":           `{"username":"anna"}`,
	"add-friend":           `{"username":"x"}`,
	"block-user":           `{"username":"x"}`,
	"start-dm":             `{"username":"x"}`,
	"reset-password":       `{"token":"x","new_password":"y"}`,
	"update-installation":  `{"friends":"ask"}`,
	"remove-account":       `{"password":"x","messages":"keep"}`,
	"set-avatar":           `{"avatar_type":"emoji","avatar":"x"}`,
	"set-profile":          `{"display_name":"x"}`,
	"change-settings":      `{"friends":"ask"}`,
	"delete-account":       `{"password":"x","messages":"keep"}`,
	"revoke-invite":        `{"code":"NOSUCH00"}`,
	"revoke-server-invite": `{"code":"NOSUCH00"}`,
}

func bodyOf(op operation) string {
	switch {
	case op.RequestBody == nil || !op.RequestBody.Required:
		return ""
	case strings.HasPrefix(op.ID, "send-"), strings.HasPrefix(op.ID, "edit-"):
		return `{"content":"x"}`
	case strings.HasPrefix(op.ID, "mark-"):
		return `{"id":1}`
	default:
		return bodies[op.ID]
	}
}

// fill puts values into a path, and what a query must have behind it.
func fill(path string, values map[string]string) string {
	path = strings.TrimPrefix(path, "/v1")
	for name, value := range values {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	if strings.HasSuffix(path, "/changes") {
		path += "?after=0"
	}
	return path
}

// inQuery adds a token to a query under every name that it might be looked for.
func inQuery(path, token string) string {
	values := url.Values{}
	for _, name := range []string{"token", "access_token", "session", "auth", "authorization", "Authorization", "decentra_session"} {
		values.Set(name, token)
	}
	if strings.Contains(path, "?") {
		return path + "&" + values.Encode()
	}
	return path + "?" + values.Encode()
}

var nowhere = map[string]string{
	"server_id": "NOSUCHSERVER0000", "channel_id": "NOSUCHCHANNEL000", "dm_id": "NOSUCHDM00000000", "message_id": "99999",
	"username": "nosuchuser", "session_id": "NOSUCHSESSION000",
}

// What every operation refuses, whatever it does.
func TestRefusals(t *testing.T) {
	i := install(t, "--limits", "off")
	nobody := user{installation: i, name: "nobody"}
	stranger := user{installation: i, name: "stranger", token: strings.Repeat("A", 26)}
	anna := i.signUp(t, "anna", "")
	ben := i.signUp(t, "ben", anna.do(t, 201, "POST", "/invites", nil).text("code"))
	mallory := i.signUp(t, "mallory", anna.do(t, 201, "POST", "/invites", nil).text("code"))
	at, channel := home(t, anna, ben)
	dm := anna.do(t, 200, "POST", "/dms", object{"username": "ben"}).text("dm.id")
	annas := map[string]string{
		"server_id": strings.TrimPrefix(at, "/servers/"), "channel_id": channel[strings.LastIndex(channel, "/")+1:],
		"dm_id": dm, "username": "ben",
		"message_id": anna.do(t, 201, "POST", channel+"/messages", object{"content": "secret"}).text("id"),
		"session_id": anna.do(t, 200, "GET", "/sessions", nil).text("sessions.0.id"),
	}
	anna.do(t, 201, "POST", "/dms/"+dm+"/messages", object{"content": "secret"})

	i.each(func(method, path string, op operation) {
		t.Run(op.ID, func(t *testing.T) {
			body := bodyOf(op)
			if op.RequestBody != nil && op.RequestBody.Required && body == "" {
				t.Fatal("the test has no body for this operation")
			}
			if len(op.Security) > 0 {
				a := nobody.send(t, method, fill(path, nowhere), body).refused(401, "unauthenticated")
				if a.Header.Get("WWW-Authenticate") == "" {
					t.Error("nothing says how to log in")
				}
				nobody.send(t, method, fill(path, nowhere), "{").refused(401, "unauthenticated")
				stranger.send(t, method, fill(path, nowhere), body).refused(401, "unauthenticated")
				// A token in an address is none.
				nobody.send(t, method, inQuery(fill(path, nowhere), anna.token), body).refused(401, "unauthenticated")
			}
			if op.RequestBody != nil {
				for _, malformed := range []string{"{", "[]", "7", `"x"`, "{\"a\":\xff", "<a/>"} {
					anna.send(t, method, fill(path, annas), malformed).refused(400, "invalid")
				}
				anna.send(t, method, fill(path, annas), `{"x":1}`, "Content-Type", "application/xml").refused(415, "invalid")
			}
			if op.RequestBody != nil && op.RequestBody.Required {
				anna.send(t, method, fill(path, annas), "").refused(400, "invalid")
				anna.send(t, method, fill(path, annas), "null").refused(400, "invalid")
				if op.ID != "update-channel" {
					anna.send(t, method, fill(path, annas), "{}").refused(400, "invalid")
				}
			}
			if strings.Contains(path, "{") {
				anna.send(t, method, fill(path, nowhere), body).refused(404, "not_found")
			}
			if strings.Contains(path, "{server_id}") || strings.Contains(path, "{dm_id}") || strings.Contains(path, "{session_id}") {
				mallory.send(t, method, fill(path, annas), body).refused(404, "not_found")
			}
		})
	})

	// Nothing of all that changed anything.
	anna.do(t, 200, "GET", at, nil).has("server.name", "Home")
	anna.do(t, 200, "GET", at+"/members", nil).has("members.1.username", "ben")
	anna.do(t, 200, "GET", channel+"/messages", nil).has("messages.0.content", "secret")
}

func TestWhatIsNoEndpoint(t *testing.T) {
	i := install(t, "--limits", "off")
	for _, c := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/api/v1/nothing", 404, "not_found"},
		{"GET", "/api/v1/", 404, "not_found"},
		{"PUT", "/api/v1/servers", 405, "invalid"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), c.method, i.url+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := httpClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body := make([]byte, 1000)
		n, _ := response.Body.Read(body)
		_ = response.Body.Close()
		answer{t: t, what: c.method + " " + c.path, Status: response.StatusCode, Header: response.Header, Body: body[:n]}.refused(c.status, c.code)
	}
}

// Programs that say nothing of their body send JSON all the same.
func TestBodiesOfSimpleClients(t *testing.T) {
	i := install(t, "--limits", "off")
	anna := i.signUp(t, "anna", "")
	for _, kind := range []string{"application/x-www-form-urlencoded", "text/plain; charset=utf-8", "application/json; charset=utf-8"} {
		if a := anna.send(t, "POST", "/servers", `{"name":"x"}`, "Content-Type", kind); a.Status != 201 {
			t.Errorf("%s: got %d %s", kind, a.Status, a.Body)
		}
	}
}

// Who is too fast is told when to come back, over REST as over a socket.
func TestTooFast(t *testing.T) {
	i := install(t)
	anna := i.signUp(t, "anna", "")
	passed := 0
	for range 60 {
		// Empty ones count as well, and nothing waits for the disk.
		a := anna.send(t, "POST", "/lobby/messages", `{"content":""}`)
		if a.Status == 400 {
			passed++
			continue
		}
		a.refused(429, "rate_limited")
		seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
		if err != nil || seconds < 1 || seconds > 2 {
			t.Fatalf("Retry-After is %q", a.Header.Get("Retry-After"))
		}
		if passed < 20 {
			t.Errorf("refused after %d messages", passed)
		}
		anna.do(t, 200, "GET", "/servers", nil) // other requests have a limit of their own
		deadline := time.Now().Add(time.Duration(seconds) * time.Second)
		for anna.send(t, "POST", "/lobby/messages", `{"content":"again"}`).Status != 201 {
			if time.Now().After(deadline) {
				t.Fatal("still refused after the pause")
			}
		}
		return
	}
	t.Fatal("never refused")
}

// The endpoints of the first programs are bounded like the others.
func TestTooFastOverTheFirstEndpoints(t *testing.T) {
	i := install(t)
	anna := i.signUp(t, "anna", "")
	for range 1000 {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, i.url+"/api/friends", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+anna.token)
		response, err := httpClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body) // else the connection is of no more use
		_ = response.Body.Close()
		if response.StatusCode == http.StatusOK {
			continue
		}
		if response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") == "" {
			t.Errorf("refused with %d, Retry-After %q", response.StatusCode, response.Header.Get("Retry-After"))
		}
		return
	}
	t.Fatal("never refused")
}
