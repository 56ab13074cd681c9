package gateway

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
	"github.com/nats-io/nats.go"
	"golang.org/x/sync/errgroup"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/event"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
	"decentra.local/pkg/workers"
)

const (
	// loginTimeout is how long a connection may stay without a login.
	loginTimeout = 10 * time.Minute
	// silenceTimeout is how long a connection may say nothing, not even a pong.
	silenceTimeout = 75 * time.Second
	// closeTimeout bounds the goodbye.
	closeTimeout = 5 * time.Second
	// lingerTimeout and lingerBytes bound how long the other side may take to close.
	lingerTimeout = time.Second
	lingerBytes   = 8 << 20
	// entryWait bounds how long somebody waits to be let in. Who has to come back
	// takes more than who waits, and the page does not wait for longer than 15 s.
	entryWait = 10 * time.Second
	// voiceTimeout bounds how long an init waits to know who is in voice.
	voiceTimeout = 500 * time.Millisecond
	// requestIDLength bounds request ids, in characters.
	requestIDLength = 128
)

// socket is one WebSocket connection.
type socket struct {
	service  *Service
	conn     *websocket.Conn
	reader   *bufio.Reader // the conn's
	framed   framed
	out      outbox
	lane     lane
	pace     pace
	place    place
	id       string
	origin   contract.Origin
	cookie   string // session token of the handshake, if any
	terminal bool   // on the root path, as the first clients
	requests int

	who    atomic.Pointer[identity]
	topics []event.Topic // guarded by the hub's lock

	touched bool // the fan-out's: has frames queued that are not written yet
	patient bool // the fan-out's: has frames queued that may wait

	parted     bool // the reader's: the other side said goodbye
	swallowing bool // the reader's: a large frame comes, and has its own deadline

	ending    sync.Mutex
	ended     bool
	slow      bool          // it ended since it did not take what it was sent
	over      chan struct{} // closed when it ends
	closeCode int
	closeText string
}

// identity is who a connection was logged in as.
type identity struct{ user, session string }

// me is who the connection belongs to; nobody before the login.
func (s *socket) me() identity {
	if who := s.who.Load(); who != nil {
		return *who
	}
	return identity{}
}

// serveSocket upgrades the request and serves the connection in a goroutine of
// its own, which lets the HTTP server forget its part of it.
func (s *Service) serveSocket(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{"success": false, "error": "The server is restarting."})
		return
	}
	cookie, origin := cookieToken(r), originOf(r)
	if err := s.limits.welcome(origin.Address); err != nil {
		writeFailure(w, err)
		return
	}
	l := &lean{ResponseWriter: w}
	conn, err := s.upgrader.Upgrade(l, r, nil)
	if err != nil {
		s.limits.parted(origin.Address)
		return // the upgrader has answered
	}
	sock := &socket{
		service: s, conn: conn, reader: l.reader, id: rand.Text()[:16], cookie: cookie,
		origin: origin, terminal: r.URL.Path == "/",
	}
	sock.over = make(chan struct{})
	if s.config.Limits {
		sock.pace.begin()
	}
	sock.framed = framed{conn: conn.NetConn(), pace: &sock.pace, over: sock.over}
	sock.reader.Reset(&sock.framed)
	sock.out.open(conn.NetConn(), &s.waiting, sock.fail)
	sock.place.hold = sock.out.hold
	sock.lane.spawn, sock.lane.handle, sock.lane.together = workers.Go, sock.handle, sock.together
	s.hub.add(sock)
	go sock.serve()
}

