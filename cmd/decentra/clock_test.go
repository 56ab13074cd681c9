package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"decentra.local/pkg/host"
)

const (
	day  = 24 * time.Hour
	year = 365 * day
)

// TestAClockThatJumps has the clock of a whole installation go a year ahead, a day
// back and right again, while it runs and while it is stopped. Nothing is lost or
// mixed up, nobody is locked out for longer than the clock is wrong, and no time
// that is wrong outlives it.
func TestAClockThatJumps(t *testing.T) {
	p := &installation{t: t, data: t.TempDir()}
	p.start()
	ann := p.signUp("ann", "")
	invite := p.post(ann, "/invites", object{"expires_in": 3600}, 201)["code"].(string)
	ben := p.signUp("ben", invite)
	made := p.post(ann, "/servers", object{"name": "Home"}, 201)["server"].(object)
	at := "/servers/" + made["id"].(string)
	p.channel = at + "/channels/" + made["channels"].([]any)[0].(object)["id"].(string)
	code := p.post(ann, at+"/invites", nil, 201)["code"].(string)
	p.post(ben, "/memberships", object{"invite_code": code}, 201)
	hour := p.post(ann, "/invites", object{"expires_in": 3600}, 201)["code"].(string)
	reset := p.post(ann, "/administration/accounts/ben/password-reset", nil, 201)["token"].(string)
	heard := p.listen(ben)
	p.say(ann, ben)

	newcomers := []string{"ben"}
	step := func(name string, ahead time.Duration, restart bool, look func()) {
		if restart {
			p.stop()
			heard = nil
		}
		p.ahead.Store(int64(ahead))
		if restart {
			p.start()
		}
		t.Run(name, func(part *testing.T) {
			p.t = part
			defer func() { p.t = t }()
			look()
			if heard != nil {
				heard.has(part, p.said...) // over a connection from before the jumps
			}
			p.idles()
		})
	}
	// right is what holds whenever the clock is not past the end of what is good for
	// a while: what was there from the beginning is good.
	right := func() {
		p.say(ann, ben)
		p.get(ann, "/session", 200)
		if !slices.Contains(p.codes(ann), hour) {
			p.t.Error("the code that is good for an hour is gone")
		}
		name := fmt.Sprint("guest", len(newcomers))
		p.signUp(name, p.post(ann, "/invites", nil, 201)["code"].(string))
		newcomers = append(newcomers, name)
	}
	// late is what holds a year on: sessions were not used for long, and new ones are
	// as good as any.
	late := func() {
		p.get(ann, "/session", 401)
		p.send("", http.MethodPost, "/accounts", object{"username": "late", "password": "secret", "invite_code": hour}, 404)
		p.send("", http.MethodPost, "/password-resets", object{"token": reset, "new_password": "new"}, 404)
		p.say(p.logIn("ann"), p.logIn("ben"))
		if slices.Contains(p.codes(p.logIn("ann")), hour) {
			p.t.Error("a code that was good for an hour is open")
		}
		name := fmt.Sprint("guest", len(newcomers))
		p.signUp(name, p.post(p.logIn("ann"), "/invites", nil, 201)["code"].(string))
		newcomers = append(newcomers, name)
	}
	step("at first", 0, false, right)
	step("a year ahead", year, false, late)
	step("a day back", -day, false, right)
	step("right again", 0, false, right)
	step("a day back, from the start on", -day, true, right)
	step("at the beginning of time, from the start on", -time.Duration(time.Now().UnixNano()), true, right)
	step("a year ahead, from the start on", year, true, late)
	step("right, from the start on", 0, true, right)

	// What was waited for came, and what was put off counts from where it was.
	var friends []string
	for _, f := range p.get(ann, "/friends", 200)["friends"].([]any) {
		friends = append(friends, f.(object)["username"].(string))
	}
	slices.Sort(friends)
	slices.Sort(newcomers)
	if !slices.Equal(friends, newcomers) {
		t.Errorf("ann's friends are %q, want %q", friends, newcomers)
	}
	p.send("", http.MethodPost, "/password-resets", object{"token": reset, "new_password": "new"}, 204)
	p.get(ben, "/session", 401)
	p.stop()
}

type object = map[string]any

// installation is all services in this process, with a clock of the test's.
type installation struct {
	t       *testing.T
	data    string
	ahead   atomic.Int64 // of the machine's clock
	url     string
	stop    func()
	channel string
	said    []string // in the channel
	lastID  float64
}

func (p *installation) now() time.Time {
	return time.Now().Round(0).Add(time.Duration(p.ahead.Load())) // without what tells how much passed
}

func (p *installation) start() {
	p.t.Helper()
	clocked := slices.Clone(units)
	for i, u := range units {
		clocked[i].New = func(s host.Settings, h *host.Host) host.Service {
			h.Now = p.now
			return u.New(s, h)
		}
	}
	settings := host.Settings{
		Listen: "127.0.0.1:0", Status: "127.0.0.1:0", Data: p.data, Friends: "instant", BcryptCost: 4,
		Limits: "on", LogLevel: "error", LogFormat: "text",
	}
	out, in := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- host.Run(ctx, settings, clocked, true, in)
		_ = in.Close()
	}()
	test := p.t
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			test.Errorf("it ended with %v", err)
		}
	})
	p.t.Cleanup(p.stop)
	lines := bufio.NewScanner(out)
	address := regexp.MustCompile(`http://\S+`)
	if !lines.Scan() {
		p.t.Fatal("it does not start")
	}
	p.url = address.FindString(lines.Text())
	go func() { _, _ = io.Copy(io.Discard, out) }()
}

