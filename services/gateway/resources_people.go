package gateway

import (
	"context"
	"net/http"
	"strings"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

const tagPeople = "Friends and direct messages"

type friendList struct {
	Friends []wire.Profile `json:"friends"`
}

type requestList struct {
	Sent     []wire.Profile `json:"sent"`
	Received []wire.Profile `json:"received"`
}

type blockList struct {
	Blocked []wire.Profile `json:"blocked"`
}

type onlineList struct {
	Online []string `json:"online"`
}

type dmList struct {
	DMs []wire.DM `json:"dms"`
}

type dmBody struct {
	DM wire.DM `json:"dm"`
}

type standingBody struct {
	User wire.SearchHit `json:"user"`
}

type (
	peerIn struct{ Body wire.Peer }
	userIn struct {
		Username string `path:"username"`
	}
)

func (in *userIn) peer() wire.Peer { return wire.Peer{Username: in.Username} }

func (a *resources) people() {
	a.friends()
	a.friendRequests()
	a.blocks()

	type searchIn struct {
		Query string `query:"query" doc:"Part of a user name, without regard to case."`
	}
	call(a, operation(http.MethodGet, "/users", "search-users", tagPeople, "Find users by name, at most 20"),
		contract.SearchUsers, func(in *searchIn) wire.SearchUsers { return wire.SearchUsers{Query: in.Query} })

	handle(a, operation(http.MethodGet, "/presence", "list-online", tagPeople, "Who is online, of one's friends and fellow members"),
		func(ctx context.Context, session contract.Session, _ *nothingIn) (onlineList, error) {
			chat, err := a.chatState(ctx, session)
			if err != nil {
				return onlineList{}, err
			}
			social, err := a.socialState(ctx, session)
			lists := [][]string{social.Online}
			for _, server := range chat.Servers {
				lists = append(lists, server.Online)
			}
			return onlineList{Online: union(lists...)}, err
		})

	handle(a, operation(http.MethodGet, "/dms", "list-dms", tagPeople, "One's direct conversations"),
		func(ctx context.Context, session contract.Session, _ *nothingIn) (dmList, error) {
			state, err := a.socialState(ctx, session)
			return dmList{DMs: state.DMs}, err
		})

	handle(a, operation(http.MethodPost, "/dms", "start-dm", tagPeople, "Open the one direct conversation with a friend",
		http.StatusForbidden, http.StatusNotFound),
		func(ctx context.Context, session contract.Session, in *peerIn) (dmBody, error) {
			started, err := rpc.Call(ctx, a.nc, contract.StartDM, callerOf(session), in.Body)
			return dmBody{DM: started.DM}, err
		})
}

func (a *resources) friends() {
	handle(a, operation(http.MethodGet, "/friends", "list-friends", tagPeople, "One's friends"),
		func(ctx context.Context, session contract.Session, _ *nothingIn) (friendList, error) {
			state, err := a.socialState(ctx, session)
			return friendList{Friends: state.Friends}, err
		})

	handle(a, operation(http.MethodPost, "/friends", "add-friend", tagPeople,
		"Make somebody a friend, or ask them, as they have it; the answer says which", http.StatusNotFound, http.StatusConflict),
		func(ctx context.Context, session contract.Session, in *peerIn) (standingBody, error) {
			if _, err := rpc.Call(ctx, a.nc, contract.AddFriend, callerOf(session), in.Body); err != nil {
				return standingBody{}, err
			}
			state, err := a.socialState(ctx, session)
			return standingBody{User: standing(state, in.Body.Username)}, err
		})

	effect(a, operation(http.MethodDelete, "/friends/{username}", "remove-friend", tagPeople, "End a friendship; the messages stay readable"),
		contract.RemoveFriend, (*userIn).peer)
}

func (a *resources) friendRequests() {
	handle(a, operation(http.MethodGet, "/friend-requests", "list-friend-requests", tagPeople, "The open friend requests, both ways"),
		func(ctx context.Context, session contract.Session, _ *nothingIn) (requestList, error) {
			state, err := a.socialState(ctx, session)
			return requestList{Sent: state.RequestsSent, Received: state.RequestsReceived}, err
		})

	effect(a, operation(http.MethodPost, "/friend-requests/received/{username}/approval", "approve-friend-request", tagPeople,
		"Become friends with somebody who asked"), contract.ApproveFriendRequest, (*userIn).peer)

	effect(a, operation(http.MethodDelete, "/friend-requests/received/{username}", "deny-friend-request", tagPeople,
		"Deny a request; who asked is not told"), contract.DenyFriendRequest, (*userIn).peer)

	effect(a, operation(http.MethodDelete, "/friend-requests/sent/{username}", "cancel-friend-request", tagPeople,
		"Take one's own request back"), contract.CancelFriendRequest, (*userIn).peer)
}

func (a *resources) blocks() {
	handle(a, operation(http.MethodGet, "/blocks", "list-blocks", tagPeople, "Whom one has blocked"),
		func(ctx context.Context, session contract.Session, _ *nothingIn) (blockList, error) {
			state, err := a.socialState(ctx, session)
			return blockList{Blocked: state.Blocked}, err
		})

	effect(a, operation(http.MethodPost, "/blocks", "block-user", tagPeople,
		"End the friendship with somebody and keep them from asking for a new one", http.StatusNotFound, http.StatusConflict),
		contract.BlockUser, func(in *peerIn) wire.Peer { return in.Body })

	effect(a, operation(http.MethodDelete, "/blocks/{username}", "unblock-user", tagPeople, "End a block"),
		contract.UnblockUser, (*userIn).peer)
}

// standing is how the session's user stands to another.
func standing(state contract.SocialState, username string) wire.SearchHit {
	hit := wire.SearchHit{Profile: wire.Profile{Username: strings.TrimSpace(username), Avatar: wire.DefaultAvatar()}}
	for _, list := range []struct {
		profiles []wire.Profile
		is       *bool
	}{
		{state.Friends, &hit.IsFriend},
		{state.RequestsSent, &hit.RequestSent},
		{state.RequestsReceived, &hit.RequestReceived},
	} {
		for _, p := range list.profiles {
			if same(p.Username, username) {
				hit.Profile, *list.is = p, true
			}
		}
	}
	return hit
}

// same reports whether a canonical user name is the one that somebody wrote.
func same(canonical, written string) bool {
	return strings.EqualFold(canonical, strings.TrimSpace(written))
}
