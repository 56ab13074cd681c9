-- +goose Up
CREATE TABLE server (
    id      TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    owner   TEXT NOT NULL,
    created BIGINT NOT NULL -- Unix microseconds, as everywhere
);

CREATE TABLE channel (
    id          TEXT PRIMARY KEY,
    server_id   TEXT NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    kind        TEXT NOT NULL CHECK (kind IN ('text', 'voice')),
    position    BIGINT NOT NULL,
    created     BIGINT NOT NULL
);
CREATE INDEX channel_of ON channel (server_id, position);

CREATE TABLE member (
    server_id          TEXT NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    username           TEXT NOT NULL,
    can_create_channel BOOLEAN NOT NULL DEFAULT FALSE,
    can_edit_channel   BOOLEAN NOT NULL DEFAULT FALSE,
    can_delete_channel BOOLEAN NOT NULL DEFAULT FALSE,
    joined             BIGINT NOT NULL,
    PRIMARY KEY (server_id, username)
);
CREATE INDEX member_of ON member (username, joined);

CREATE TABLE ban (
    server_id TEXT NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    username  TEXT NOT NULL,
    created   BIGINT NOT NULL,
    PRIMARY KEY (server_id, username)
);