func (p *installation) send(token, method, path string, body any, status int) object {
	p.t.Helper()
	var content []byte
	if body != nil {
		content, _ = json.Marshal(body) // text and numbers
	}
	request, err := http.NewRequestWithContext(p.t.Context(), method, p.url+"/api/v1"+path, bytes.NewReader(content))
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != status {
		p.t.Fatalf("%s %s: got %d %s, %v; want %d", method, path, response.StatusCode, answer, err, status)
	}
	var got object
	_ = json.Unmarshal(answer, &got) // there may be none
	return got
}

func (p *installation) get(token, path string, status int) object {
	p.t.Helper()
	return p.send(token, http.MethodGet, path, nil, status)
}

func (p *installation) post(token, path string, body any, status int) object {
	p.t.Helper()
	return p.send(token, http.MethodPost, path, body, status)
}

func (p *installation) signUp(name, code string) (token string) {
	p.t.Helper()
	p.post("", "/accounts", object{"username": name, "password": "secret", "invite_code": code}, 201)
	return p.logIn(name)
}

func (p *installation) logIn(name string) (token string) {
	p.t.Helper()
	return p.post("", "/tokens", object{"username": name, "password": "secret"}, 201)["token"].(string)
}

func (p *installation) codes(token string) []string {
	p.t.Helper()
	var all []string
	for _, i := range p.get(token, "/invites", 200)["invites"].([]any) {
		all = append(all, i.(object)["code"].(string))
	}
	return all
}

// say has each of them write something, and looks at it, at its time, and at all
// that was said before.
func (p *installation) say(tokens ...string) {
	p.t.Helper()
	for _, token := range tokens {
		text := fmt.Sprint("message ", len(p.said)+1)
		before := len(p.said)
		sent := p.post(token, p.channel+"/messages", object{"content": text}, 201)
		p.said = append(p.said, text)
		at, err := time.Parse(time.RFC3339, sent["timestamp"].(string))
		if err != nil || at.Sub(p.now()).Abs() > time.Minute {
			p.t.Errorf("%s is of %s, and the clock says %s", text, sent["timestamp"], p.now())
		}
		if id := sent["id"].(float64); id != p.lastID+1 {
			p.t.Errorf("%s has the number %v after %v", text, id, p.lastID)
		}
		p.lastID++
		var contents []string
		for _, m := range p.get(token, p.channel+"/messages", 200)["messages"].([]any) {
			contents = append(contents, m.(object)["content"].(string))
		}
		if !slices.Equal(contents, p.said) {
			p.t.Errorf("the channel has %q, want %q", contents, p.said)
		}
		changes := p.get(token, p.channel+"/changes?after="+strconv.Itoa(before), 200)
		if list := changes["messages"].([]any); len(list) != 1 || list[0].(object)["content"] != text {
			p.t.Errorf("after %d there is %v, want %s", before, list, text)
		}
	}
}

// idles looks that nothing spins: for a second it does next to nothing.
func (p *installation) idles() {
	p.t.Helper()
	files, err := filepath.Glob(filepath.Join(p.data, "status-address.*"))
	if err != nil || len(files) != 1 {
		p.t.Fatalf("the status addresses are %q, %v", files, err)
	}
	address, err := os.ReadFile(files[0])
	if err != nil {
		p.t.Fatal(err)
	}
	worked := func() float64 {
		response, err := http.Get("http://" + string(address) + "/metrics")
		if err != nil {
			p.t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			p.t.Fatal(err)
		}
		found := regexp.MustCompile(`(?m)^process_cpu_seconds_total (\S+)$`).FindSubmatch(body)
		if found == nil {
			p.t.Fatal("the metrics don't tell how much the process works")
		}
		seconds, err := strconv.ParseFloat(string(found[1]), 64)
		if err != nil {
			p.t.Fatal(err)
		}
		return seconds
	}
	// What was caused may go on for a moment.
	for try := 1; ; try++ {
		before := worked()
		time.Sleep(time.Second)
		spent := worked() - before
		if spent < 0.5 {
			return
		}
		if try == 5 {
			p.t.Fatalf("with nothing to do it works %.1f s in a second", spent)
		}
	}
}

// listener is a connection, and what it was told.
type listener struct {
	mu   sync.Mutex
	said []string
}

func (p *installation) listen(token string) *listener {
	p.t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(p.url, "http")+"/ws", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.WriteJSON(object{"type": "auth", "token": token}); err != nil {
		p.t.Fatal(err)
	}
	l, entered := new(listener), make(chan struct{})
	go func() {
		for {
			var frame object
			if conn.ReadJSON(&frame) != nil {
				return
			}
			switch frame["type"] {
			case "init":
				close(entered)
			case "message":
				l.mu.Lock()
				l.said = append(l.said, frame["content"].(string))
				l.mu.Unlock()
			}
		}
	}()
	select {
	case <-entered:
	case <-time.After(10 * time.Second):
		p.t.Fatal("the connection does not get in")
	}
	return l
}

func (l *listener) has(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		l.mu.Lock()
		got = slices.Clone(l.said)
		l.mu.Unlock()
		if slices.Equal(got, want) {
			return
		}
	}
	t.Errorf("the connection was told %q, want %q", got, want)
}
