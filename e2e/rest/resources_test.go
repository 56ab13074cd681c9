package rest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestTheDocumentIsValid(t *testing.T) {
	i := install(t, "--limits", "off")
	if !strings.HasPrefix(i.document.OpenAPI, "3.1") {
		t.Errorf("got OpenAPI %s", i.document.OpenAPI)
	}
	if ok, errs := i.validator.ValidateDocument(); !ok {
		for _, e := range errs {
			t.Error(e)
		}
	}
}

// Every operation that is described does what it is for.
func TestEveryOperation(t *testing.T) {
	i := install(t, "--limits", "off", "--friends", "ask")
	nobody := user{installation: i, name: "nobody"}
	nobody.do(t, 200, "GET", "/installation", nil).has("first_account", "true")
	anna := i.signUp(t, "anna", "")
	nobody.do(t, 200, "GET", "/installation", nil).has("first_account", "false")
	code := anna.do(t, 201, "POST", "/invites", object{"max_uses": 2, "expires_in": 3600}).text("code")
	anna.do(t, 200, "GET", "/invites", nil).has("invites.0.code", code).has("invites.0.uses_left", "2")
	zoe := i.signUp(t, "Zoë.1", code)
	carl := i.signUp(t, "carl", code)
	spare := anna.do(t, 201, "POST", "/invites", nil).text("code")
	anna.do(t, 200, "GET", "/invites", nil).has("invites.0.expires_at", "<nil>")
	anna.do(t, 204, "POST", "/invites/revocation", object{"code": spare})
	anna.send(t, "POST", "/invites/revocation", encode(t, object{"code": spare})).refused(404, "not_found")

	t.Run("servers", func(t *testing.T) { servers(t, anna, zoe) })
	t.Run("members", func(t *testing.T) { members(t, anna, zoe, carl) })
	t.Run("people", func(t *testing.T) { people(t, zoe, carl) })
	t.Run("messages", func(t *testing.T) { messages(t, anna, zoe) })
	t.Run("profile", func(t *testing.T) { profile(t, anna) })
	t.Run("sessions", func(t *testing.T) { sessions(t, carl) })
	t.Run("administration", func(t *testing.T) { administration(t, anna, zoe) })

	i.each(func(method, path string, op operation) {
		if !i.done[op.ID] {
			t.Errorf("%s %s (%s) was not tried", method, path, op.ID)
		}
	})
}

func administration(t *testing.T, anna, zoe user) {
	at := "/administration/accounts/" + url.PathEscape(zoe.name)
	anna.do(t, 200, "GET", "/administration/accounts?limit=1", nil).has("accounts.0.username", "anna").has("accounts.0.owner", "true").has("more", "true")
	zoe.send(t, "GET", "/administration/accounts", "").refused(403, "permission_denied")
	anna.do(t, 200, "GET", "/administration/settings", nil).has("friends", "")
	anna.do(t, 204, "PATCH", "/administration/settings", object{"friends": "ask"})
	zoe.send(t, "PATCH", "/administration/settings", `{"friends":"ask"}`).refused(403, "permission_denied")
	zoe.send(t, "POST", at+"/password-reset", "").refused(403, "permission_denied")
	token := anna.do(t, 201, "POST", at+"/password-reset", nil).has("username", zoe.name).text("token")
	nobody := user{installation: zoe.installation, name: "nobody"}
	nobody.do(t, 204, "POST", "/password-resets", object{"token": token, "new_password": "another one"})
	nobody.send(t, "POST", "/password-resets", encode(t, object{"token": token, "new_password": "x"})).refused(404, "not_found")
	zoe.send(t, "GET", "/session", "").refused(401, "unauthenticated")
	anna.send(t, "POST", at+"/removal", `{"password":"wrong","messages":"keep"}`).refused(403, "permission_denied")
	anna.do(t, 204, "POST", at+"/removal", object{"password": "secret", "messages": "keep"})
	anna.send(t, "POST", at+"/password-reset", "").refused(404, "not_found")
}