// serve reads frames, one after the other, until the connection ends.
func (s *socket) serve() {
	defer s.finish()
	s.conn.SetReadLimit(wire.LoginFrameBytes)
	s.extend(loginTimeout)
	s.conn.SetPingHandler(func(data string) error {
		s.send(controlFrame(websocket.PongMessage, data))
		return nil
	})
	s.conn.SetPongHandler(func(string) error {
		if s.me().user != "" && !s.swallowing {
			s.extend(silenceTimeout)
		}
		return nil
	})
	for !s.service.draining.Load() {
		s.pace.next(0, s.over)
		s.await()
		kind, data, swallowed, err := s.read()
		if errors.Is(err, errLarge) {
			s.extend(silenceTimeout)
			swallowed()
			continue
		}
		if err != nil || s.isEnding() {
			s.parted = websocket.IsCloseError(err, websocket.CloseNormalClosure, websocket.CloseGoingAway, websocket.CloseNoStatusReceived)
			swallowed()
			return
		}
		if s.me().user != "" {
			s.extend(silenceTimeout)
		}
		s.service.metrics.framesIn.Inc()
		switch {
		case kind != websocket.TextMessage:
			s.lane.wait()
			s.refuse("", fault.New(fault.Invalid, "Frames are JSON text, not binary."))
		case !utf8.Valid(data):
			s.lane.wait()
			s.refuse("", fault.New(fault.Invalid, "The frame is not valid UTF-8."))
		default:
			s.take(data)
		}
		if len(data) > smallFrame {
			s.lane.wait() // only what is done with leaves room for others
		}
		swallowed()
	}
	s.close(websocket.CloseServiceRestart, "The server is restarting.")
}

// extend sets how long the connection may say nothing, unless it is ending.
func (s *socket) extend(d time.Duration) {
	s.ending.Lock()
	defer s.ending.Unlock()
	if !s.ended {
		_ = s.conn.SetReadDeadline(time.Now().Add(d))
	}
}

// ping asks a silent connection whether it lives.
func (s *socket) ping() { s.send(pingFrame) }

// close makes the reader stop; finish does the rest. The first reason counts.
func (s *socket) close(code int, reason string) { s.end(code, reason, false) }

func (s *socket) end(code int, reason string, slow bool) {
	s.ending.Lock()
	defer s.ending.Unlock()
	if s.ended {
		return
	}
	s.ended, s.slow, s.closeCode, s.closeText = true, slow, code, reason
	close(s.over)
	if slow {
		s.service.metrics.slow.Inc()
	}
	_ = s.conn.SetReadDeadline(time.Now()) // a read that is under way ends at once
}

func (s *socket) isEnding() bool {
	s.ending.Lock()
	defer s.ending.Unlock()
	return s.ended
}

// linger reads what the other side still sends until it has closed too: a
// connection closed over unread bytes is reset, and the close code with it.
func (s *socket) linger() {
	conn := s.conn.NetConn()
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_ = conn.SetReadDeadline(time.Now().Add(lingerTimeout))
	_, _ = io.CopyN(io.Discard, conn, lingerBytes)
}

// finish says goodbye and forgets the connection, once what it asked is done.
func (s *socket) finish() {
	s.lane.wait()
	s.service.hub.remove(s)
	s.close(websocket.CloseNormalClosure, "") // unless there is a reason already
	s.service.voices.leave(s.id, s.parted || s.closeCode == closeSessionEnded)
	if s.closeCode != closeTooSlow && s.closeCode != websocket.CloseAbnormalClosure {
		s.out.close(closeTimeout)
	}
	if s.closeCode != websocket.CloseAbnormalClosure {
		message := websocket.FormatCloseMessage(s.closeCode, s.closeText)
		_ = s.conn.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Second))
		s.linger()
	}
	_ = s.conn.Close()
	s.out.end()
	if me := s.me(); me.user != "" {
		s.service.limits.release(me.user, s.slow)
	} else {
		s.service.limits.parted(s.origin.Address)
	}
}

// send writes a finished frame, or leaves it to be written.
func (s *socket) send(frame []byte) { s.judge(s.out.send(frame)) }

// queue is send without the writing, for which flush is called later.
func (s *socket) queue(frame []byte) { s.judge(s.out.queue(frame)) }

func (s *socket) judge(err error) {
	if errors.Is(err, errSlow) {
		s.end(closeTooSlow, "The connection is too slow; please resync.", true)
	}
}

