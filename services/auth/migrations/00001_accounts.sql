-- +goose Up
CREATE TABLE account (
    username      TEXT PRIMARY KEY,
    name_key      TEXT NOT NULL UNIQUE,      -- the name without regard to case (RFC 8265)
    password_hash TEXT NOT NULL,             -- bcrypt
    display_name  TEXT NOT NULL DEFAULT '',
    avatar_kind   TEXT NOT NULL DEFAULT 'emoji',
    avatar_emoji  TEXT,
    avatar_data   TEXT,
    owner         BOOLEAN NOT NULL,          -- of the installation: the first account
    newest_fact   BIGINT NOT NULL DEFAULT 0, -- the newest fact this account caused
    created       BIGINT NOT NULL,           -- Unix microseconds, as everywhere
    deleted       BIGINT                     -- the row keeps the name from being given again
);

CREATE TABLE session (
    id         TEXT PRIMARY KEY,
    token_hash BLOB NOT NULL UNIQUE,         -- SHA-256 of the token
    username   TEXT NOT NULL REFERENCES account (username) ON DELETE CASCADE,
    address    TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created    BIGINT NOT NULL,
    used       BIGINT NOT NULL               -- to the hour
);
CREATE INDEX session_of ON session (username);

CREATE TABLE invite (
    code      TEXT PRIMARY KEY,
    creator   TEXT NOT NULL REFERENCES account (username) ON DELETE CASCADE,
    server_id TEXT,                          -- null: for an account alone
    max_uses  INTEGER NOT NULL,
    uses_left INTEGER NOT NULL CHECK (uses_left >= 0), -- 0 also when revoked
    created   BIGINT NOT NULL,
    expires   BIGINT                         -- null: never
);
CREATE INDEX invite_of ON invite (creator);
CREATE INDEX invite_to ON invite (server_id) WHERE server_id IS NOT NULL;

CREATE TABLE invite_use (
    code     TEXT NOT NULL REFERENCES invite (code) ON DELETE CASCADE,
    username TEXT NOT NULL REFERENCES account (username) ON DELETE CASCADE,
    fact     BIGINT NOT NULL,
    used     BIGINT NOT NULL,
    PRIMARY KEY (code, username)
);