func servers(t *testing.T, anna, zoe user) {
	made := anna.do(t, 201, "POST", "/servers", object{"name": " Home "}).has("server.name", "Home").has("server.channels.0.name", "general")
	at := "/servers/" + made.text("server.id")
	anna.do(t, 200, "GET", "/servers", nil).has("servers.0.id", made.text("server.id"))
	anna.do(t, 200, "PATCH", at, object{"name": "House"}).has("server.name", "House")
	anna.do(t, 200, "GET", at, nil).has("server.name", "House").has("server.owner", "anna")

	channel := anna.do(t, 201, "POST", at+"/channels", object{"name": "general", "type": "voice"}).has("channel.type", "voice").text("channel.id")
	anna.do(t, 200, "PATCH", at+"/channels/"+channel, object{"description": "Talk"}).has("channel.description", "Talk").has("channel.name", "general")
	anna.do(t, 200, "GET", at+"/channels/"+channel, nil).has("channel.description", "Talk")
	anna.do(t, 204, "PUT", at+"/channel-order", object{"channel_ids": []string{channel, made.text("server.channels.0.id")}})
	anna.do(t, 200, "GET", at+"/channels", nil).has("channels.0.id", channel)
	anna.do(t, 204, "DELETE", at+"/channels/"+channel, nil)

	code := anna.do(t, 201, "POST", at+"/invites", object{"max_uses": 5}).text("code")
	anna.do(t, 200, "GET", at+"/invites", nil).has("invites.0.max_uses", "5")
	zoe.do(t, 201, "POST", "/memberships", object{"invite_code": code}).has("server.name", "House")
	anna.do(t, 204, "POST", at+"/invites/revocation", object{"code": code})
	anna.send(t, "DELETE", at+"/membership", "").refused(409, "conflict")
	anna.do(t, 204, "PUT", at+"/owner", object{"username": "Zoë.1"})
	anna.do(t, 204, "DELETE", at+"/membership", nil)
	anna.send(t, "GET", at, "").refused(404, "not_found")
	zoe.do(t, 204, "DELETE", at, nil)
	zoe.send(t, "GET", at, "").refused(404, "not_found")
}

// home makes a server of the first that the others join.
func home(t *testing.T, owner user, others ...user) (at, channel string) {
	t.Helper()
	made := owner.do(t, 201, "POST", "/servers", object{"name": "Home"})
	at = "/servers/" + made.text("server.id")
	for _, other := range others {
		code := owner.do(t, 201, "POST", at+"/invites", nil).text("code")
		other.do(t, 201, "POST", "/memberships", object{"invite_code": code})
	}
	return at, at + "/channels/" + made.text("server.channels.0.id")
}

func members(t *testing.T, anna, zoe, carl user) {
	at, _ := home(t, anna, zoe)
	name := url.PathEscape(zoe.name)
	anna.do(t, 200, "GET", at+"/members", nil).has("members.0.is_owner", "true").has("members.1.username", zoe.name)
	zoe.send(t, "POST", at+"/channels", `{"name":"mine"}`).refused(403, "permission_denied")
	anna.do(t, 204, "PUT", at+"/members/"+name+"/permissions", object{"can_create_channel": true, "can_edit_channel": false, "can_delete_channel": false})
	zoe.do(t, 201, "POST", at+"/channels", object{"name": "mine"})
	zoe.send(t, "PATCH", at, `{"name":"Mine"}`).refused(403, "permission_denied")
	anna.do(t, 204, "DELETE", at+"/members/"+name, nil)
	zoe.send(t, "GET", at, "").refused(404, "not_found")
	anna.do(t, 204, "POST", at+"/bans", object{"username": zoe.name})
	anna.send(t, "POST", at+"/bans", encode(t, object{"username": zoe.name})).refused(409, "conflict")
	anna.do(t, 200, "GET", at+"/bans", nil).has("bans.0.username", zoe.name)
	anna.do(t, 204, "DELETE", at+"/bans/"+name, nil)
	anna.send(t, "DELETE", at+"/bans/"+name, "").refused(404, "not_found")
	carl.send(t, "GET", at+"/members", "").refused(404, "not_found")
}