// fail ends a connection that can't be written to any more: some of a frame may have
// left, after which there is no goodbye.
func (s *socket) fail(err error) {
	s.end(websocket.CloseAbnormalClosure, "", errors.Is(err, errSlow) || errors.Is(err, os.ErrDeadlineExceeded))
}

// answer sends a frame to this connection alone, with the id of the request.
func (s *socket) answer(frameType, requestID string, body []byte) {
	front, fields := wire.Parts(frameType, requestID, body)
	s.send(textFrame(front, fields))
}

func (s *socket) refuse(requestID string, err error) {
	s.refused()
	body, _ := wire.Marshal(refusal(err)) // plain fields
	s.answer(wire.Error{}.FrameType(), requestID, body)
}

// refused counts a refusal.
func (s *socket) refused() { s.pace.refused(s.service.limits.refused(s.me().user, s.origin.Address)) }

func (s *socket) caller() rpc.Caller {
	me := s.me()
	return rpc.Caller{User: me.user, Session: me.session, Connection: s.id}
}

// requestContext bounds one frame and names it in the logs.
func (s *socket) requestContext() (context.Context, context.CancelFunc) {
	s.requests++
	ctx := rpc.WithRequest(context.Background(), s.id+"-"+strconv.Itoa(s.requests))
	return context.WithTimeout(ctx, rpc.Timeout)
}

// take handles one frame, or leaves it to the lane of who is logged in.
func (s *socket) take(data []byte) {
	e, err := parseEnvelope(data)
	if err != nil {
		s.lane.wait() // its answer comes in its turn
		s.refuse(e.RequestID, err)
		return
	}
	if s.me().user != "" {
		s.lane.add(request{envelope: e, data: data})
		return
	}
	// The stack that a login takes is not to stay with a connection that may say
	// nothing from then on.
	done := make(chan struct{})
	workers.Go(func() {
		defer close(done)
		ctx, cancel := s.requestContext()
		defer cancel()
		s.login(ctx, e, data)
	})
	<-done
}

// handle works on requests that may be asked together: one, or several for the
// same endpoint.
func (s *socket) handle(requests []request) {
	if !s.out.await(s.over) {
		return // it has ended, and nobody waits for the answers
	}
	done, ok := s.service.limits.turn(s.me().user, s.over)
	if !ok {
		return
	}
	defer done()
	ctx, cancel := s.requestContext()
	defer cancel()
	allowed := requests[:0]
	for _, r := range requests {
		if err := s.service.limits.allowFrame(s.me().user, r.Type); err != nil {
			s.refuse(r.RequestID, err)
			continue
		}
		allowed = append(allowed, r)
	}
	if len(allowed) == 0 {
		return
	}
	route, err := s.route(allowed[0])
	switch {
	case allowed[0].Type == wire.Resync{}.FrameType():
		s.inLongTurn(ctx, allowed[0].RequestID, func() { s.resync(ctx, allowed[0].RequestID) })
		return
	case err != nil:
		s.refuse(allowed[0].RequestID, err)
		return
	case !route.Large && len(allowed[0].data) > largeFrame:
		s.refuse(allowed[0].RequestID, errLarge)
		return
	case route.Long:
		s.handleLong(ctx, allowed[0], route)
		return
	}
	if serviceOf(route.Endpoint) == contract.Voice {
		s.service.voices.enter(s.id)
	}
	if route.Placed {
		s.handlePlaced(ctx, allowed[0], route)
		return
	}
	link := s.service.nc
	if len(allowed[0].data) > largeFrame {
		link = s.service.aside // what is small does not wait behind it
	}
	payloads := make([][]byte, len(allowed))
	for i, r := range allowed {
		payloads[i] = r.data
	}
	for i, answer := range s.askAll(ctx, link, route, payloads) {
		r := allowed[i]
		switch {
		case answer.Err != nil:
			s.refuse(r.RequestID, answer.Err)
		case route.Answer != "" && (!route.Quiet || r.RequestID != ""):
			s.answer(route.Answer, r.RequestID, answer.Body)
		case route.Answer == "" && r.RequestID != "":
			s.answer("ok", r.RequestID, answer.Body)
		}
	}
}

