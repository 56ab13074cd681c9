-- The tables as the original makes them at its first start.
CREATE TABLE users (
    username TEXT PRIMARY KEY, password_hash TEXT NOT NULL, created_at TEXT NOT NULL,
    avatar TEXT DEFAULT '👤', avatar_type TEXT DEFAULT 'emoji', avatar_data TEXT);
CREATE TABLE servers (
    server_id TEXT PRIMARY KEY, name TEXT NOT NULL, owner TEXT NOT NULL,
    FOREIGN KEY (owner) REFERENCES users (username));
CREATE TABLE channels (
    channel_id TEXT PRIMARY KEY, server_id TEXT NOT NULL, name TEXT NOT NULL, type TEXT DEFAULT 'text',
    FOREIGN KEY (server_id) REFERENCES servers (server_id) ON DELETE CASCADE);
CREATE TABLE server_members (
    server_id TEXT NOT NULL, username TEXT NOT NULL,
    can_create_channel INTEGER DEFAULT 0, can_edit_channel INTEGER DEFAULT 0, can_delete_channel INTEGER DEFAULT 0,
    PRIMARY KEY (server_id, username),
    FOREIGN KEY (server_id) REFERENCES servers (server_id) ON DELETE CASCADE,
    FOREIGN KEY (username) REFERENCES users (username) ON DELETE CASCADE);
CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT NOT NULL, content TEXT NOT NULL, timestamp TEXT NOT NULL,
    context_type TEXT NOT NULL, context_id TEXT, FOREIGN KEY (username) REFERENCES users (username));
CREATE INDEX idx_messages_context ON messages (context_type, context_id, timestamp);
CREATE TABLE friendships (
    user1 TEXT NOT NULL, user2 TEXT NOT NULL, status TEXT DEFAULT 'pending', requester TEXT NOT NULL, created_at TEXT NOT NULL,
    PRIMARY KEY (user1, user2),
    FOREIGN KEY (user1) REFERENCES users (username) ON DELETE CASCADE,
    FOREIGN KEY (user2) REFERENCES users (username) ON DELETE CASCADE,
    CHECK (user1 < user2));
CREATE TABLE direct_messages (
    dm_id TEXT PRIMARY KEY, user1 TEXT NOT NULL, user2 TEXT NOT NULL, created_at TEXT NOT NULL,
    FOREIGN KEY (user1) REFERENCES users (username) ON DELETE CASCADE,
    FOREIGN KEY (user2) REFERENCES users (username) ON DELETE CASCADE);
CREATE TABLE invite_codes (
    code TEXT PRIMARY KEY, creator TEXT NOT NULL, code_type TEXT DEFAULT 'global', server_id TEXT, created_at TEXT NOT NULL,
    FOREIGN KEY (creator) REFERENCES users (username) ON DELETE CASCADE,
    FOREIGN KEY (server_id) REFERENCES servers (server_id) ON DELETE CASCADE);