func people(t *testing.T, zoe, carl user) {
	name := url.PathEscape(zoe.name)
	ask := func(status int) answer {
		return carl.do(t, status, "POST", "/friends", object{"username": strings.ToUpper(zoe.name)})
	}
	carl.do(t, 200, "GET", "/users?query="+url.QueryEscape("zOË"), nil).has("results.0.username", zoe.name)
	ask(200).has("user.request_sent", "true").has("user.username", zoe.name)
	carl.do(t, 200, "GET", "/friend-requests", nil).has("sent.0.username", zoe.name)
	carl.send(t, "POST", "/dms", encode(t, object{"username": zoe.name})).refused(403, "permission_denied")
	carl.do(t, 204, "DELETE", "/friend-requests/sent/"+name, nil)
	ask(200)
	zoe.do(t, 204, "DELETE", "/friend-requests/received/carl", nil)
	ask(200)
	zoe.do(t, 200, "GET", "/friend-requests", nil).has("received.0.username", "carl")
	zoe.do(t, 204, "POST", "/friend-requests/received/carl/approval", nil)
	carl.send(t, "POST", "/friends", encode(t, object{"username": zoe.name})).refused(409, "conflict")
	carl.do(t, 200, "GET", "/friends", nil).has("friends.1.username", zoe.name)
	dm := carl.do(t, 200, "POST", "/dms", object{"username": zoe.name}).has("dm.username", zoe.name).text("dm.id")
	zoe.do(t, 200, "GET", "/dms", nil).has("dms.0.id", dm).has("dms.0.username", "carl")
	carl.do(t, 204, "DELETE", "/friends/"+name, nil)
	carl.do(t, 200, "GET", "/presence", nil)

	carl.do(t, 204, "POST", "/blocks", object{"username": zoe.name})
	carl.do(t, 200, "GET", "/blocks", nil).has("blocked.0.username", zoe.name)
	zoe.send(t, "POST", "/friends", `{"username":"carl"}`).refused(404, "not_found")
	carl.do(t, 204, "DELETE", "/blocks/"+name, nil)
}

func messages(t *testing.T, anna, zoe user) {
	_, channel := home(t, anna, zoe)
	dm := "/dms/" + anna.do(t, 200, "POST", "/dms", object{"username": zoe.name}).text("dm.id")
	for _, c := range []struct{ name, at string }{{"channel", channel}, {"dm", dm}, {"lobby", "/lobby"}} {
		t.Run(c.name, func(t *testing.T) { conversation(t, c.at, anna, zoe) })
	}
	for _, at := range []string{channel, dm, "/lobby"} {
		anna.do(t, 201, "POST", at+"/messages", object{"content": "third"})
		id := anna.do(t, 201, "POST", at+"/messages", object{"content": "fourth"}).text("id")
		zoe.do(t, 200, "GET", at+"/messages?limit=1&before="+id, nil).has("messages.0.content", "third").has("more_after", "true")
		zoe.do(t, 200, "GET", at+"/messages?limit=1&around="+id, nil).has("messages.0.content", "fourth")
		zoe.do(t, 200, "GET", at+"/messages?after="+id, nil).has("more_after", "false")
		zoe.send(t, "GET", at+"/messages?after=1&before=2", "").refused(400, "invalid")
		for _, limit := range []string{"abc", "-1", "0", "501", "1.5"} {
			zoe.send(t, "GET", at+"/messages?limit="+limit, "").refused(400, "invalid")
		}
	}
	zoe.do(t, 200, "GET", "/read-marks", nil)
}

func conversation(t *testing.T, at string, anna, zoe user) {
	sent := anna.do(t, 201, "POST", at+"/messages", object{"content": "first"}, "Idempotency-Key", "k1").has("nonce", "k1")
	anna.do(t, 201, "POST", at+"/messages", object{"content": "first"}, "Idempotency-Key", "k1").has("id", sent.text("id")).has("seq", sent.text("seq"))
	anna.do(t, 201, "POST", at+"/messages", object{"content": "first", "nonce": "k1"}).has("id", sent.text("id"))
	anna.send(t, "POST", at+"/messages", `{"content":"x","nonce":"k2"}`, "Idempotency-Key", "k1").refused(400, "invalid")
	anna.send(t, "POST", at+"/messages", `{"content":" "}`).refused(400, "invalid")
	anna.send(t, "POST", at+"/messages", encode(t, object{"content": strings.Repeat("x", 4001)})).refused(413, "too_large")
	anna.send(t, "POST", at+"/messages", encode(t, object{"content": strings.Repeat("x", 100_000)})).refused(413, "too_large")
	one := at + "/messages/" + sent.text("id")
	zoe.send(t, "PATCH", one, `{"content":"mine"}`).refused(403, "permission_denied")
	zoe.send(t, "DELETE", one, "").refused(403, "permission_denied")
	anna.do(t, 200, "PATCH", one, object{"content": "second <b>"}).has("id", sent.text("id"))
	zoe.do(t, 200, "GET", at+"/messages", nil).has("messages.0.content", "second <b>")
	zoe.do(t, 200, "PUT", at+"/read-mark", object{"id": 1}).has("read", sent.text("id"))
	zoe.do(t, 204, "POST", at+"/typing", nil)
	anna.do(t, 200, "DELETE", one, nil)
	zoe.do(t, 200, "GET", at+"/changes?after="+sent.text("seq"), nil).has("messages.0.deleted", "true").has("reset", "false")
	zoe.send(t, "GET", at+"/changes", "").refused(400, "invalid")
	anna.send(t, "PATCH", at+"/messages/99999", `{"content":"x"}`).refused(404, "not_found")
	anna.send(t, "DELETE", at+"/messages/0", "").refused(400, "invalid")
}

