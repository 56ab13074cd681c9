-- +goose Up
-- Of a pair, the first is the one whose name sorts first.
CREATE TABLE friendship (
    first  TEXT NOT NULL,
    second TEXT NOT NULL CHECK (first < second),
    since  BIGINT NOT NULL, -- Unix microseconds, as everywhere
    PRIMARY KEY (first, second)
);
CREATE INDEX friendship_of ON friendship (second);

CREATE TABLE request (
    requester TEXT NOT NULL,
    asked     TEXT NOT NULL CHECK (asked <> requester),
    created   BIGINT NOT NULL,
    PRIMARY KEY (requester, asked)
);
CREATE INDEX request_to ON request (asked);

CREATE TABLE dm (
    id      TEXT PRIMARY KEY,
    first   TEXT NOT NULL,
    second  TEXT NOT NULL CHECK (first < second),
    created BIGINT NOT NULL,
    UNIQUE (first, second)
);
CREATE INDEX dm_of ON dm (second);

CREATE TABLE block (
    blocker TEXT NOT NULL,
    blocked TEXT NOT NULL CHECK (blocked <> blocker),
    created BIGINT NOT NULL,
    PRIMARY KEY (blocker, blocked)
);
CREATE INDEX block_of ON block (blocked);

CREATE TABLE setting (
    username TEXT PRIMARY KEY,
    friends  TEXT NOT NULL CHECK (friends IN ('instant', 'ask'))
);