// handleLong works on a request with a long answer. Whether one is kept that is still
// the same is a small question.
func (s *socket) handleLong(ctx context.Context, r request, route contract.Route) {
	question, err := requestIn(r.data, route.Endpoint)
	var mark string
	if err == nil {
		mark, err = s.service.kept.confirm(ctx, route.Endpoint, s.caller(), question)
	}
	if err != nil {
		s.refuse(r.RequestID, err)
		return
	}
	s.inLongTurn(ctx, r.RequestID, func() {
		body, err := s.service.askUnlessKept(ctx, route.Endpoint, s.caller(), question, mark)
		if err != nil {
			s.refuse(r.RequestID, err)
			return
		}
		s.answer(route.Answer, r.RequestID, body)
	})
}

// askAll asks for requests that may be asked together. The fan-out may wait for what
// comes of messages.
func (s *socket) askAll(ctx context.Context, link *nats.Conn, route contract.Route, payloads [][]byte) []rpc.Answer {
	if route.Batch {
		defer s.service.hub.expect()()
	}
	return rpc.Batch(ctx, link, route.Endpoint, s.caller(), payloads)
}

// inLongTurn does something with a long answer when its turn has come, if that is in
// time.
func (s *socket) inLongTurn(ctx context.Context, requestID string, do func()) {
	done, ok := s.longTurn(ctx)
	if !ok {
		s.refuse(requestID, fault.New(fault.Unavailable, "The server is busy. Please try again."))
		return
	}
	defer done()
	if !s.isEnding() { // else nobody waits for the answer
		do()
	}
}

func (s *socket) longTurn(ctx context.Context) (done func(), ok bool) {
	mine, ok := s.service.limits.longTurn(s.me().user, ctx.Done())
	if !ok {
		return nil, false
	}
	all, ok := await(s.service.long, ctx.Done())
	if !ok {
		mine()
		return nil, false
	}
	return func() { all(); mine() }, true
}

// route is where a request goes.
func (s *socket) route(r request) (contract.Route, error) {
	switch r.Type {
	case "signup", "login", "auth":
		return contract.Route{}, fault.New(fault.Conflict, "You are logged in already.")
	}
	context, err := r.context()
	if err != nil {
		return contract.Route{}, err
	}
	route, ok := contract.Find(r.Type, context)
	if !ok {
		return contract.Route{}, unknownFrame(r.Type, context)
	}
	return route, nil
}

// together reports whether one call may ask both.
func (s *socket) together(a, b request) bool {
	first, err := s.route(a)
	if err != nil || !first.Batch || len(a.data) > largeFrame || len(b.data) > largeFrame {
		return false
	}
	second, err := s.route(b)
	return err == nil && first.Endpoint == second.Endpoint
}

// login handles the frames before the login: each gets auth_success or
// auth_error, and nothing comes before that.
func (s *socket) login(ctx context.Context, e envelope, data []byte) {
	session, err := s.authenticate(ctx, e.Type, data)
	if err == nil {
		err = s.enter(ctx, session, e.RequestID)
	}
	if err != nil {
		s.refused()
		body, _ := wire.Marshal(refusal(err)) // plain fields
		s.answer(wire.AuthError{}.FrameType(), e.RequestID, body)
	}
}

func (s *socket) authenticate(ctx context.Context, frameType string, data []byte) (contract.Session, error) {
	origin := s.origin
	switch frameType {
	case "signup":
		var r wire.Signup
		if err := rpc.Decode(data, &r); err != nil {
			return contract.Session{}, err
		}
		return s.service.signUp(ctx, r, origin)
	case "login":
		var r wire.Login
		if err := rpc.Decode(data, &r); err != nil {
			return contract.Session{}, err
		}
		return s.service.logIn(ctx, r, origin)
	case "auth":
		var r wire.Auth
		if err := rpc.Decode(data, &r); err != nil {
			return contract.Session{}, err
		}
		if r.Token == "" {
			r.Token = s.cookie
		}
		return s.service.resume(ctx, r.Token)
	default:
		return contract.Session{}, fault.New(fault.Unauthenticated, "Please log in first.")
	}
}

