package wire

// SendMessage stores a message. The same nonce from the same author in the same
// conversation creates nothing new.
type SendMessage struct {
	Content   string  `json:"content"`
	Context   string  `json:"context,omitempty" enum:"server,dm,global"`
	ContextID *string `json:"context_id,omitempty"`
	Nonce     string  `json:"nonce,omitempty"`
}

// Sent acknowledges a message: it is stored for good.
type Sent struct {
	ID        int64  `json:"id"`
	Nonce     string `json:"nonce,omitempty"`
	Timestamp Time   `json:"timestamp"`
	Seq       int64  `json:"seq"`
}

// Message is the event of a new message.
type Message struct {
	ID        int64   `json:"id"`
	Seq       int64   `json:"seq"`
	Username  string  `json:"username"`
	Content   string  `json:"content"`
	Timestamp Time    `json:"timestamp"`
	Context   string  `json:"context" enum:"server,dm,global"`
	ContextID *string `json:"context_id"`
	Nonce     string  `json:"nonce,omitempty"`
}

// FrameType implements Frame.
func (Message) FrameType() string { return "message" }

// EditMessage replaces the content of one's own message.
type EditMessage struct {
	Context   string  `json:"context" enum:"server,dm,global"`
	ContextID *string `json:"context_id"`
	ID        int64   `json:"id"`
	Content   string  `json:"content"`
}

// MessageEdited is the event of an edit: the message as it is now.
type MessageEdited struct {
	ID        int64   `json:"id"`
	Seq       int64   `json:"seq"`
	Username  string  `json:"username"`
	Content   string  `json:"content"`
	Timestamp Time    `json:"timestamp"`
	EditedAt  Time    `json:"edited_at"`
	Context   string  `json:"context" enum:"server,dm,global"`
	ContextID *string `json:"context_id"`
}

// FrameType implements Frame.
func (MessageEdited) FrameType() string { return "message_edited" }

// DeleteMessage takes a message away for everybody.
type DeleteMessage struct {
	Context   string  `json:"context" enum:"server,dm,global"`
	ContextID *string `json:"context_id"`
	ID        int64   `json:"id"`
}

// MessageDeleted is the event of a deletion.
type MessageDeleted struct {
	ID        int64   `json:"id"`
	Seq       int64   `json:"seq"`
	Username  string  `json:"username"` // who had written it
	Context   string  `json:"context" enum:"server,dm,global"`
	ContextID *string `json:"context_id"`
}

// FrameType implements Frame.
func (MessageDeleted) FrameType() string { return "message_deleted" }

// Changed acknowledges an edit or a deletion with the number it took.
type Changed struct {
	ID  int64 `json:"id"`
	Seq int64 `json:"seq"`
}

// StoredMessage is a message as histories have it. A deleted one appears only
// among changes, without content.
type StoredMessage struct {
	ID          int64  `json:"id"`
	Seq         int64  `json:"seq"`
	Username    string `json:"username"`
	Content     string `json:"content"`
	Timestamp   Time   `json:"timestamp"`
	ContextType string `json:"context_type" enum:"server,dm,global"`
	ContextID   string `json:"context_id"`
	Nonce       string `json:"nonce,omitempty"`
	EditedAt    *Time  `json:"edited_at,omitempty"`
	Deleted     bool   `json:"deleted,omitempty"`
}

// Window selects a page of a history: the newest messages, or those before,
// after or around a message id. At most one of the three is given.
type Window struct {
	Before int64 `json:"before,omitempty"`
	After  int64 `json:"after,omitempty"`
	Around int64 `json:"around,omitempty"`
	Limit  int   `json:"limit,omitempty"` // 1 to 500, default 100
}

// HistoryPage is a page of a history, oldest first.
type HistoryPage struct {
	Messages   []StoredMessage `json:"messages"`
	Seq        int64           `json:"seq"` // the conversation's newest change
	MoreBefore bool            `json:"more_before"`
	MoreAfter  bool            `json:"more_after"`
}

