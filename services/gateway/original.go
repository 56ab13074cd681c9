package gateway

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

// bodyBytes bounds the body of a REST request that carries no picture.
const bodyBytes = 64 << 10

// originalAPI has the five endpoints that desktop programs were written to. All
// answers have `success`.
func (s *Service) originalAPI(r chi.Router) {
	r.Post("/auth", s.originalAuth)
	r.Get("/servers", s.original(s.originalServers))
	r.Get("/messages", s.original(s.originalMessages))
	r.Get("/friends", s.original(s.originalFriends))
	r.Get("/dms", s.original(s.originalDMs))
}

func (s *Service) originalAuth(w http.ResponseWriter, r *http.Request) {
	var login wire.Login
	if err := decodeBody(w, r, &login); err != nil {
		writeFailure(w, err)
		return
	}
	if strings.TrimSpace(login.Username) == "" || login.Password == "" {
		writeFailure(w, fault.New(fault.Invalid, "The fields username and password are needed."))
		return
	}
	session, err := s.logIn(r.Context(), login, originOf(r))
	if err != nil {
		writeFailure(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"success": true, "token": session.Token, "user": session.Profile})
}

// original answers one of the reading endpoints for a logged-in user, with a JSON
// object to which `success` is added. A username parameter can only name the caller.
func (s *Service) original(answer func(r *http.Request, session contract.Session) ([]byte, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		session, err := s.sessionOf(r)
		if err == nil {
			err = s.limits.allowFrame(session.Profile.Username, r.URL.Path)
		}
		if err != nil {
			writeFailure(w, err)
			return
		}
		if name := r.URL.Query().Get("username"); name != "" && !strings.EqualFold(name, session.Profile.Username) {
			writeFailure(w, fault.New(fault.PermissionDenied, "You can only ask for what is yours."))
			return
		}
		object, err := answer(r, session)
		if err != nil {
			writeFailure(w, err)
			return
		}
		const front = `{"success":true,`
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(front)+len(object)-1)) // else it leaves in chunks, with more system calls
		_, _ = io.WriteString(w, front)                                          // the client is gone, if this fails
		_, _ = w.Write(object[1:])
	}
}

func callerOf(session contract.Session) rpc.Caller {
	return rpc.Caller{User: session.Profile.Username, Session: session.ID}
}

func (s *Service) originalServers(r *http.Request, session contract.Session) ([]byte, error) {
	state, err := rpc.Call(r.Context(), s.nc, contract.ChatSnapshot, callerOf(session), contract.SnapshotRequest{AtLeast: session.AtLeast, WithoutLobby: true})
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"servers": state.Servers})
}

// originalMessages answers what the owner of the conversation does, as it is.
func (s *Service) originalMessages(r *http.Request, session contract.Session) ([]byte, error) {
	query := r.URL.Query()
	var window wire.Window
	for name, target := range map[string]*int64{"before": &window.Before, "after": &window.After, "around": &window.Around} {
		n, err := positive(query.Get(name), name)
		if err != nil {
			return nil, err
		}
		*target = n
	}
	limit, err := positive(query.Get("limit"), "limit")
	if err != nil {
		return nil, err
	}
	if limit > int64(wire.Bounds.HistoryMost) {
		return nil, fault.New(fault.Invalid, "The limit must be 1 to %d.", wire.Bounds.HistoryMost)
	}
	window.Limit = int(limit)
	id := query.Get("context_id")
	switch query.Get("context_type") {
	case wire.ContextServer:
		serverID, channelID, _ := strings.Cut(id, "/")
		request, _ := json.Marshal(wire.GetChannelHistory{ServerID: serverID, ChannelID: channelID, Window: window}) // plain fields
		return s.askKept(r.Context(), contract.GetChannelHistory, callerOf(session), request)
	case wire.ContextDM:
		request, _ := json.Marshal(wire.GetDMHistory{DMID: id, Window: window}) // plain fields
		return s.askKept(r.Context(), contract.GetDMHistory, callerOf(session), request)
	default:
		return nil, fault.New(fault.Invalid, "The parameter context_type must be server or dm.")
	}
}

// positive reads a number of at least 1; an absent one is 0.
func positive(text, name string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, fault.New(fault.Invalid, "The parameter %s must be a whole number of at least 1.", name)
	}
	return n, nil
}

func (s *Service) originalFriends(r *http.Request, session contract.Session) ([]byte, error) {
	state, err := rpc.Call(r.Context(), s.nc, contract.SocialSnapshot, callerOf(session), contract.SnapshotRequest{AtLeast: session.AtLeast})
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{
		"friends":                  names(state.Friends),
		"friend_requests_sent":     names(state.RequestsSent),
		"friend_requests_received": names(state.RequestsReceived),
	})
}

func names(profiles []wire.Profile) []string {
	all := make([]string, 0, len(profiles))
	for _, p := range profiles {
		all = append(all, p.Username)
	}
	return all
}

func (s *Service) originalDMs(r *http.Request, session contract.Session) ([]byte, error) {
	state, err := rpc.Call(r.Context(), s.nc, contract.SocialSnapshot, callerOf(session), contract.SnapshotRequest{AtLeast: session.AtLeast})
	if err != nil {
		return nil, err
	}
	dms := make([]map[string]string, 0, len(state.DMs))
	for _, dm := range state.DMs {
		dms = append(dms, map[string]string{"dm_id": dm.ID, "other_user": dm.Username})
	}
	return json.Marshal(map[string]any{"dms": dms})
}

// decodeBody reads a JSON body of at most bodyBytes.
func decodeBody(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyBytes))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return fault.New(fault.TooLarge, "The body may have at most %d kB.", bodyBytes>>10)
	}
	if err != nil {
		return fault.New(fault.Invalid, "The body could not be read.")
	}
	return rpc.Decode(body, v)
}

// writeFailure answers in the original's form.
func writeFailure(w http.ResponseWriter, err error) {
	coded := fault.Of(err)
	setRetryAfter(w, coded)
	writeJSON(w, coded.Code.Status(), map[string]any{"success": false, "error": coded.Message, "code": coded.Code})
}

// setRetryAfter says when to come back (RFC 9110, 10.2.3), in whole seconds.
func setRetryAfter(w http.ResponseWriter, coded *fault.Error) {
	if coded.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(coded.RetryAfter.Seconds())+1))
	}
}