// enter makes the connection its user's. It hears of everything that happens
// from before its snapshot was taken, and gets it after the snapshot.
func (s *socket) enter(ctx context.Context, session contract.Session, requestID string) error {
	hub, limits := s.service.hub, s.service.limits
	done, ok := limits.turn(session.Profile.Username, ctx.Done())
	if !ok {
		return fault.Limited(rpc.Timeout, "Too many of your connections ask at once.")
	}
	defer done()
	if err := limits.acquire(session.Profile.Username); err != nil {
		return err
	}
	s.out.hold()
	hub.enter(s, session)
	init, lobby, err := s.service.entry(ctx, s, session)
	if err != nil {
		hub.exit(s)
		s.out.drop()
		limits.release(session.Profile.Username, false)
		return err
	}
	success, _ := wire.Marshal(wire.AuthSuccess{Message: "Welcome, " + session.Profile.Username + "!", Token: session.Token})
	first := [][]byte{
		textFrame(wire.Compose(wire.AuthSuccess{}.FrameType(), requestID, success)),
		init.encode(""),
	}
	if lobby != nil {
		first = append(first, lobby)
	}
	limits.parted(s.origin.Address)
	s.cookie = ""
	s.conn.SetReadLimit(int64(wire.Bounds.FrameBytes))
	s.extend(silenceTimeout)
	s.out.belong(limits.waiting(session.Profile.Username))
	s.judge(s.out.release(first...))
	return nil
}

// resync answers with a fresh `init`; what happens meanwhile comes after it.
func (s *socket) resync(ctx context.Context, requestID string) {
	s.out.hold()
	me := s.me()
	session := contract.Session{ID: me.session, Profile: wire.Profile{Username: me.user}}
	init, _, err := s.service.snapshot(ctx, s, session, contract.SnapshotRequest{WithoutLobby: true})
	if err != nil {
		s.judge(s.out.release())
		s.refuse(requestID, err)
		return
	}
	s.judge(s.out.release(init.encode(requestID)))
}

// lobby is the frame with the lobby's last messages, nil if there are none. They are
// the same for everybody, and too much to be made for each who enters.
type lobby struct {
	mark  string
	frame []byte
}

// letIn waits for the turn of somebody who enters, unless over comes first.
func (s *Service) letIn(over <-chan struct{}) (done func(), err error) {
	select {
	case s.entries <- struct{}{}:
		return func() { <-s.entries }, nil
	case <-time.After(entryWait):
		return nil, fault.New(fault.Unavailable, "Too many people are coming in right now. Please try again.")
	case <-over:
		return nil, fault.New(fault.Unavailable, "The connection has ended.")
	}
}

// entry is what a connection gets first: its state, and the lobby.
func (s *Service) entry(ctx context.Context, sock *socket, session contract.Session) (initFrame, []byte, error) {
	done, err := s.letIn(sock.over)
	if err != nil {
		return initFrame{}, nil, err
	}
	defer done()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rpc.Timeout)
	defer cancel()
	known := s.lobby.Load()
	init, chat, err := s.snapshot(ctx, sock, session, contract.SnapshotRequest{LobbyMark: known.mark})
	if err != nil {
		return initFrame{}, nil, err
	}
	if known.mark == "" || chat.LobbyMark != known.mark {
		known = &lobby{mark: chat.LobbyMark}
		if len(chat.Lobby) > 0 {
			known.frame = textFrame(wire.Encode(wire.History{Messages: chat.Lobby}))
		}
		s.lobby.Store(known)
	}
	return init, known.frame, nil
}