func profile(t *testing.T, anna user) {
	anna.do(t, 200, "PUT", "/avatar", object{"avatar_type": "emoji", "avatar": "🦊"}).has("user.avatar", "🦊")
	const pixel = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
	picture := anna.do(t, 200, "PUT", "/avatar", object{"avatar_type": "image", "avatar_data": pixel}).text("user.avatar_data")
	response, err := http.Get(anna.url + picture)
	if err != nil || response.StatusCode != 200 || response.Header.Get("Content-Type") != "image/png" {
		t.Errorf("the picture %s can't be read: %v", picture, err)
	} else {
		_ = response.Body.Close()
	}
	anna.send(t, "PUT", "/avatar", `{"avatar_type":"image","avatar_data":"data:image/png;base64,AAAA"}`).refused(400, "invalid")
	anna.do(t, 200, "PATCH", "/profile", object{"display_name": "Anna A."}).has("user.display_name", "Anna A.")
	anna.do(t, 200, "GET", "/session", nil).has("user.display_name", "Anna A.")
	anna.do(t, 200, "PATCH", "/settings", object{"friends": "instant"}).has("settings.friends", "instant")
	anna.do(t, 200, "GET", "/settings", nil).has("settings.friends", "instant")
	anna.send(t, "PATCH", "/settings", `{"friends":"never"}`).refused(400, "invalid")
}

func sessions(t *testing.T, carl user) {
	nobody := user{installation: carl.installation, name: "nobody"}
	login := object{"username": "carl", "password": "secret"}
	cookie := nobody.do(t, 201, "POST", "/session", login).Header.Get("Set-Cookie")
	if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") {
		t.Errorf("the page's cookie is %q", cookie)
	}
	pair, _, _ := strings.Cut(cookie, ";")
	nobody.do(t, 200, "GET", "/session", nil, "Cookie", pair).has("user.username", "carl")
	nobody.send(t, "GET", "/session", "", "Cookie", pair, "Origin", "http://evil.example").refused(401, "unauthenticated")
	nobody.do(t, 204, "DELETE", "/session", nil, "Cookie", pair)
	nobody.send(t, "GET", "/session", "", "Cookie", pair).refused(401, "unauthenticated")

	other := carl
	other.token = nobody.do(t, 201, "POST", "/tokens", login).text("token")
	list := carl.do(t, 200, "GET", "/sessions", nil)
	var ids []string
	for n := range strings.Count(string(list.Body), `"current"`) {
		if list.text("sessions."+string(rune('0'+n))+".current") == "false" {
			ids = append(ids, list.text("sessions."+string(rune('0'+n))+".id"))
		}
	}
	if len(ids) == 0 {
		t.Fatalf("no other session: %s", list.Body)
	}
	for _, id := range slices.Compact(ids) {
		carl.do(t, 204, "DELETE", "/sessions/"+id, nil)
	}
	other.send(t, "GET", "/session", "").refused(401, "unauthenticated")

	carl.send(t, "PUT", "/password", `{"password":"wrong","new_password":"x"}`).refused(403, "permission_denied")
	carl.do(t, 204, "PUT", "/password", object{"password": "secret", "new_password": "new"})
	nobody.send(t, "POST", "/tokens", encode(t, login)).refused(401, "unauthenticated")
	carl.send(t, "POST", "/account/deletion", `{"password":"wrong","messages":"keep"}`).refused(403, "permission_denied")
	carl.do(t, 204, "POST", "/account/deletion", object{"password": "new", "messages": "keep"})
	carl.send(t, "GET", "/session", "").refused(401, "unauthenticated")
}
