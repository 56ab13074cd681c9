-- +goose Up
CREATE TABLE password_reset (
    username   TEXT PRIMARY KEY REFERENCES account (username) ON DELETE CASCADE,
    token_hash BLOB NOT NULL UNIQUE,         -- SHA-256 of the token
    expires    BIGINT NOT NULL
);

-- One row: what the owner has set for the installation, and, until there is an
-- owner, the code that makes one from a public address.
CREATE TABLE installation (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    friends TEXT NOT NULL DEFAULT '' CHECK (friends IN ('', 'instant', 'ask')),
    claim   TEXT NOT NULL DEFAULT ''
);
INSERT INTO installation (id) VALUES (1);
