-- +goose Up

-- stamp: the latest time given to a change; messages: how many rows the
-- conversation has in message.
CREATE TABLE conversation (
    key      INTEGER PRIMARY KEY,
    id       TEXT NOT NULL UNIQUE,
    seq      BIGINT NOT NULL DEFAULT 0,
    stamp    BIGINT NOT NULL DEFAULT 0,
    messages BIGINT NOT NULL DEFAULT 0
);

-- Times are microseconds since 1970, UTC. edited and deleted are NULL until
-- that happens; a deleted message keeps its row, without its content.
CREATE TABLE message (
    conversation BIGINT NOT NULL REFERENCES conversation (key),
    id           BIGINT NOT NULL,
    seq          BIGINT NOT NULL,
    author       TEXT NOT NULL,
    content      TEXT NOT NULL,
    nonce        TEXT,
    created      BIGINT NOT NULL,
    edited       BIGINT,
    deleted      BIGINT,
    PRIMARY KEY (conversation, id)
) WITHOUT ROWID;

-- How far somebody has read: the id of the last message they have seen.
CREATE TABLE read_mark (
    conversation BIGINT NOT NULL REFERENCES conversation (key),
    reader       TEXT NOT NULL,
    id           BIGINT NOT NULL,
    PRIMARY KEY (conversation, reader)
) WITHOUT ROWID;

CREATE UNIQUE INDEX message_seq ON message (conversation, seq);

CREATE UNIQUE INDEX message_nonce ON message (conversation, author, nonce) WHERE nonce IS NOT NULL;
