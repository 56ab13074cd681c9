package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// The frames as the first clients read them: every field that they use must be
// there, of its type. They ignore fields and frames that they don't know.

// check says what is wrong with a value; nil: nothing.
type check func(value any) error

type shape map[string]check

func isText(value any) error {
	if text, ok := value.(string); !ok || text == "" {
		return fmt.Errorf("is %v, want some text", value)
	}
	return nil
}

func isBoolean(value any) error {
	if _, ok := value.(bool); !ok {
		return fmt.Errorf("is %v, want true or false", value)
	}
	return nil
}

func isNull(value any) error {
	if value != nil {
		return fmt.Errorf("is %v, want null", value)
	}
	return nil
}

// isID: text without a slash.
func isID(value any) error {
	if text, ok := value.(string); !ok || text == "" || strings.Contains(text, "/") {
		return fmt.Errorf("is %v, want an id", value)
	}
	return nil
}

// isNumber: a message's id, which every JavaScript can count to.
func isNumber(value any) error {
	if n, ok := value.(float64); !ok || n != float64(int64(n)) || n < 1 || n >= 1<<53 {
		return fmt.Errorf("is %v, want a whole number from 1 to 2^53", value)
	}
	return nil
}

// pythonTime is what Python's fromisoformat took before 3.11: no Z, and three or
// six digits of a second or none.
var pythonTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?\+00:00$`)

func isTime(value any) error {
	if text, ok := value.(string); !ok || !pythonTime.MatchString(text) {
		return fmt.Errorf("is %v, want a time", value)
	}
	return nil
}

func oneOf(words ...string) check {
	return func(value any) error {
		if word, ok := value.(string); !ok || !slices.Contains(words, word) {
			return fmt.Errorf("is %v, want one of %v", value, words)
		}
		return nil
	}
}

func listOf(element check) check {
	return func(value any) error {
		list, ok := value.([]any)
		if !ok { // null too
			return fmt.Errorf("is %v, want a list", value)
		}
		for i, e := range list {
			if err := element(e); err != nil {
				return fmt.Errorf("[%d]%w", i, err)
			}
		}
		return nil
	}
}

// isA makes the check of an object that has at least the fields.
func isA(fields shape, more ...check) check {
	return func(value any) error {
		object, ok := value.(map[string]any)
		if !ok {
			return fmt.Errorf(" is %v, want an object", value)
		}
		for name, check := range fields {
			field, there := object[name]
			if !there {
				return fmt.Errorf(".%s is missing", name)
			}
			if err := check(field); err != nil {
				return fmt.Errorf(".%s %w", name, err)
			}
		}
		for _, check := range more {
			if err := check(object); err != nil {
				return err
			}
		}
		return nil
	}
}

func joined(a, b shape) shape {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return both
}

// isTrio checks the three fields that show a person.
func isTrio(value any) error {
	object := value.(map[string]any)
	emoji, data := object["avatar"], object["avatar_data"]
	switch object["avatar_type"] {
	case "emoji":
		if isText(emoji) != nil || data != nil {
			return fmt.Errorf(" is an emoji with %v and %v", emoji, data)
		}
	case "image":
		path, _ := data.(string)
		if emoji != nil || !strings.HasPrefix(path, "data:image/") && !strings.HasPrefix(path, "/api/v1/") {
			return fmt.Errorf(" is an image with %v and %v", emoji, data)
		}
	default:
		return fmt.Errorf(".avatar_type is %v", object["avatar_type"])
	}
	for _, name := range []string{"avatar", "avatar_data"} {
		if _, there := object[name]; !there {
			return fmt.Errorf(".%s is missing", name)
		}
	}
	return nil
}

var (
	permissionsFields = shape{"can_create_channel": isBoolean, "can_edit_channel": isBoolean, "can_delete_channel": isBoolean}
	isChannel         = isA(shape{"id": isID, "name": isText, "type": oneOf("text", "voice")})
	isPerson          = isA(shape{"username": isText}, isTrio)
	isDM              = isA(shape{"id": isID, "username": isText}, isTrio)
	isVoiceMember     = isA(shape{"username": isText, "muted": isBoolean, "video": isBoolean, "screen_sharing": isBoolean}, isTrio)
	globalMessage     = shape{"type": oneOf("message"), "id": isNumber, "username": isText, "content": isText, "timestamp": isTime,
		"context": oneOf("global"), "context_id": isNull}
)

// isPermissions: the three that are known, and no other.
func isPermissions(value any) error {
	if object, ok := value.(map[string]any); ok && len(object) != len(permissionsFields) {
		return fmt.Errorf(" are %v", value)
	}
	return isA(permissionsFields)(value)
}

func isStored(kind string) check {
	return isA(shape{"id": isNumber, "username": isText, "content": isText, "timestamp": isTime, "context_type": oneOf(kind), "context_id": isText})
}

// isServerOf is a server as one of its members sees it.
func isServerOf(viewer string) check {
	return isA(shape{"id": isID, "name": isText, "owner": isText, "channels": listOf(isChannel)}, func(value any) error {
		server := value.(map[string]any)
		permissions, there := server["permissions"]
		if server["owner"] == viewer {
			if there {
				return fmt.Errorf(" has the owner's permissions %v", permissions)
			}
			return nil
		}
		return isPermissions(permissions)
	})
}

func isMessage(value any) error {
	fields := shape{"id": isNumber, "username": isText, "content": isText, "timestamp": isTime, "context": oneOf("server", "dm", "global")}
	if err := isA(fields)(value); err != nil {
		return err
	}
	id, there := value.(map[string]any)["context_id"]
	if global := value.(map[string]any)["context"] == "global"; !there || global != (id == nil) {
		return fmt.Errorf(".context_id is %v", id)
	}
	return nil
}

func isMember(value any) error {
	if err := isA(shape{"username": isText, "is_owner": isBoolean}, isTrio)(value); err != nil {
		return err
	}
	member := value.(map[string]any)
	permissions, there := member["permissions"]
	if member["is_owner"] == true {
		if there {
			return fmt.Errorf(" is the owner, with permissions %v", permissions)
		}
		return nil
	}
	return isPermissions(permissions)
}

// code makes the check of an answer with an invite code, which the message has in
// it: the terminal client prints that alone.
func code(fields shape) check {
	return isA(joined(fields, shape{"code": isText, "message": isText}), func(value any) error {
		frame := value.(map[string]any)
		if !strings.Contains(frame["message"].(string), frame["code"].(string)) {
			return fmt.Errorf(".message %q lacks the code", frame["message"])
		}
		return nil
	})
}

func isTrioFrame(fields shape) check { return isA(fields, isTrio) }

// originalFrames are those that the first clients know, as a user sees them.
func originalFrames(viewer string) map[string]check {
	person, name := isTrioFrame(shape{"username": isText}), isA(shape{"username": isText})
	server := isServerOf(viewer)
	return map[string]check{
		"auth_success": isA(shape{"message": isText}),
		"auth_error":   isA(shape{"message": isText}),
		"error":        isA(shape{"message": isText}),
		"init": isTrioFrame(shape{
			"username": oneOf(viewer), "servers": listOf(server), "dms": listOf(isDM), "friends": listOf(isPerson),
			"friend_requests_sent": listOf(isPerson), "friend_requests_received": listOf(isPerson),
		}),
		"history":         isA(shape{"messages": listOf(isA(globalMessage))}),
		"message":         isMessage,
		"system":          isA(shape{"content": isText, "timestamp": isTime}),
		"channel_history": isA(shape{"server_id": isID, "channel_id": isID, "messages": listOf(isStored("server"))}),
		"dm_history":      isA(shape{"dm_id": isID, "messages": listOf(isStored("dm"))}),
		"server_created":  isA(shape{"server": server}),
		"server_joined":   isA(shape{"server": server}),
		"member_joined":   isA(shape{"server_id": isID, "username": isText}),
		"server_renamed":  isA(shape{"server_id": isID, "name": isText}),
		"server_members":  isA(shape{"server_id": isID, "members": listOf(isMember)}),
		"channel_created": isA(shape{"server_id": isID, "channel": isChannel}),

		"server_invite_code": code(shape{"server_id": isID}),
		"invite_code":        code(shape{}),

		"permissions_updated":         isA(shape{"server_id": isID, "permissions": isPermissions}),
		"permissions_updated_success": isA(shape{"server_id": isID, "username": isText, "permissions": isPermissions}),

		"friend_added": person, "friend_request_sent": person, "friend_request_received": person,
		"friend_request_approved": person, "friend_request_accepted": person,
		"friend_request_denied": name, "friend_request_cancelled": name, "friend_request_cancelled_by_sender": name, "friend_removed": name,
		"dm_started": isA(shape{"dm": isDM}),
		"search_results": isA(shape{"results": listOf(isTrioFrame(
			shape{"username": isText, "is_friend": isBoolean, "request_sent": isBoolean, "request_received": isBoolean}))}),
		"avatar_updated": isTrioFrame(nil),
		"avatar_update":  person,

		"voice_state_update": isTrioFrame(shape{"server_id": isID, "channel_id": isID, "username": isText,
			"state": oneOf("joined", "left"), "voice_members": listOf(isVoiceMember)}),
		"voice_mute_update":         isA(shape{"username": isText, "muted": isBoolean}),
		"voice_video_update":        isA(shape{"username": isText, "video": isBoolean}),
		"voice_screen_share_update": isA(shape{"username": isText, "screen_sharing": isBoolean}),
		"webrtc_offer":              isA(shape{"from": isText, "offer": isA(shape{"type": oneOf("offer"), "sdp": isText})}),
		"webrtc_answer":             isA(shape{"from": isText, "answer": isA(shape{"type": oneOf("answer"), "sdp": isText})}),
		"webrtc_ice_candidate":      isA(shape{"from": isText, "candidate": isA(shape{"candidate": isText, "sdpMid": isText})}),
		"incoming_voice_call":       isA(shape{"from": isText}),
		"voice_call_accepted":       isA(shape{"from": isText}),
		"voice_call_rejected":       isA(shape{"from": isText}),
	}
}

// fits checks a frame, if the first clients know it.
func fits(viewer string, raw json.RawMessage) error {
	var frame map[string]any
	if err := json.Unmarshal(raw, &frame); err != nil {
		return fmt.Errorf("%.200s is no JSON object: %w", raw, err)
	}
	kind, _ := frame["type"].(string)
	if kind == "" {
		return fmt.Errorf("%.200s has no type", raw)
	}
	if _, there := frame["request_id"]; there {
		return fmt.Errorf("%.200s answers a request_id that there was not", raw)
	}
	if check := originalFrames(viewer)[kind]; check != nil {
		if err := check(frame); err != nil {
			return fmt.Errorf("%s%w, in %.500s", kind, err, raw)
		}
	}
	return nil
}