// snapshot subscribes the connection to its servers first and then asks for
// their state: nothing falls between the two.
func (s *Service) snapshot(ctx context.Context, sock *socket, session contract.Session, request contract.SnapshotRequest) (initFrame, contract.ChatState, error) {
	caller, name := sock.caller(), session.Profile.Username
	request.AtLeast, request.WithoutOnline = session.AtLeast, true
	servers, err := s.servers(ctx, name, session.AtLeast)
	if err != nil {
		return initFrame{}, contract.ChatState{}, err
	}
	for _, id := range servers {
		s.hub.join(sock, event.Server(id))
	}
	var chat contract.ChatState
	var online []json.RawMessage
	var social contract.SocialState
	voice := contract.VoiceState{Rooms: []wire.VoiceRoom{}, Calls: []wire.Call{}}
	profile := session.Profile
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		if chat, err = rpc.Call(ctx, s.nc, contract.ChatSnapshot, caller, request); err == nil {
			online, err = s.onlineIn(ctx, chat.Servers)
		}
		return err
	})
	group.Go(func() (err error) {
		social, err = rpc.Call(ctx, s.nc, contract.SocialSnapshot, caller, contract.SnapshotRequest{AtLeast: session.AtLeast})
		return err
	})
	group.Go(func() error {
		// Without it there is no voice, but everything else: when it is back it says so.
		ctx, cancel := context.WithTimeout(ctx, voiceTimeout)
		defer cancel()
		answer, err := rpc.Try(ctx, s.nc, contract.VoiceSnapshot, caller, contract.VoiceSnapshotRequest{ServerIDs: servers})
		if err == nil {
			voice = answer
		} else {
			s.log.Warn("an init without voice", "error", err)
		}
		return nil
	})
	group.Go(func() error {
		// It may have ended before the connection listened for that.
		live, err := s.liveSessions(ctx, []string{session.ID})
		if err == nil && !live[session.ID] {
			err = fault.New(fault.Unauthenticated, "The session has ended. Please log in again.")
		}
		return err
	})
	if profile.Kind == "" { // not a fresh session: the avatar may have changed
		group.Go(func() error {
			answer, err := rpc.Call(ctx, s.nc, contract.Profiles, caller, contract.ProfilesRequest{Usernames: []string{name}})
			if err == nil && len(answer.Profiles) == 1 {
				profile = answer.Profiles[0]
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return initFrame{}, chat, err
	}
	return initFrame{online: online, Init: wire.Init{
		Profile: profile, Servers: chat.Servers,
		DMs: social.DMs, Friends: social.Friends,
		RequestsSent: social.RequestsSent, RequestsReceived: social.RequestsReceived,
		Blocked: social.Blocked, Settings: social.Settings,
		Read: append(chat.Read, social.Read...), Presence: union(social.Online),
		Voice: voice.Rooms, Calls: voice.Calls,
		Limits: wire.Bounds,
	}}, chat, nil
}

// union has every name once, in order, and is never nil.
func union(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return append([]string{}, slices.Compact(all)...)
}

// servers lists the servers of a user.
func (s *Service) servers(ctx context.Context, user string, atLeast int64) ([]string, error) {
	answer, err := s.gathered.topics.Call(ctx, rpc.Caller{User: user}, contract.SnapshotRequest{AtLeast: atLeast})
	return answer.ServerIDs, err
}

// memberships has what the hub needs of them.
func (s *Service) memberships(ctx context.Context, user string) ([]event.Topic, error) {
	servers, err := s.servers(ctx, user, 0)
	topics := make([]event.Topic, 0, len(servers))
	for _, id := range servers {
		topics = append(topics, event.Server(id))
	}
	return topics, err
}

// joined has what a user would be told now of having joined a server.
func (s *Service) joined(ctx context.Context, user string, t event.Topic) ([]byte, error) {
	chat, err := rpc.Call(ctx, s.nc, contract.ChatSnapshot, rpc.Caller{User: user}, contract.SnapshotRequest{WithoutLobby: true})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(chat.Servers, func(server wire.Server) bool { return event.Server(server.ID) == t })
	if i < 0 {
		return nil, nil
	}
	server := chat.Servers[i]
	read := slices.DeleteFunc(chat.Read, func(p wire.Progress) bool {
		return p.ContextID == nil || !strings.HasPrefix(*p.ContextID, server.ID+"/")
	})
	return wire.Encode(wire.ServerJoined{Server: server, Read: read}), nil
}
