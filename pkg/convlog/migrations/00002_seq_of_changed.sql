-- +goose Up

-- Until a message changes, its seq is its id, by which it is found anyway.
DROP INDEX message_seq;
CREATE UNIQUE INDEX message_changed ON message (conversation, seq) WHERE seq <> id;