// GetChannelHistory asks for a page of a text channel.
type GetChannelHistory struct {
	ServerID  string `json:"server_id"`
	ChannelID string `json:"channel_id"`
	Window
}

// ChannelHistory answers GetChannelHistory.
type ChannelHistory struct {
	ServerID  string `json:"server_id"`
	ChannelID string `json:"channel_id"`
	HistoryPage
}

// FrameType implements Frame.
func (ChannelHistory) FrameType() string { return "channel_history" }

// GetDMHistory asks for a page of a DM.
type GetDMHistory struct {
	DMID string `json:"dm_id"`
	Window
}

// DMHistory answers GetDMHistory.
type DMHistory struct {
	DMID string `json:"dm_id"`
	HistoryPage
}

// FrameType implements Frame.
func (DMHistory) FrameType() string { return "dm_history" }

// GetLobbyHistory asks for a page of what is kept of the lobby.
type GetLobbyHistory struct{ Window }

// LobbyHistory answers GetLobbyHistory.
type LobbyHistory struct{ HistoryPage }

// FrameType implements Frame.
func (LobbyHistory) FrameType() string { return "lobby_history" }

// History is the lobby's last messages, sent after `init`.
type History struct {
	Messages []LobbyMessage `json:"messages"`
}

// FrameType implements Frame.
func (History) FrameType() string { return "history" }

// LobbyMessage is a `message` frame inside `history`.
type LobbyMessage struct {
	Type string `json:"type" enum:"message"`
	Message
}

// GetChanges asks what happened in a conversation after a change number.
type GetChanges struct {
	Context   string  `json:"context" enum:"server,dm,global"`
	ContextID *string `json:"context_id"`
	After     int64   `json:"after"`
}

// Changes answers GetChanges: every message that changed, as it is now, by the
// number of its last change. Reset: too many; fetch a fresh page instead.
type Changes struct {
	Context   string          `json:"context" enum:"server,dm,global"`
	ContextID *string         `json:"context_id"`
	Messages  []StoredMessage `json:"messages"`
	Seq       int64           `json:"seq"`
	Reset     bool            `json:"reset"`
}

// FrameType implements Frame.
func (Changes) FrameType() string { return "changes" }

// MarkRead notes that one has seen everything up to a message. A mark never moves
// back.
type MarkRead struct {
	Context   string  `json:"context" enum:"server,dm,global"`
	ContextID *string `json:"context_id"`
	ID        int64   `json:"id"`
}

// Progress is how far one has read a conversation.
type Progress struct {
	Context   string  `json:"context" enum:"server,dm,global"`
	ContextID *string `json:"context_id"`
	Seq       int64   `json:"seq"`    // the conversation's last change
	Read      int64   `json:"read"`   // the last message seen; 0: none
	Unread    int     `json:"unread"` // messages of others after it; 100: so many, or more
}

// ReadMarked tells all connections of the reader.
type ReadMarked struct{ Progress }

// FrameType implements Frame.
func (ReadMarked) FrameType() string { return "read_marked" }

// Typing tells the others in a conversation that one is writing; it is not
// stored, and stands for some seconds.
type Typing struct {
	Context   string  `json:"context" enum:"server,dm,global"`
	ContextID *string `json:"context_id"`
}

// UserTyping is the event of Typing.
type UserTyping struct {
	Context   string  `json:"context" enum:"server,dm,global"`
	ContextID *string `json:"context_id"`
	Username  string  `json:"username"`
}

// FrameType implements Frame.
func (UserTyping) FrameType() string { return "typing" }

// ConversationChanged tells that a conversation changed in a way no single event
// shows; `get_changes` has it.
type ConversationChanged struct {
	Context   string  `json:"context" enum:"server,dm,global"`
	ContextID *string `json:"context_id"`
	Seq       int64   `json:"seq"`
}

// FrameType implements Frame.
func (ConversationChanged) FrameType() string { return "conversation_changed" }
